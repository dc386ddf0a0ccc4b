//! What can go wrong between a caller and the bytes on disk.
//!
//! Not finding something is no error (`Ok(None)`). A damaged document is always an error and never an empty
//! document. Errors can be cloned, because one failed commit answers everybody who was in it.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::{DocumentId, Seq};

/// A failure of the storage layer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// The disk is full. What was asked has not happened; it can be tried again once there is space.
    #[error("the disk is full")]
    Full,
    /// The data directory or the database cannot be written.
    #[error("the storage is read-only")]
    ReadOnly,
    /// The storage does not answer or failed for another reason outside of the document.
    #[error("the storage is unavailable while {operation}: {source}")]
    Unavailable {
        /// What was being done.
        operation: &'static str,
        /// The cause.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// Stored bytes of a document are damaged. They have been left as they are.
    #[error("stored data of document {document} is damaged: {what}")]
    Corrupt {
        /// The damaged document.
        document: DocumentId,
        /// The damaged piece.
        what: Damage,
    },
    /// The document was taken out of service.
    #[error("document {document} is quarantined: {reason}")]
    Quarantined {
        /// The document.
        document: DocumentId,
        /// Why, for operators.
        reason: Arc<str>,
    },
    /// The append expected another head: somebody else has written, or the document exists under another id. Load
    /// the document again.
    #[error("the document has moved on: its head is {head}")]
    Conflict {
        /// The committed head.
        head: Seq,
    },
    /// The database file itself is damaged.
    #[error("the database file is damaged: {message}")]
    DatabaseDamaged {
        /// What the database said.
        message: Arc<str>,
    },
    /// Another process uses the data directory.
    #[error("the data directory is in use by another process (lock file {})", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A newer Weft has written this database.
    #[error(
        "the database has schema version {found}, this program knows versions up to {known}: use a newer weft"
    )]
    NewerSchema {
        /// The newest migration in the database.
        found: i64,
        /// The newest migration in this program.
        known: i64,
    },
    /// The large bytes of the database are in another place than the settings say.
    #[error(
        "the snapshots and files of this database are in {recorded}, not in {configured}: set storage.blobs back, or move \
         them with `weft move-blobs`"
    )]
    OtherBlobs {
        /// Where they are.
        recorded: String,
        /// Where the settings say they are.
        configured: String,
    },
    /// The schema cannot be brought up to date.
    #[error("the database schema does not fit: {what}")]
    Schema {
        /// Why, for operators.
        what: Arc<str>,
    },
    /// A limit of the storage was passed (see `docs/storage.md`).
    #[error("{what} of {actual} is over the limit of {limit}")]
    TooLarge {
        /// Which limit, in words.
        what: &'static str,
        /// What was asked for.
        actual: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The storage has been closed.
    #[error("the storage is closed")]
    Closed,
}

/// A damaged piece of a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The snapshot that the document row names does not exist.
    #[error("the snapshot of seq {seq} is missing")]
    SnapshotMissing {
        /// The seq that it should cover.
        seq: Seq,
    },
    /// The snapshot's bytes do not have the size or checksum they were stored with.
    #[error("the snapshot of seq {seq} does not match its checksum")]
    SnapshotChecksum {
        /// The seq that it covers.
        seq: Seq,
    },
    /// The snapshot matches its checksum but is no valid update.
    #[error("the snapshot of seq {seq} cannot be decoded: {reason}")]
    SnapshotUndecodable {
        /// The seq that it covers.
        seq: Seq,
        /// What the decoder said.
        reason: String,
    },
    /// The snapshot is a valid update, but the history before it has more.
    #[error("the snapshot of seq {seq} lacks updates that the history has")]
    SnapshotIncomplete {
        /// The seq that it covers.
        seq: Seq,
    },
    /// A blob that a row names does not exist.
    #[error("blob {key} is missing")]
    BlobMissing {
        /// Its key.
        key: String,
    },
    /// A blob exists but cannot be read.
    #[error("blob {key} cannot be read: {reason}")]
    BlobUnreadable {
        /// Its key.
        key: String,
        /// What the operating system said.
        reason: String,
    },
    /// Log rows are missing or superfluous.
    #[error("the log is not gapless: expected seq {expected}, found {}", describe(*found))]
    LogGap {
        /// The seq that should come next.
        expected: Seq,
        /// The seq that was found instead; `None` at the end of the log.
        found: Option<Seq>,
    },
    /// A log row's bytes are no valid update.
    #[error("log row {seq} cannot be decoded: {reason}")]
    RowUndecodable {
        /// Its seq.
        seq: Seq,
        /// What the decoder said.
        reason: String,
    },
    /// The pieces decode one by one but not together.
    #[error("the document cannot be put together: {reason}")]
    Unmergeable {
        /// What failed.
        reason: String,
    },
    /// The archive lacks a range of updates.
    #[error("the history is not gapless: expected seq {expected}, found {}", describe(*found))]
    HistoryGap {
        /// The seq that should come next.
        expected: Seq,
        /// The seq that was found instead; `None` at the end.
        found: Option<Seq>,
    },
    /// A segment of the archive does not match its checksum or cannot be decoded.
    #[error("the history from seq {first} to {last} is damaged: {reason}")]
    History {
        /// First seq of the segment.
        first: Seq,
        /// Last seq of the segment.
        last: Seq,
        /// What is wrong with it.
        reason: String,
    },
}

fn describe(found: Option<Seq>) -> String {
    found.map_or_else(|| "the end".to_owned(), |seq| seq.to_string())
}

impl StorageError {
    /// The same request may succeed later without anybody touching the document: full disk, read-only file system,
    /// unreachable database. A room answers it by turning read-only and trying again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Full | Self::ReadOnly | Self::Unavailable { .. })
    }

    /// The document itself is at fault: its room must close and the document belongs in quarantine.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Quarantined { .. })
    }

    /// Wraps a cause that has nothing to do with one document.
    pub(crate) fn unavailable(operation: &'static str, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Unavailable {
            operation,
            source: Arc::new(source),
        }
    }

    /// Sorts a failure of the file system.
    pub(crate) fn from_io(operation: &'static str, error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Self::ReadOnly,
            _ => Self::unavailable(operation, error),
        }
    }
}
