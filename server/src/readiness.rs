//! What `/readyz` looks at: the storage, which decides; Redis and the place of large bytes, which are told beside it.
//!
//! Invariant: what only makes things slower, or stops a part of them on every node at once, never makes a node less ready.
//! All nodes would go out of service together for what most people would not have noticed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use weft_storage::Storage;
use weft_storage::bus::{Bus, BusStats};

use crate::http::{Readiness, ReadinessCheck, ReadinessNote, ReadinessReport};

/// How long the place of large bytes may take to answer. Shorter than the patience of whoever asks for all of it.
const BLOBS: Duration = Duration::from_secs(3);

/// Ready means: documents can be read, and the last write went well.
pub(crate) struct NodeReadiness {
    pub(crate) storage: Arc<Storage>,
    pub(crate) bus: Arc<dyn Bus>,
    /// Whether other servers can have the same database open.
    pub(crate) has_neighbours: bool,
}

#[async_trait]
impl Readiness for NodeReadiness {
    async fn check(&self) -> ReadinessReport {
        let (storage, blobs) = tokio::join!(
            self.storage.check(),
            tokio::time::timeout(BLOBS, self.storage.check_blobs())
        );
        let blobs = match blobs {
            Ok(Ok(())) => ReadinessNote::well("blobs", "they answer"),
            // The reason is in the log: it may name an address.
            Ok(Err(_)) => ReadinessNote::unwell("blobs", "large snapshots and files cannot be read"),
            Err(_) => ReadinessNote::unwell("blobs", "large snapshots and files do not answer"),
        };
        let mut notes = vec![blobs];
        if self.has_neighbours {
            notes.push(redis(self.bus.is_shared(), self.bus.stats()));
        }
        ReadinessReport {
            checks: vec![ReadinessCheck {
                name: "storage",
                result: storage.map_err(|error| error.to_string()),
            }],
            notes,
        }
    }
}

/// How this node hears of what others do.
fn redis(is_there: bool, stats: BusStats) -> ReadinessNote {
    const THROUGH_THE_LOG: &str = "nodes converge through the log within 2 s";
    if is_there && stats.is_connected {
        return ReadinessNote::well("redis", format!("connected, {} other nodes", stats.nodes));
    }
    let why = if is_there { "away" } else { "not configured" };
    ReadinessNote::unwell("redis", format!("{why}: {THROUGH_THE_LOG}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_redis_is_there_for_is_said() {
        let connected = BusStats {
            is_connected: true,
            nodes: 2,
            ..BusStats::default()
        };
        let said = |note: ReadinessNote| (note.is_well, note.text);
        assert_eq!(
            said(redis(true, connected)),
            (true, "connected, 2 other nodes".to_owned())
        );
        for (is_there, why) in [(true, "away"), (false, "not configured")] {
            let (is_well, text) = said(redis(is_there, BusStats::default()));
            assert!(
                !is_well && text == format!("{why}: nodes converge through the log within 2 s"),
                "{text}"
            );
        }
    }
}
