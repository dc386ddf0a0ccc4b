//! What is written to the update log, and what it costs.

use std::time::Duration;

use weft_storage::{CommitObserver, CommitOutcome};

use super::Metrics;
use super::kinds::{Counter, Gauge, Histogram};

/// The log's share of the metrics.
#[derive(Debug)]
pub struct LogMetrics {
    /// Rows of the logs of documents in memory that no snapshot holds.
    pub tail_rows: Gauge,
    /// Snapshots taken.
    pub snapshots: Counter,
    commits: Counter,
    rows: Counter,
    bytes: Counter,
    persist_failures: Counter,
    persist_seconds: Histogram,
}

impl LogMetrics {
    pub(super) fn new() -> Self {
        Self {
            tail_rows: Gauge::new(
                "weft_log_tail_rows",
                "Rows of the log of documents in memory that no snapshot holds yet.",
            ),
            snapshots: Counter::new("weft_snapshots_total", "Snapshots taken."),
            commits: Counter::new("weft_log_commits_total", "Group commits of the update log."),
            rows: Counter::new("weft_log_rows_total", "Rows written to the update log."),
            bytes: Counter::new("weft_log_bytes_total", "Bytes written to the update log."),
            persist_failures: Counter::new("weft_persist_failures_total", "Group commits that failed."),
            persist_seconds: Histogram::new("weft_persist_seconds", "Time of one group commit."),
        }
    }

    pub(super) fn render(&self, text: &mut String) {
        self.tail_rows.render(text);
        for counter in [
            &self.snapshots,
            &self.commits,
            &self.rows,
            &self.bytes,
            &self.persist_failures,
        ] {
            counter.render(text);
        }
        self.persist_seconds.render(text);
    }
}

impl CommitObserver for Metrics {
    fn committed(&self, outcome: CommitOutcome, took: Duration) {
        let log = &self.log;
        log.persist_seconds.observe(took);
        match outcome {
            CommitOutcome::Saved { rows, bytes } => {
                log.commits.add(1);
                log.rows.add(rows);
                log.bytes.add(bytes);
            }
            CommitOutcome::Failed => log.persist_failures.add(1),
        }
    }
}
