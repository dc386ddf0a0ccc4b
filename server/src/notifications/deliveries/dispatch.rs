//! The loop of one way: whenever rows changed here, something was sent or a moment has passed, it is looked for what is
//! due.
//!
//! Invariant: no more is under way than the way allows, and one message for each person. When the process stops, what is
//! under way may end for a moment; what does not is sent again by whoever looks next, after its claim is over.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_storage::records::{DueDelivery, RecordError};

use super::Courier;

/// How long rows gather after the first of them.
const GATHER: Duration = Duration::from_millis(5);
/// How long a stop waits for what is under way.
const DRAIN: Duration = Duration::from_secs(5);
/// How long nobody looks at somebody after the database failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How many people are looked at in one round.
const AT_ONCE: u32 = 500;

impl Courier {
    /// Sends until `stop`; `bell` rings when rows changed here.
    pub(crate) async fn keep_sending(
        self: Arc<Self>,
        mut bell: watch::Receiver<u64>,
        stop: CancellationToken,
    ) {
        let _ended = self.ended.clone().drop_guard();
        let mut under_way = FuturesUnordered::new();
        let mut busy: HashSet<Uuid> = HashSet::new();
        let mut wait = Duration::ZERO;
        loop {
            let has_room = under_way.len() < self.adapter.at_once();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(user) = under_way.next(), if !under_way.is_empty() => {
                    busy.remove(&user);
                }
                _ = bell.changed(), if has_room => sleep(GATHER).await,
                () = sleep(wait), if has_room => {}
            }
            wait = self.settings.poll;
            let room = self.adapter.at_once().saturating_sub(under_way.len());
            if room == 0 {
                continue;
            }
            match self.due().await {
                Ok(due) => {
                    for due in due.into_iter().filter(|due| busy.insert(due.user_id)).take(room) {
                        under_way.push(self.deliver(due));
                    }
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        error,
                        way = self.adapter.way().as_str(),
                        "notifications were not sent"
                    );
                }
            }
        }
        let rest = async { while under_way.next().await.is_some() {} };
        let _ = timeout(DRAIN, rest).await;
    }

    async fn due(&self) -> Result<Vec<DueDelivery>, RecordError> {
        let mut tx = self.records.read().await?;
        tx.due_notification_deliveries(self.adapter.way(), self.clock.now_ms(), AT_ONCE)
            .await
    }

    /// Sends what is due for somebody; whose it was.
    async fn deliver(&self, due: DueDelivery) -> Uuid {
        if let Err(error) = self.attempt(due).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                way = self.adapter.way().as_str(),
                "a notification was not sent"
            );
            // What the database refused now it would refuse again at once.
            sleep(AFTER_FAILURE).await;
        }
        due.user_id
    }

    async fn attempt(&self, due: DueDelivery) -> Result<(), RecordError> {
        let Some(message) = self.take(due).await? else {
            return Ok(());
        };
        let outcome = self.adapter.send(&message).await;
        self.settle(&message, &outcome).await
    }
}
