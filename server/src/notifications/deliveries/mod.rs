//! What leaves the inbox: by mail, by push, to the operator's gateway. One loop for each way, on every node.
//!
//! A delivery is a row that was written with the inbox row that it tells of. A node takes it in one transaction, which also
//! asks whether it may still be sent and makes what it says; it is sent after that commit, and what came of it is
//! written in another. Invariant: nobody is sent what they have read, do not want or may not see at the moment when it
//! is taken; a node that dies in between leaves a delivery that is taken again and sent under the same id. A way that is
//! slow or away delays nobody who is told by another one, and nobody has two deliveries under way on one node.

mod adapter;
mod dispatch;
mod email;
mod http;
mod post;
mod prepare;
mod unsubscribe;
mod ways;
mod web_push;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use weft_storage::clock::Clock;
use weft_storage::records::{NotificationDeliveryResult, Records};

use crate::config::NotificationsConfig;
use crate::metrics::Metrics;

pub(crate) use self::adapter::Adapter;
pub(crate) use self::email::EmailAdapter;
pub(crate) use self::http::HttpAdapter;
pub(crate) use self::unsubscribe::{MAX_TOKEN_BYTES, Stop, Unsubscribe};
pub(crate) use self::ways::Ways;
pub(crate) use self::web_push::{PUBLIC_KEY_BYTES, SECRET_BYTES, Unsubscribable, VapidKey, WebPush, Wish};

/// How deliveries behave.
#[derive(Debug, Clone)]
pub(crate) struct DeliverySettings {
    /// The delays after failed attempts, in milliseconds.
    pub(crate) retries_ms: Vec<i64>,
    /// How often it is looked for work that nobody told of.
    pub(crate) poll: Duration,
}

impl From<&NotificationsConfig> for DeliverySettings {
    fn from(config: &NotificationsConfig) -> Self {
        let in_ms = |delay: &u64| i64::try_from(*delay).unwrap_or(i64::MAX / 2_000) * 1_000;
        Self {
            retries_ms: config.retry_seconds.iter().map(in_ms).collect(),
            poll: Duration::from_millis(config.poll_milliseconds),
        }
    }
}

/// Sends what is due by one way.
pub(crate) struct Courier {
    records: Records,
    clock: Arc<dyn Clock>,
    adapter: Arc<dyn Adapter>,
    settings: DeliverySettings,
    metrics: Arc<Metrics>,
    /// Cancelled when nothing is sent any more.
    ended: CancellationToken,
}

impl fmt::Debug for Courier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Courier")
            .field("adapter", &self.adapter)
            .finish_non_exhaustive()
    }
}

impl Courier {
    /// Over these records, by `adapter`.
    pub(crate) fn new(
        records: Records,
        clock: Arc<dyn Clock>,
        adapter: Arc<dyn Adapter>,
        settings: DeliverySettings,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            records,
            clock,
            adapter,
            settings,
            metrics,
            ended: CancellationToken::new(),
        }
    }

    /// Counts what came of a delivery.
    fn count(&self, result: NotificationDeliveryResult<'_>) {
        self.metrics.deliveries.count(self.adapter.way(), result);
    }

    /// Cancelled when nothing is sent any more.
    pub(crate) fn ended(&self) -> &CancellationToken {
        &self.ended
    }
}
