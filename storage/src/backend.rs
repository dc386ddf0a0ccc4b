//! What a database must be able to do to hold the log: rows in, rows out, each call one transaction.
//!
//! Everything above it (group commit, folding, doctor, rebuild) is written once. A backend never looks into updates
//! and never touches blobs.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;
use weft_protocol::id::DocumentName;

use crate::blob::BlobKey;
use crate::board_rows::RowsReport;
use crate::error::StorageError;
use crate::model::{Append, DocumentId, DocumentSummary, Seq, WorkspaceId};
use crate::projection::RowsReplacement;
use crate::stored::StoredBytes;

/// How to find a document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lookup<'a> {
    /// By its owner and name.
    Name(WorkspaceId, &'a DocumentName),
    /// By its id.
    Id(DocumentId),
}

/// How much of the log tail to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TailLimit {
    /// Stop after this many rows.
    pub(crate) rows: usize,
    /// Stop after the row that reaches this many bytes.
    pub(crate) bytes: usize,
}

impl TailLimit {
    /// The whole tail.
    pub(crate) const NONE: Self = Self {
        rows: usize::MAX,
        bytes: usize::MAX,
    };
}

/// A log row with everything recorded about it.
#[derive(Debug, Clone)]
pub(crate) struct TailRow {
    pub(crate) seq: Seq,
    pub(crate) created_at_ms: i64,
    pub(crate) author: Option<Arc<str>>,
    pub(crate) bytes: Bytes,
}

/// The row of a document's newest snapshot.
#[derive(Debug, Clone)]
pub(crate) struct SnapshotRow {
    pub(crate) seq: Seq,
    pub(crate) created_at_ms: i64,
    pub(crate) stored: StoredBytes,
}

/// A segment of the archive.
#[derive(Debug, Clone)]
pub(crate) struct HistoryRow {
    pub(crate) first: Seq,
    pub(crate) last: Seq,
    pub(crate) stored: StoredBytes,
}

/// One consistent view of a document.
#[derive(Debug, Clone)]
pub(crate) struct DocumentView {
    pub(crate) document: DocumentSummary,
    pub(crate) snapshot: Option<SnapshotRow>,
    /// Rows after the document's `snapshot_seq` (all rows, in a view with history), ascending, up to the limit.
    pub(crate) tail: Vec<TailRow>,
    /// The archive, ascending; empty unless it was asked for.
    pub(crate) history: Vec<HistoryRow>,
}

/// A snapshot and the archive segment that goes with it, ready to replace log rows.
#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) document: DocumentId,
    pub(crate) workspace: WorkspaceId,
    /// The snapshot that it was made from; it must still be the newest.
    pub(crate) base: SnapshotMark,
    pub(crate) through: Seq,
    pub(crate) snapshot: StoredBytes,
    pub(crate) history: StoredBytes,
}

impl Fold {
    /// How many log rows it replaces.
    pub(crate) fn rows(&self) -> usize {
        usize::try_from(self.through.get().saturating_sub(self.base.seq.get())).unwrap_or(usize::MAX)
    }
}

/// Identifies a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SnapshotMark {
    /// The document's `snapshot_seq`.
    pub(crate) seq: Seq,
    /// Its checksum; `None` where there is no snapshot row.
    pub(crate) checksum: Option<BlobKey>,
}

impl DocumentView {
    /// The snapshot that this view shows.
    pub(crate) fn mark(&self) -> SnapshotMark {
        SnapshotMark {
            seq: self.document.snapshot_seq,
            checksum: self.snapshot.as_ref().map(|row| row.stored.checksum),
        }
    }
}

/// A rebuilt document: everything up to `head` folded.
#[derive(Debug)]
pub(crate) struct Replacement {
    pub(crate) document: DocumentId,
    pub(crate) workspace: WorkspaceId,
    /// The state that it was made from; it must still be so.
    pub(crate) base: SnapshotMark,
    pub(crate) base_head: Seq,
    pub(crate) head: Seq,
    pub(crate) snapshot: StoredBytes,
    /// Archive segments to remove, by their first seq.
    pub(crate) remove_history: Vec<Seq>,
    /// Archive segments to add.
    pub(crate) add_history: Vec<HistoryRow>,
}

/// Whether a guarded change took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guarded {
    /// It did.
    Done,
    /// The document was no longer as expected; nothing was changed.
    Superseded,
}

/// What a batch of appends came to.
#[derive(Debug)]
pub(crate) struct BatchOutcome {
    /// One answer per append, in order.
    pub(crate) answers: Vec<Result<Seq, StorageError>>,
    /// Documents that the batch created.
    pub(crate) created: u64,
}

/// Why a batch of appends was not committed.
#[derive(Debug)]
pub(crate) struct BatchFailure {
    pub(crate) error: StorageError,
    pub(crate) next: AfterFailure,
}

/// What to do with the appends of a batch that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    /// Nothing was committed, and one of them may be to blame: a row in its place, or one too large for what is left
    /// of the disk.
    TryEachAlone,
    /// None of them is to blame, or it is not known whether they were committed: all get the error.
    GiveUp,
}

impl From<BatchFailure> for StorageError {
    fn from(failure: BatchFailure) -> Self {
        failure.error
    }
}

/// The reading side: many calls at a time.
#[async_trait]
pub(crate) trait LogReader: Send + Sync + 'static {
    /// A document, its snapshot and the rows after it.
    async fn read_current(
        &self,
        lookup: Lookup<'_>,
        limit: TailLimit,
    ) -> Result<Option<DocumentView>, StorageError>;
    /// A document and the rows after `after`, without the snapshot.
    async fn read_after(&self, id: DocumentId, after: Seq) -> Result<Option<DocumentView>, StorageError>;
    /// What a document of a project is, and what a board begins with: `None` when it belongs to no project.
    async fn kind(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
    ) -> Result<Option<(String, Option<String>)>, StorageError>;
    /// A document with its archive and every log row it has.
    async fn read_whole(&self, id: DocumentId) -> Result<Option<DocumentView>, StorageError>;
    /// Documents of a workspace by name.
    async fn list(
        &self,
        workspace: WorkspaceId,
        after: Option<&DocumentName>,
        limit: u32,
    ) -> Result<Vec<DocumentSummary>, StorageError>;
    /// Documents of all workspaces by id, after `after`.
    async fn list_all(
        &self,
        after: Option<DocumentId>,
        limit: u32,
    ) -> Result<Vec<DocumentSummary>, StorageError>;
    /// The heads of documents to which other nodes may write.
    async fn heads(
        &self,
        documents: &[(WorkspaceId, DocumentName)],
    ) -> Result<Vec<(WorkspaceId, DocumentName, Seq)>, StorageError>;
    /// Every blob that a row names, with duplicates.
    async fn named_blobs(&self) -> Result<Vec<BlobKey>, StorageError>;
    /// What the database says about its own file; empty when it is sound.
    async fn examine_database(&self) -> Result<Vec<String>, StorageError>;
    /// A quick read.
    async fn ping(&self) -> Result<(), StorageError>;
    /// Releases the connections.
    async fn close(&self);
}

/// The writing side: owned by one task, one call at a time, each on stable storage when it returns.
#[async_trait]
pub(crate) trait LogWriter: Send + 'static {
    /// Commits all appends that fit their documents in one transaction.
    ///
    /// `Err` when the transaction failed as a whole.
    async fn append(&mut self, appends: &[Append], now_ms: i64) -> Result<BatchOutcome, BatchFailure>;
    /// Takes a document out of service.
    async fn quarantine(&mut self, id: DocumentId, reason: &str, now_ms: i64) -> Result<(), StorageError>;
    /// Swaps log rows for a snapshot and an archive segment.
    async fn fold(&mut self, fold: &Fold, now_ms: i64) -> Result<Guarded, StorageError>;
    /// Puts a rebuilt document in place.
    async fn replace(&mut self, replacement: &Replacement, now_ms: i64) -> Result<Guarded, StorageError>;
    /// Puts the rows of a board in place; `None` when the board was no longer as expected, and nothing was changed.
    async fn replace_rows(
        &mut self,
        replacement: &RowsReplacement,
        now_ms: i64,
    ) -> Result<Option<RowsReport>, StorageError>;
    /// Writes something, to see whether writing works.
    async fn probe(&mut self, now_ms: i64) -> Result<(), StorageError>;
    /// Puts things in order and releases the connection.
    async fn close(self: Box<Self>) -> Result<(), StorageError>;
}
