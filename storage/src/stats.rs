//! Counters of the writer, who is told of its commits, and whether its last write worked.

use std::fmt;
use std::time::Duration;

use crate::backend::{BatchFailure, BatchOutcome};
use crate::error::StorageError;
use crate::model::Append;

/// What the storage has done since it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StorageStats {
    /// Committed transactions that held appends.
    pub commits: u64,
    /// Appends that were committed.
    pub appends: u64,
    /// Log rows that were committed.
    pub rows: u64,
    /// Bytes of updates that were committed.
    pub bytes: u64,
    /// Appends that were refused or failed, conflicts included.
    pub failed_appends: u64,
    /// Documents created.
    pub documents_created: u64,
    /// The last failure of the storage itself (not of one document); `None` once a later write has succeeded.
    pub last_error: Option<String>,
}

/// What came of one group commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// What the log holds more now. Appends that were refused, because others had written before, count nothing.
    Saved {
        /// Rows of the log.
        rows: u64,
        /// Bytes of their updates.
        bytes: u64,
    },
    /// The storage failed.
    Failed,
}

/// Is told of every group commit by the task that made it, so it must not wait.
pub trait CommitObserver: fmt::Debug + Send + Sync {
    /// A commit has ended after `took`, measured from when the database was asked.
    fn committed(&self, outcome: CommitOutcome, took: Duration);
}

/// The counters while they count.
#[derive(Debug, Default)]
pub(crate) struct WriteHealth {
    counters: StorageStats,
    pub(crate) last_error: Option<StorageError>,
}

impl WriteHealth {
    /// Notes the outcome of a transaction of appends, and says what came of it.
    pub(crate) fn note_append(
        &mut self,
        appends: &[Append],
        outcome: &Result<BatchOutcome, BatchFailure>,
    ) -> CommitOutcome {
        self.note(outcome.as_ref().err().map(|failure| &failure.error));
        let Ok(outcome) = outcome else {
            self.counters.failed_appends += appends.len() as u64;
            return CommitOutcome::Failed;
        };
        self.counters.commits += 1;
        self.counters.documents_created += outcome.created;
        let (mut rows, mut bytes) = (0, 0);
        for (append, answer) in appends.iter().zip(&outcome.answers) {
            if answer.is_err() {
                self.counters.failed_appends += 1;
                continue;
            }
            self.counters.appends += 1;
            rows += append.updates.len() as u64;
            bytes += append
                .updates
                .iter()
                .map(|update| update.bytes.len() as u64)
                .sum::<u64>();
        }
        self.counters.rows += rows;
        self.counters.bytes += bytes;
        CommitOutcome::Saved { rows, bytes }
    }

    /// Notes the outcome of any write.
    pub(crate) fn note(&mut self, error: Option<&StorageError>) {
        self.last_error = error.cloned();
    }

    pub(crate) fn stats(&self) -> StorageStats {
        let last_error = self.last_error.as_ref().map(ToString::to_string);
        StorageStats {
            last_error,
            ..self.counters.clone()
        }
    }
}
