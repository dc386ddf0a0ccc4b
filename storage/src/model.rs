//! The values that go into and come out of the storage.
//!
//! A document's log is numbered from 1 without gaps; [`Seq`] 0 means "nothing yet". Updates are opaque bytes here.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use uuid::{NoContext, Timestamp, Uuid};
use weft_protocol::id::DocumentName;

use crate::clock::Clock;
use crate::projection::Projection;

/// The tenant that owns a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkspaceId(pub Uuid);

impl WorkspaceId {
    /// The workspace of installations that have only one.
    pub const DEFAULT: Self = Self(Uuid::from_u128(1));
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// A document's identity in the storage: a UUIDv7, so that ids sort by creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(pub Uuid);

impl DocumentId {
    /// A new id, for a document that has none yet.
    pub fn generate(clock: &dyn Clock) -> Self {
        let now_ms = u64::try_from(clock.now_ms()).unwrap_or(0);
        let nanoseconds = u32::try_from(now_ms % 1000).unwrap_or(0) * 1_000_000;
        Self(Uuid::new_v7(Timestamp::from_unix(
            NoContext,
            now_ms / 1000,
            nanoseconds,
        )))
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// How to find a document of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKey<'a> {
    /// By its id.
    Id(DocumentId),
    /// By its name.
    Name(&'a DocumentName),
}

/// A place in a document's log: gapless per document, from 1; 0 is the place before the first update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Seq(pub u64);

impl Seq {
    /// Nothing yet.
    pub const ZERO: Self = Self(0);

    /// The number itself.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The place after `count` more updates.
    #[must_use]
    pub fn plus(self, count: usize) -> Self {
        Self(self.0.saturating_add(count as u64))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// A document as it is stored: the newest snapshot and every update after it, complete and verified.
///
/// The pieces of the snapshot, or a row, may be a renewal ([`weft_protocol::renewal`]): then the document begins there.
/// The tail runs without a gap from `snapshot.seq + 1` (or 1) to `head`. Snapshot bytes have matched their checksum;
/// whether updates decode is for the reader to find out.
#[derive(Debug, Clone)]
pub struct StoredDocument {
    /// Which document.
    pub id: DocumentId,
    /// Place of the last committed update.
    pub head: Seq,
    /// The newest snapshot, if there has been a compaction.
    pub snapshot: Option<StoredSnapshot>,
    /// The updates after the snapshot, ascending.
    pub tail: Vec<LogRow>,
    /// When the newest of these pieces was committed, in milliseconds since 1970: no update is newer.
    pub written_at_ms: i64,
}

/// The state of a document up to one place in its log.
#[derive(Debug, Clone)]
pub struct StoredSnapshot {
    /// The last update it contains.
    pub seq: Seq,
    /// v1 updates: the whole state (or a renewal with it), then those that still wait for missing ones.
    pub updates: Vec<Bytes>,
}

/// One committed update.
#[derive(Debug, Clone)]
pub struct LogRow {
    /// Its place.
    pub seq: Seq,
    /// The v1 update, or a renewal.
    pub bytes: Bytes,
}

/// One update on its way into the log.
#[derive(Debug, Clone)]
pub struct NewUpdate {
    /// The v1 update, or a renewal; at most [`crate::MAX_UPDATE_BYTES`].
    pub bytes: Bytes,
    /// Who made it, where known: an opaque id, kept for the history; at most [`crate::MAX_AUTHOR_BYTES`].
    pub author: Option<Arc<str>>,
}

impl From<Bytes> for NewUpdate {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, author: None }
    }
}

/// Updates of one document that are committed together or not at all.
#[derive(Debug, Clone)]
pub struct Append {
    /// The id that `load` returned, or a new one when it returned nothing.
    pub document: DocumentId,
    /// The owner.
    pub workspace: WorkspaceId,
    /// The name; the first append creates the document under it.
    pub name: DocumentName,
    /// The head that the caller has applied; [`Seq::ZERO`] for a new document.
    pub expected_head: Seq,
    /// The updates, oldest first. With none, and nothing projected, the append is answered without a commit.
    pub updates: Vec<NewUpdate>,
    /// What they change beside the log.
    pub projection: Option<Arc<Projection>>,
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompactionOutcome {
    /// The log up to `through` is now in the snapshot and in the history.
    Folded {
        /// The new snapshot's seq.
        through: Seq,
        /// How many log rows were folded.
        rows: u64,
        /// Size of the new snapshot.
        snapshot_bytes: u64,
        /// Rows were left because one compaction folds a bounded amount: call again.
        more: MoreToFold,
    },
    /// There were no log rows after the snapshot, or no such document.
    NothingToDo,
    /// Another compaction, a rebuild or a quarantine came first; nothing was changed.
    Superseded,
}

/// Whether a compaction left rows behind that it could have folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoreToFold {
    /// The bound of one compaction was reached.
    Yes,
    /// Everything committed at its start was folded.
    No,
}

/// One line of a document list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentSummary {
    /// Which document.
    pub id: DocumentId,
    /// Its owner.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: DocumentName,
    /// When its first update was committed, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// Place of its last committed update.
    pub head: Seq,
    /// Place up to which its snapshot reaches.
    pub snapshot_seq: Seq,
    /// Why it is out of service, if it is.
    pub quarantine: Option<String>,
}

/// One update of the archive or the log, with everything that was recorded about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedUpdate {
    /// Its place.
    pub seq: Seq,
    /// When it was committed, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// Who made it, where known.
    pub author: Option<Arc<str>>,
    /// What is left of it.
    pub content: ArchivedContent,
}

/// The bytes of an archived update, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchivedContent {
    /// The v1 update.
    Update(Bytes),
    /// A rebuild found that these bytes do not decode. They are kept and left out of the document.
    Undecodable(Bytes),
    /// A rebuild found that this update was gone.
    Lost,
}

impl ArchivedContent {
    /// The bytes, if there are any.
    pub fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Update(bytes) | Self::Undecodable(bytes) => Some(bytes),
            Self::Lost => None,
        }
    }
}
