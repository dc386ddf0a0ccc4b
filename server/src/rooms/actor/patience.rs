//! Asking the storage again when it fails for a reason that may pass.
//!
//! Invariant: what may have been written by a try that failed is never taken for what somebody else wrote.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use weft_storage::{Append, DocumentLog, Seq, StorageError};

/// The longest pause between two tries to append.
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Appends within `gather`, and tries again for `patience` when the storage fails for a reason that may pass.
pub(super) async fn append_patiently(
    log: Arc<dyn DocumentLog>,
    append: Append,
    gather: Duration,
    patience: Duration,
) -> Result<Seq, StorageError> {
    let give_up_at = Instant::now() + patience;
    let appended = append.expected_head.plus(append.updates.len());
    let mut pause = Duration::from_millis(50);
    let mut uncertain = false;
    loop {
        let outcome = match log.append_within(append.clone(), gather).await {
            // A failed try may have been committed after all; or another node has written just as much.
            Err(StorageError::Conflict { head }) if uncertain && head == appended => {
                confirm(log.as_ref(), &append, head).await
            }
            outcome => outcome,
        };
        match outcome {
            Ok(head) => return Ok(head),
            Err(error) if error.is_transient() && Instant::now() + pause < give_up_at => {
                tracing::warn!(doc.name = %append.name, error = &error as &dyn std::error::Error, "append failed, trying again");
                uncertain = true;
                sleep(pause).await;
                pause = (pause * 2).min(MAX_RETRY_PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether the log, which ends at `head`, ends with exactly what `append` wanted there.
async fn confirm(log: &dyn DocumentLog, append: &Append, head: Seq) -> Result<Seq, StorageError> {
    let stored = log.archive(append.document).await?;
    let stored = stored.iter().filter(|update| update.seq > append.expected_head);
    let same = stored
        .map(|update| update.content.bytes())
        .take(append.updates.len());
    if same.eq(append.updates.iter().map(|update| Some(&update.bytes))) {
        Ok(head)
    } else {
        Err(StorageError::Conflict { head })
    }
}

/// Asks the storage, and asks again for `patience` when it fails for a reason that may pass.
pub(super) async fn patiently<T, F: Future<Output = Result<T, StorageError>>>(
    patience: Duration,
    ask: impl Fn() -> F,
) -> Result<T, StorageError> {
    let give_up_at = Instant::now() + patience;
    let mut pause = Duration::from_millis(50);
    loop {
        match ask().await {
            Err(error) if error.is_transient() && Instant::now() + pause < give_up_at => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the storage failed, asking again"
                );
                sleep(pause).await;
                pause = (pause * 2).min(MAX_RETRY_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

/// Waits for `future`; without one, for ever.
pub(super) async fn poll_or_wait<T>(future: Option<&mut Pin<Box<dyn Future<Output = T> + Send>>>) -> T {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}
