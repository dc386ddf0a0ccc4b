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

/// Which document is to be loaded, and as what.
pub(super) struct Wanted<'a> {
    pub(super) workspace: WorkspaceId,
    pub(super) name: &'a DocumentName,
    /// Its id if there is no such document yet.
    pub(super) fresh_id: DocumentId,
    pub(super) role: Role,
    pub(super) waiting: WaitingLimits,
}

/// Loads a document and applies `unsaved`, which is newer than its log. An unknown document is a new one; nothing is
/// written for it before its first edit.
///
/// # Errors
/// Why nobody can be let in, as clients are told.
pub(super) async fn load(
    source: Source<'_>,
    wanted: Wanted<'_>,
    unsaved: Vec<Bytes>,
) -> Result<Loaded, CloseReason> {
    let Wanted {
        workspace,
        name,
        fresh_id,
        role,
        waiting,
    } = wanted;
    let stored = match source.log.load(workspace, name).await {
        Ok(Some(stored)) => stored,
        Ok(None) => new_document(fresh_id),
        Err(error) => return Err(refusal(name, &error)),
    };
    let (id, head, written_at_ms) = (stored.id, stored.head.get(), stored.written_at_ms);
    let tail_rows = stored.tail.len() as u64;
    let tail_bytes = stored.tail.iter().map(|row| row.bytes.len() as u64).sum();
    let updates: Vec<Bytes> = stored
        .snapshot
        .map(|snapshot| snapshot.updates)
        .into_iter()
        .flatten()
        .chain(stored.tail.into_iter().map(|row| row.bytes))
        .chain(unsaved)
        .collect();
    let size_bound = updates.iter().map(Bytes::len).sum();
    let built = if size_bound > OFFLOAD_ABOVE_BYTES {
        tokio::task::spawn_blocking(move || Replica::build(&updates, waiting, role))
            .await
            .ok()
    } else {
        Some(Replica::build(&updates, waiting, role))
    };
    match built {
        Some(Ok(replica)) => Ok(Loaded {
            id,
            replica,
            head,
            size_bound,
            tail_rows,
            tail_bytes,
            written_at_ms,
        }),
        Some(Err(error)) => Err(quarantine(source, id, name, &error.to_string()).await),
        None => Err(quarantine(source, id, name, "the document failed while it was loaded").await),
    }
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
