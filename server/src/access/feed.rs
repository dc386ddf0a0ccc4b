//! The feed of changed rights: looks for epochs that were raised, here or on another node, and has the memberships that
//! they concern decided again.
//!
//! Invariant: an epoch that commits is seen at the latest by the next look that succeeds, provided that its transaction
//! took less than [`LOOK_BACK`] and clocks differ by less than that.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use weft_storage::clock::Clock;
use weft_storage::records::{Epoch, EpochKind, RecordError, Records};

use super::{Changes, Recheck, Registry};

/// The longest time between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// How far a look goes back.
const LOOK_BACK: Duration = Duration::from_secs(60);

/// What the feed reads and whom it tells.
#[derive(Debug)]
pub(crate) struct EpochFeed {
    /// Where epochs are.
    pub(crate) records: Records,
    /// The clock by which this node raises them.
    pub(crate) clock: Arc<dyn Clock>,
    /// Rings when this node has raised one.
    pub(crate) changes: Changes,
    /// Who lives by the rights.
    pub(crate) registry: Arc<Registry>,
}

/// Follows the epochs until `stop`.
pub(crate) async fn follow_epochs(feed: EpochFeed, stop: CancellationToken) {
    let mut seen = HashMap::new();
    let following = async {
        loop {
            match feed.look(&mut seen).await {
                Ok(raised) => feed.act_on(raised),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot look whose rights have changed, trying again"
                ),
            }
            tokio::select! {
                () = feed.changes.announced() => {}
                () = sleep(EVERY) => {}
            }
        }
    };
    stop.run_until_cancelled(following).await;
}

impl EpochFeed {
    /// The epochs that were raised since the last look.
    async fn look(&self, seen: &mut HashMap<EpochKind, i64>) -> Result<Vec<Epoch>, RecordError> {
        let look_back = i64::try_from(LOOK_BACK.as_millis()).unwrap_or(i64::MAX);
        let since = self.clock.now_ms().saturating_sub(look_back);
        let recent = self.records.read().await?.epochs_since(since).await?;
        let now: HashMap<_, _> = recent.iter().map(|epoch| (epoch.kind, epoch.epoch)).collect();
        let raised = recent
            .into_iter()
            .filter(|epoch| seen.get(&epoch.kind) != Some(&epoch.epoch))
            .collect();
        // What is older than the look goes back does not come again.
        *seen = now;
        Ok(raised)
    }

    /// Rechecks run beside each other and beside the next look: one large workspace delays nobody else.
    fn act_on(&self, raised: Vec<Epoch>) {
        let now_ms = self.clock.now_ms();
        for epoch in raised {
            let what = match epoch.kind {
                EpochKind::User(id) => Recheck::User(id),
                EpochKind::Workspace(id) => Recheck::Workspace(id),
            };
            // Clocks of other nodes may be ahead; nothing happened in the future.
            let age = u64::try_from(now_ms.saturating_sub(epoch.changed_at_ms)).unwrap_or(0);
            let now = Instant::now();
            let since = now.checked_sub(Duration::from_millis(age)).unwrap_or(now);
            self.registry.recheck_aside(what, since);
        }
    }
}
