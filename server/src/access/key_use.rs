//! When API keys were last used: written down beside the requests that use them, and never by them.
//!
//! Invariant: a request that shows a key waits for no write, and a key is written about at most once a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_storage::records::{RecordError, Records};

/// How often it is written down that one key is in use, in milliseconds.
const EVERY_MS: i64 = 60_000;
/// How long uses are gathered before they are written together.
const GATHER: Duration = Duration::from_millis(500);
/// How many keys are gathered at most; what is beyond is noticed at its next use.
const MAX_GATHERED: usize = 10_000;

/// Uses that are still to be written down.
#[derive(Debug)]
pub struct KeyUse {
    records: Records,
    gathered: Mutex<HashMap<Uuid, i64>>,
    something: Notify,
}

impl KeyUse {
    /// Nothing yet.
    pub fn new(records: Records) -> Self {
        Self {
            records,
            gathered: Mutex::default(),
            something: Notify::new(),
        }
    }

    /// The key was used at `now_ms`; when it was last written about is `last_ms`.
    pub fn note(&self, key: Uuid, last_ms: Option<i64>, now_ms: i64) {
        if last_ms.is_some_and(|last| now_ms.saturating_sub(last) <= EVERY_MS) {
            return;
        }
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        if gathered.len() < MAX_GATHERED || gathered.contains_key(&key) {
            gathered.insert(key, now_ms);
            self.something.notify_one();
        }
    }

    /// Writes down what is gathered, until `stop`.
    pub async fn keep(self: std::sync::Arc<Self>, stop: CancellationToken) {
        let next = async || {
            self.something.notified().await;
            sleep(GATHER).await;
        };
        while stop.run_until_cancelled(next()).await.is_some() {
            let gathered = std::mem::take(&mut *self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
            if let Err(error) = self.write(gathered).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the use of API keys was not written down"
                );
            }
        }
    }

    async fn write(&self, gathered: HashMap<Uuid, i64>) -> Result<(), RecordError> {
        let mut tx = self.records.write().await?;
        for (key, used_at_ms) in gathered {
            tx.touch_api_key(key, used_at_ms).await?;
        }
        tx.commit().await
    }
}
