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
/// Documents that are asked about at once.
const PAGE: usize = 1_000;

/// Watches the log for `hub` until `stop`.
pub(crate) async fn watch_log(hub: Arc<Hub>, stop: CancellationToken) {
    loop {
        let bus = hub.bus.stats();
        hub.metrics.bus_connected.set(i64::from(bus.is_connected));
        hub.metrics
            .bus_nodes
            .set(i64::try_from(bus.nodes).unwrap_or(i64::MAX));
        let pause = if bus.is_connected { CONNECTED } else { ALONE };
        if stop.run_until_cancelled(sleep(pause)).await.is_none() {
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
