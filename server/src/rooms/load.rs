//! Building a document from its stored bytes.
//!
//! A document that does not load is never opened empty: it is quarantined, its bytes stay as they are, and everybody who
//! asks for it is told why.

use bytes::Bytes;
use weft_protocol::close::CloseReason;
use weft_protocol::gate::WaitingLimits;
use weft_protocol::id::DocumentName;
use weft_storage::{DocumentId, DocumentLog, Seq, StorageError, StoredDocument, WorkspaceId};

use super::replica::{Replica, Role};
use crate::metrics::Metrics;

/// Stored bytes above this size are decoded on a thread of their own.
const OFFLOAD_ABOVE_BYTES: usize = 64 * 1024;

/// A document as it was stored.
pub(super) struct Loaded {
    pub(super) id: DocumentId,
    pub(super) replica: Replica,
    pub(super) head: u64,
    /// At least the size of the document, in bytes.
    pub(super) size_bound: usize,
    /// The log after the newest snapshot.
    pub(super) tail_rows: u64,
    pub(super) tail_bytes: u64,
    /// When it was last written to, in milliseconds since 1970.
    pub(super) written_at_ms: i64,
}

/// Where documents are loaded from, and who is told of it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) log: &'a dyn DocumentLog,
    pub(super) metrics: &'a Metrics,
}

/// A document as it was stored, not decoded yet.
pub(super) struct Found {
    id: DocumentId,
    head: u64,
    written_at_ms: i64,
    tail_rows: usize,
    tail_bytes: u64,
    /// The newest snapshot, then the log after it.
    updates: Vec<Bytes>,
}

/// What is to be made of a document.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) role: Role,
    pub(super) waiting: WaitingLimits,
}

/// Finds a document. An unknown one is a new one, with `fresh_id`; nothing is written for it before its first edit.
///
/// # Errors
/// Why nobody can be let in, as clients are told.
pub(super) async fn find(
    source: Source<'_>,
    (workspace, name): (WorkspaceId, &DocumentName),
    fresh_id: DocumentId,
) -> Result<Found, CloseReason> {
    let stored = match source.log.load(workspace, name).await {
        Ok(Some(stored)) => stored,
        Ok(None) => new_document(fresh_id),
        Err(error) => return Err(refusal(name, &error)),
    };
    let tail_bytes = stored.tail.iter().map(|row| row.bytes.len() as u64).sum();
    let snapshot = stored.snapshot.map(|snapshot| snapshot.updates);
    Ok(Found {
        id: stored.id,
        head: stored.head.get(),
        written_at_ms: stored.written_at_ms,
        tail_rows: stored.tail.len(),
        tail_bytes,
        updates: snapshot
            .into_iter()
            .flatten()
            .chain(stored.tail.into_iter().map(|row| row.bytes))
            .collect(),
    })
}

impl Found {
    /// Whether building it takes long enough to answer meanwhile.
    pub(super) fn is_large(&self) -> bool {
        size_of(&self.updates) > OFFLOAD_ABOVE_BYTES
    }

    /// What it is made of, oldest first.
    pub(super) fn updates(&self) -> &[Bytes] {
        &self.updates
    }

    /// Builds the document and applies `unsaved`, which is newer than its log.
    ///
    /// # Errors
    /// Why nobody can be let in, as clients are told.
    pub(super) async fn build(
        self,
        source: Source<'_>,
        name: &DocumentName,
        plan: Plan,
        unsaved: Vec<Bytes>,
    ) -> Result<Loaded, CloseReason> {
        let mut updates = self.updates;
        updates.extend(unsaved);
        let size_bound = size_of(&updates);
        let build = move || Replica::build(&updates, plan.waiting, plan.role);
        let built = if size_bound > OFFLOAD_ABOVE_BYTES {
            tokio::task::spawn_blocking(build).await.ok()
        } else {
            Some(build())
        };
        match built {
            Some(Ok(replica)) => Ok(Loaded {
                id: self.id,
                replica,
                head: self.head,
                size_bound,
                tail_rows: self.tail_rows as u64,
                tail_bytes: self.tail_bytes,
                written_at_ms: self.written_at_ms,
            }),
            Some(Err(error)) => Err(quarantine(source, self.id, name, &error.to_string()).await),
            None => Err(quarantine(source, self.id, name, "the document failed while it was loaded").await),
        }
    }
}

fn size_of(updates: &[Bytes]) -> usize {
    updates.iter().map(Bytes::len).sum()
}

/// Locks a document whose stored bytes fail, and says what clients are told.
pub(super) async fn quarantine(
    Source { log, metrics }: Source<'_>,
    id: DocumentId,
    name: &DocumentName,
    reason: &str,
) -> CloseReason {
    tracing::error!(doc.name = %name, doc.id = %id.0, reason, "quarantining document");
    metrics.doc_quarantined.add(1);
    if let Err(error) = log.quarantine(id, reason).await {
        tracing::error!(doc.name = %name, error = &error as &dyn std::error::Error, "quarantine was not recorded");
    }
    CloseReason::DocumentQuarantined
}

fn new_document(id: DocumentId) -> StoredDocument {
    StoredDocument {
        id,
        head: Seq::ZERO,
        snapshot: None,
        tail: Vec::new(),
        written_at_ms: 0,
    }
}

fn refusal(name: &DocumentName, error: &StorageError) -> CloseReason {
    tracing::error!(doc.name = %name, error = error as &dyn std::error::Error, "document does not load");
    if error.is_damage() {
        CloseReason::DocumentQuarantined
    } else {
        CloseReason::StorageUnavailable
    }
}
