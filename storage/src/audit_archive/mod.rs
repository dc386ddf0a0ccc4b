//! The archive of the audit log: old entries leave the database for segments, and are read back from them.
//!
//! Invariant: the bytes of a segment are on stable storage before the transaction begins that writes its row and removes its entries, and
//! no sweep runs between the two. Whoever dies anywhere leaves bytes that nothing names, and the entries where they were. Entries are
//! checked on their way: a chain that is broken stays where it is.

mod pack;
mod read;

use std::sync::Arc;

use tokio::sync::RwLock;
use tokio_util::task::TaskTracker;

use self::pack::Gathered;
pub use self::pack::SegmentFlaw;
pub use self::read::{AuditFound, AuditWalk};
use crate::engine::Engine;
use crate::error::StorageError;
use crate::model::WorkspaceId;
use crate::records::audit_segments::SegmentRow;
use crate::records::{AuditChain, AuditFlaw, RecordError, Records};
use crate::stored::Vault;

/// Entries of one segment at most. Their removal holds up whatever else is written meanwhile.
const SEGMENT_LINES: usize = 5_000;
/// Bytes of its lines at most, before they are compressed, but for one line.
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;
/// How long old entries wait for others, until they are enough for a whole segment, in milliseconds: thirty days.
const GATHER_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// Entries that are read at a time.
const PAGE: u32 = 500;

/// Why something was not archived, or not read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditArchiveError {
    /// The database failed.
    #[error(transparent)]
    Records(#[from] RecordError),
    /// The place of the bytes failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Entries that are to be archived are not as they were written. They stay where they are.
    #[error("the chain is broken: {0}")]
    Broken(#[from] AuditFlaw),
    /// A segment is not as it was written.
    #[error("the archived entries {first} to {last}, blob {blob}, are damaged: {flaw}")]
    Damaged {
        /// Its first entry.
        first: i64,
        /// Its last one.
        last: i64,
        /// The SHA-256 of its bytes, in hexadecimal; its key, if they are not in the row.
        blob: String,
        /// What is wrong.
        flaw: SegmentFlaw,
    },
}

/// The archive of all logs. Cheap to clone.
#[derive(Clone)]
pub struct AuditArchive {
    records: Records,
    vault: Vault,
    naming: Arc<RwLock<()>>,
    tasks: TaskTracker,
}

impl std::fmt::Debug for AuditArchive {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AuditArchive").finish_non_exhaustive()
    }
}

impl AuditArchive {
    pub(crate) fn new(engine: &Engine) -> Self {
        Self {
            records: engine.records.clone(),
            vault: engine.vault.clone(),
            naming: Arc::clone(&engine.naming),
            tasks: engine.tasks.clone(),
        }
    }

    /// Archives the next entries of a log that are older than `before_ms`: as many as a segment takes, or fewer if the first of them has
    /// been old for thirty days. The place of the last one; `None` if there is nothing to do, or another node has just done it.
    ///
    /// An entry whose event is not behind the cursor of the log stays, and so do those behind it: it tells that the event has one.
    ///
    /// # Errors
    /// [`AuditArchiveError`]. The entries are where they were, or, if the answer of a commit was lost, in the archive.
    pub async fn archive_next(
        &self,
        workspace: WorkspaceId,
        before_ms: i64,
        now_ms: i64,
    ) -> Result<Option<i64>, AuditArchiveError> {
        let Some(gathered) = self.gather(workspace, before_ms).await? else {
            return Ok(None);
        };
        let archive = self.clone();
        // Whoever asked may give up waiting; between putting the bytes and naming them nobody does.
        let moving = async move { archive.move_out(workspace, gathered, now_ms).await };
        let moved = self.tasks.spawn(moving).await;
        moved.unwrap_or(Err(StorageError::Closed.into()))
    }

    /// The next segment, if there is enough for one.
    async fn gather(
        &self,
        workspace: WorkspaceId,
        before_ms: i64,
    ) -> Result<Option<Gathered>, AuditArchiveError> {
        let mut tx = self.records.read().await?;
        let mut tenant = tx.workspace(workspace).await?;
        let cursor = tenant.audit_head().await?.event_seq;
        let mut chain = match tenant.audit_archived().await? {
            Some(end) => AuditChain::behind(workspace, end.seq, end.hash),
            None => AuditChain::new(workspace, None),
        };
        let mut gathered = Gathered::behind(&chain);
        loop {
            let page = tenant.audit_chain(chain.seq(), PAGE).await?;
            let mut is_last = page.len() < PAGE as usize;
            for entry in page {
                if entry.at_ms >= before_ms || entry.event_seq.is_some_and(|event| event > cursor) {
                    is_last = true;
                    break;
                }
                chain.follow(&entry)?;
                gathered.add(entry);
                if gathered.lines() == SEGMENT_LINES || gathered.bytes() >= SEGMENT_BYTES {
                    return Ok(Some(gathered));
                }
            }
            if is_last {
                let has_waited = gathered.first_at_ms() < before_ms.saturating_sub(GATHER_MS);
                return Ok((gathered.lines() > 0 && has_waited).then_some(gathered));
            }
        }
    }

    /// Puts the bytes, and then, in one transaction, the row in the place of the entries.
    async fn move_out(
        &self,
        workspace: WorkspaceId,
        gathered: Gathered,
        now_ms: i64,
    ) -> Result<Option<i64>, AuditArchiveError> {
        let packing = self.tasks.spawn_blocking(move || gathered.pack());
        let packed = packing.await.map_err(|_| StorageError::Closed)?;
        let packed = packed.map_err(|error| StorageError::from_io("packing the audit log", error))?;
        let _naming = Arc::clone(&self.naming).read_owned().await;
        let segment = SegmentRow {
            first_seq: packed.first_seq,
            last_seq: packed.last_seq,
            first_at_ms: packed.first_at_ms,
            last_at_ms: packed.last_at_ms,
            prev_hash: packed.prev_hash,
            last_hash: packed.last_hash,
            stored: self.vault.keep(packed.bytes).await?,
        };
        let mut tx = self.records.write().await?;
        let mut tenant = tx.workspace(workspace).await?;
        if !tenant.archive_audit(&segment, now_ms).await? {
            return Ok(None);
        }
        tx.commit().await?;
        tracing::info!(
            workspace = %workspace,
            first = segment.first_seq,
            last = segment.last_seq,
            bytes = segment.stored.size_bytes,
            "old entries of an audit log were archived"
        );
        Ok(Some(segment.last_seq))
    }
}
