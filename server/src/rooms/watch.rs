//! Looks into the log for what other nodes wrote, whatever the bus says or loses.
//!
//! One question for all open documents: rarely while the bus works, every second while it does not. Invariant: a room
//! hears of what is in the log within the interval, if the database answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use weft_storage::{Seq, StorageError};

use super::Hub;

/// How often the log is looked into while the bus does not work, or there is none.
const ALONE: Duration = Duration::from_secs(1);
/// How often it is looked into while the bus works.
const CONNECTED: Duration = Duration::from_secs(10);
/// How often it is asked whether the bus still works.
const STEP: Duration = Duration::from_millis(200);
/// Documents that are asked about at once.
const PAGE: usize = 1_000;

/// Watches the log for `hub` until `stop`.
pub(crate) async fn watch_log(hub: Arc<Hub>, stop: CancellationToken) {
    loop {
        if stop.run_until_cancelled(next_look(&hub)).await.is_none() {
            return;
        }
        if let Err(error) = look(&hub).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the heads of open documents cannot be read"
            );
        }
    }
}

/// Waits until the log has to be looked into. A bus that stops working meanwhile is noticed: what it lost is in the log, and
/// nobody else tells.
async fn next_look(hub: &Hub) {
    let mut waited = Duration::ZERO;
    loop {
        let bus = hub.bus.stats();
        hub.metrics.bus_connected.set(i64::from(bus.is_connected));
        hub.metrics
            .bus_nodes
            .set(i64::try_from(bus.nodes).unwrap_or(i64::MAX));
        let interval = if bus.is_connected { CONNECTED } else { ALONE };
        if waited >= interval {
            return;
        }
        sleep(STEP).await;
        waited += STEP;
    }
}

async fn look(hub: &Hub) -> Result<(), StorageError> {
    let open = hub.heads();
    for page in open.chunks(PAGE) {
        let names: Vec<_> = page
            .iter()
            .map(|(workspace, name, _)| (*workspace, name.clone()))
            .collect();
        for (workspace, name, head) in hub.log.heads(&names).await? {
            let known = page
                .iter()
                .find(|(of, known, _)| *of == workspace && *known == name);
            if known.is_some_and(|(_, _, known): &(_, _, Seq)| *known < head) {
                hub.look_again(workspace, &name);
            }
        }
    }
    Ok(())
}
