//! Moves old entries of the audit logs out of the database, segment by segment.
//!
//! Invariant: every step is one transaction that leaves the log whole, so it can be stopped anywhere, and several nodes can do it at once.
//! A log that cannot be archived, because its chain is broken, is left as it is and keeps no other waiting.

use tokio::time::{Instant, sleep};
use weft_storage::records::RecordError;
use weft_storage::{AuditArchiveError, Storage, WorkspaceId};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Logs that are looked at together.
const LOGS: u32 = 100;

/// Archives what is older than `days` at `now_ms`, in all logs; nothing if that is 0.
///
/// # Errors
/// The logs cannot be listed. What goes wrong with one of them is said in the server's own log.
pub(crate) async fn archive_old(storage: &Storage, now_ms: i64, days: u32) -> Result<(), RecordError> {
    if days == 0 {
        return Ok(());
    }
    let before_ms = now_ms - i64::from(days) * DAY_MS;
    let mut after = None;
    loop {
        let mut tx = storage.records().read().await?;
        let logs = tx.audit_to_archive(before_ms, after, LOGS).await?;
        drop(tx);
        let Some(last) = logs.last() else { return Ok(()) };
        after = Some(*last);
        for log in logs {
            if let Err(error) = archive_log(storage, log, before_ms, now_ms).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    workspace = %log,
                    "old entries of an audit log were not archived"
                );
            }
        }
    }
}

async fn archive_log(
    storage: &Storage,
    log: WorkspaceId,
    before_ms: i64,
    now_ms: i64,
) -> Result<(), AuditArchiveError> {
    let archive = storage.audit_archive();
    loop {
        let begun = Instant::now();
        if archive.archive_next(log, before_ms, now_ms).await?.is_none() {
            return Ok(());
        }
        // As long as it took it rests, so that edits have at least half of whatever writes.
        sleep(begun.elapsed()).await;
    }
}
