//! The contract of a document log, for every database.
//!
//! Its invariant: what `append` has answered is on stable storage, gapless, in order. It never shows an empty or
//! partial document in place of one that it cannot read.

use std::time::Duration;

use async_trait::async_trait;
use weft_protocol::id::DocumentName;

use crate::error::StorageError;
use crate::model::{
    Append, ArchivedUpdate, CompactionOutcome, DocumentId, DocumentKey, DocumentSummary, LogRow, Seq,
    StoredDocument, WorkspaceId,
};
use crate::projection::DocumentKind;

/// The append-only logs of all documents.
#[async_trait]
pub trait DocumentLog: Send + Sync + 'static {
    /// Reads a document: `Ok(None)` when nothing was ever appended under that name.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] when a piece is missing or does not match its checksum,
    /// [`StorageError::Quarantined`] when the document is out of service, or a failure of the storage.
    async fn load(
        &self,
        workspace: WorkspaceId,
        name: &DocumentName,
    ) -> Result<Option<StoredDocument>, StorageError>;

    /// Appends updates and returns the new head once the commit that holds them is on stable storage. Appends that
    /// wait at the same time share one commit. When the future is dropped, or the error
    /// [`is_transient`](StorageError::is_transient), the updates may or may not be in the log: load again or retry
    /// with the same `expected_head`, which tells.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] when `expected_head` is not the committed head or the name belongs to another
    /// document, [`StorageError::Quarantined`], [`StorageError::TooLarge`], or a failure of the storage.
    async fn append(&self, append: Append) -> Result<Seq, StorageError> {
        self.append_within(append, Duration::ZERO).await
    }

    /// As [`append`](Self::append), for what nobody waits for: its commit may begin up to `patience` later, so that one
    /// fsync serves more appends. It begins earlier when anything else has to be written, or with [`hurry`](Self::hurry).
    ///
    /// # Errors
    /// As [`append`](Self::append).
    async fn append_within(&self, append: Append, patience: Duration) -> Result<Seq, StorageError>;

    /// Somebody waits by now: what was appended with patience is committed without more of it.
    fn hurry(&self);

    /// What a document is, and what a board begins with. A name that belongs to no project is [`DocumentKind::Plain`].
    ///
    /// # Errors
    /// A failure of the storage.
    async fn kind(&self, workspace: WorkspaceId, name: &DocumentName) -> Result<DocumentKind, StorageError>;

    /// The committed updates after `after`, ascending and without a gap, or `None` when some of them have been folded
    /// into a snapshot: then load again.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    async fn since(&self, id: DocumentId, after: Seq) -> Result<Option<Vec<LogRow>>, StorageError>;

    /// Up to where the logs of these documents reach, for those that have one and to which other nodes may write; none where
    /// this is the only one.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn heads(
        &self,
        documents: &[(WorkspaceId, DocumentName)],
    ) -> Result<Vec<(WorkspaceId, DocumentName, Seq)>, StorageError>;

    /// Takes a Yjs client id under which nobody writes to the document: one that was given back, or a new one. Until
    /// [`give_back_client`](Self::give_back_client) nobody else gets it, whatever becomes of the caller.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn take_client(&self, workspace: WorkspaceId, name: &DocumentName) -> Result<u64, StorageError>;

    /// Gives a client id back, for the next one who writes. Everything that was written under it must be durable: an id
    /// under which two different things were written makes clients differ for ever.
    ///
    /// # Errors
    /// A failure of the storage. The id is then lost, which costs a few bytes.
    async fn give_back_client(
        &self,
        workspace: WorkspaceId,
        name: &DocumentName,
        client: u64,
    ) -> Result<(), StorageError>;

    /// Takes a document out of service until it is rebuilt. The first reason stays.
    ///
    /// # Errors
    /// A failure of the storage. A document that does not exist is no error.
    async fn quarantine(&self, id: DocumentId, reason: &str) -> Result<(), StorageError>;

    /// Folds the committed log into a new snapshot and moves the folded updates to the history, in one transaction.
    /// Safe at any time beside appends.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] when a piece cannot be read or decoded (nothing is changed then), or a failure of
    /// the storage.
    async fn compact(&self, id: DocumentId) -> Result<CompactionOutcome, StorageError>;

    /// What is known of a document, without its content: `Ok(None)` when the workspace has no such document.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn find(
        &self,
        workspace: WorkspaceId,
        key: DocumentKey<'_>,
    ) -> Result<Option<DocumentSummary>, StorageError>;
    /// Documents of a workspace in order of their names, after `after`, at most `limit`.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn list(
        &self,
        workspace: WorkspaceId,
        after: Option<&DocumentName>,
        limit: u32,
    ) -> Result<Vec<DocumentSummary>, StorageError>;

    /// Every update ever committed to a document, from the history and the log, ascending.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] when the history is damaged, or a failure of the storage.
    async fn archive(&self, id: DocumentId) -> Result<Vec<ArchivedUpdate>, StorageError>;
}
