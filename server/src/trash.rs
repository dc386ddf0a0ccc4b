//! Empties the trash: what was put there longer ago than people can take it out again is gone for good.
//!
//! Invariant: nothing goes before its time, and a failure costs a round, never the process.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use weft_storage::clock::Clock;
use weft_storage::records::{RecordError, Records};

/// How long things stay in the trash, in milliseconds: thirty days.
pub const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// How often somebody looks. Every node does; the work of one is none for the next.
const EVERY: Duration = Duration::from_secs(3_600);
/// How many projects go in one transaction.
const BATCH: u32 = 100;

/// Empties the trash now and then, until `stop`.
pub async fn keep_empty(records: Records, clock: Arc<dyn Clock>, stop: CancellationToken) {
    while stop.run_until_cancelled(sleep(EVERY)).await.is_some() {
        match empty(&records, clock.now_ms()).await {
            Ok(0) => {}
            Ok(projects) => tracing::info!(projects, "the trash was emptied"),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the trash was not emptied"
            ),
        }
    }
}

/// Removes the projects whose time in the trash is over at `now_ms`; how many. Those that hold documents go when those
/// are gone.
///
/// # Errors
/// A failure of the database.
pub async fn empty(records: &Records, now_ms: i64) -> Result<u64, RecordError> {
    let mut removed = 0;
    loop {
        let mut tx = records.write().await?;
        let batch = tx.purge_projects(now_ms.saturating_sub(KEPT_MS), BATCH).await?;
        tx.commit().await?;
        removed += batch;
        if batch < u64::from(BATCH) {
            return Ok(removed);
        }
    }
}
