//! Folding the log of a room into a snapshot, in the background and one document at a time.

use std::sync::Arc;

use weft_storage::{CompactionOutcome, MoreToFold, StorageError};

use super::tail::Tail;
use super::{Actor, Live};

impl Actor {
    pub(super) fn start_compaction(&self, live: &mut Live) {
        if live.compaction.is_none() && self.is_worth_compacting(live.tail, 1) {
            live.compaction = Some(Box::pin(self.compaction()));
        }
    }

    pub(super) fn is_worth_compacting(&self, tail: Tail, eagerness: u64) -> bool {
        let settings = &self.hub.settings;
        tail.rows * eagerness >= settings.compact_after_rows
            || tail.bytes * eagerness >= settings.compact_after_bytes
    }

    pub(super) fn compaction(
        &self,
    ) -> impl Future<Output = Result<CompactionOutcome, StorageError>> + Send + use<> {
        let (log, turns, id) = (
            Arc::clone(&self.hub.log),
            Arc::clone(&self.hub.compactions),
            self.id,
        );
        let metrics = Arc::clone(&self.hub.metrics);
        async move {
            // A closed semaphore would mean that the hub is gone; then nobody is left to compete with.
            let _turn = turns.acquire_owned().await.ok();
            let outcome = log.compact(id).await;
            if matches!(outcome, Ok(CompactionOutcome::Folded { .. })) {
                metrics.log.snapshots.add(1);
            }
            outcome
        }
    }

    pub(super) fn compacted(&self, live: &mut Live, result: Result<CompactionOutcome, StorageError>) {
        match result {
            Ok(CompactionOutcome::Folded {
                more: MoreToFold::Yes,
                ..
            }) => {
                live.compaction = Some(Box::pin(self.compaction()));
            }
            Ok(CompactionOutcome::Folded { rows, .. }) => {
                live.tail.rows = live.tail.rows.saturating_sub(rows);
                live.tail.bytes = 0;
            }
            Ok(CompactionOutcome::NothingToDo | CompactionOutcome::Superseded) => live.tail = Tail::default(),
            Err(error) => {
                // The log still has everything; the next try comes when it has grown as much again.
                tracing::error!(doc.name = %self.name, error = &error as &dyn std::error::Error, "compaction failed");
                live.tail = Tail::default();
            }
        }
    }
}
