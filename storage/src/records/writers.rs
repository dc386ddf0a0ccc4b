//! Places to write in, where the database takes several writers.
//!
//! Whoever writes to a workspace waits for the others who do, and holds a connection meanwhile. Places are fewer than
//! connections, so that those who read never wait for that; and they are waited for here, in order and for longer than a
//! connection may take to be made, so that a burst of changes is slow rather than refused.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::RecordError;
use crate::error::StorageError;

/// How long a place is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Too many others write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{PATIENCE:?} were not enough to get a place among those who write")]
struct NoPlace;

/// The places of one server.
#[derive(Debug, Clone)]
pub(crate) struct Writers(Arc<Semaphore>);

impl Writers {
    /// Three of four `connections`, and at least one.
    pub(crate) fn among(connections: u32) -> Self {
        let places = (connections * 3 / 4).max(1);
        Self(Arc::new(Semaphore::new(places as usize)))
    }

    /// A place, until it is dropped.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] if none is free within 20 s.
    pub(super) async fn place(&self) -> Result<OwnedSemaphorePermit, RecordError> {
        let place = timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await;
        match place {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(StorageError::unavailable("waiting to write records", NoPlace).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn writers_wait_in_order_for_fewer_places_than_connections() {
        let writers = Writers::among(8);
        let mut places = Vec::new();
        for _ in 0..6 {
            places.push(writers.place().await.unwrap());
        }
        let mut next = std::pin::pin!(writers.place());
        assert!(timeout(PATIENCE / 2, &mut next).await.is_err());
        places.pop();
        let place = next.await.unwrap();
        let refused = writers.place().await.unwrap_err();
        assert!(matches!(
            refused,
            RecordError::Storage(StorageError::Unavailable { .. })
        ));
        drop(place);
        assert!(writers.place().await.is_ok());
    }
}
