//! The document log over any backend: rows and blobs together, and the folding of the log.
//!
//! Invariant: a compaction reads committed rows alone and never a live room; a blob is on stable storage before a
//! row names it, and no sweep runs between the two.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::RwLock;
use tokio_util::task::TaskTracker;
use weft_protocol::id::DocumentName;

use crate::archive;
use crate::backend::{DocumentView, Fold, Guarded, LogReader, Lookup, TailLimit, TailRow};
use crate::blob::BlobStore;
use crate::error::{Damage, StorageError};
use crate::group::WriterHandle;
use crate::log::DocumentLog;
use crate::merge;
use crate::model::{
    Append, ArchivedContent, ArchivedUpdate, CompactionOutcome, DocumentId, DocumentKey, DocumentSummary,
    LogRow, MoreToFold, Seq, StoredDocument, StoredSnapshot, WorkspaceId,
};
use crate::projection::{DocumentKind, id_of_name};
use crate::records::{Records, server_clients};
use crate::segment;
use crate::stored::Vault;

/// Rows that one compaction folds: their deletion holds up the appends that come meanwhile.
const FOLD_ROWS: usize = 16_384;
/// The longest quarantine reason that is kept, in bytes.
const MAX_REASON_BYTES: usize = 1024;

/// The parts that work on the log share.
pub(crate) struct Engine {
    pub(crate) reader: Arc<dyn LogReader>,
    pub(crate) writer: WriterHandle,
    pub(crate) records: Records,
    pub(crate) vault: Vault,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) tasks: TaskTracker,
    /// Read-locked from before a blob is put until the row that names it is committed; write-locked by the sweep.
    pub(crate) naming: Arc<RwLock<()>>,
    /// Where a rebuild puts damaged bytes.
    pub(crate) quarantine_dir: PathBuf,
    pub(crate) compaction_input_bytes: usize,
}

impl Engine {
    /// The newest snapshot's bytes, verified.
    pub(crate) async fn snapshot(&self, view: &DocumentView) -> Result<Option<Bytes>, StorageError> {
        let DocumentSummary {
            id: document,
            snapshot_seq,
            ..
        } = view.document;
        let corrupt = |what| StorageError::Corrupt { document, what };
        match &view.snapshot {
            Some(row) if row.seq == snapshot_seq => {
                let fetched = self.vault.fetch(&row.stored).await;
                fetched
                    .map(Some)
                    .map_err(|problem| problem.of_snapshot(row.seq).map_or_else(|error| error, corrupt))
            }
            None if snapshot_seq == Seq::ZERO => Ok(None),
            _ => Err(corrupt(Damage::SnapshotMissing { seq: snapshot_seq })),
        }
    }

    /// Runs a merge; what goes wrong in it is damage of `document`.
    async fn merged<T: Send + 'static>(
        &self,
        document: DocumentId,
        work: impl FnOnce() -> Result<T, Damage> + Send + 'static,
    ) -> Result<T, StorageError> {
        let outcome = merge::isolated(&self.tasks, work).await?;
        let outcome = outcome.unwrap_or_else(|error| Err(Damage::Unmergeable { reason: error.0 }));
        outcome.map_err(|what| StorageError::Corrupt { document, what })
    }

    /// Builds the snapshot and the archive segment of what `view` shows.
    async fn prepare_fold(&self, view: DocumentView) -> Result<(Bytes, Bytes), StorageError> {
        let snapshot = self.snapshot(&view).await?;
        let DocumentView {
            document,
            snapshot: row,
            tail,
            ..
        } = view;
        let base = row.map_or(Seq::ZERO, |row| row.seq);
        let work = move || {
            if let Some(snapshot) = &snapshot {
                let reason = |error: merge::MergeError| Damage::SnapshotUndecodable {
                    seq: base,
                    reason: error.0,
                };
                merge::check_snapshot(snapshot).map_err(reason)?;
            }
            for row in &tail {
                let reason = |error: merge::MergeError| Damage::RowUndecodable {
                    seq: row.seq,
                    reason: error.0,
                };
                merge::check(&row.bytes).map_err(reason)?;
            }
            let merged = merge::merge(snapshot.as_ref(), tail.iter().map(|row| &row.bytes));
            let merged = merged.map_err(|error| Damage::Unmergeable { reason: error.0 })?;
            let updates = tail.into_iter().map(|row| ArchivedUpdate {
                seq: row.seq,
                created_at_ms: row.created_at_ms,
                author: row.author,
                content: ArchivedContent::Update(row.bytes),
            });
            Ok((merged, segment::encode(&updates.collect::<Vec<_>>())))
        };
        self.merged(document.id, work).await
    }
}

fn quarantined(document: DocumentId, reason: &str) -> StorageError {
    StorageError::Quarantined {
        document,
        reason: reason.into(),
    }
}

fn log_rows(tail: Vec<TailRow>) -> Vec<LogRow> {
    let rows = tail.into_iter().map(|row| LogRow {
        seq: row.seq,
        bytes: row.bytes,
    });
    rows.collect()
}

/// Says what is missing when the tail does not run from `after` without a gap; `head` is where it has to end.
fn check_gapless(view: &DocumentView, after: Seq, head: Option<Seq>) -> Result<(), StorageError> {
    let corrupt = |expected, found| {
        Err(StorageError::Corrupt {
            document: view.document.id,
            what: Damage::LogGap { expected, found },
        })
    };
    let mut expected = after.plus(1);
    for row in &view.tail {
        if row.seq != expected {
            return corrupt(expected, Some(row.seq));
        }
        expected = expected.plus(1);
    }
    match head {
        Some(head) if head.plus(1) > expected => corrupt(expected, None),
        Some(head) if head.plus(1) < expected => corrupt(head.plus(1), Some(head.plus(1))),
        _ => Ok(()),
    }
}

#[async_trait]
impl DocumentLog for Engine {
    async fn load(
        &self,
        workspace: WorkspaceId,
        name: &DocumentName,
    ) -> Result<Option<StoredDocument>, StorageError> {
        let lookup = Lookup::Name(workspace, name);
        let Some(view) = self.reader.read_current(lookup, TailLimit::NONE).await? else {
            return Ok(None);
        };
        let DocumentSummary {
            id, head, quarantine, ..
        } = &view.document;
        if let Some(reason) = quarantine {
            return Err(quarantined(*id, reason));
        }
        check_gapless(&view, view.document.snapshot_seq, Some(*head))?;
        let snapshot = self.snapshot(&view).await?;
        let (id, head, seq) = (*id, *head, view.document.snapshot_seq);
        let updates = snapshot.as_ref().map(merge::snapshot_updates).transpose();
        let updates = updates.map_err(|error| StorageError::Corrupt {
            document: id,
            what: Damage::SnapshotUndecodable { seq, reason: error.0 },
        })?;
        let snapshot = updates.map(|updates| StoredSnapshot { seq, updates });
        let snapshot_at = view.snapshot.as_ref().map(|row| row.created_at_ms);
        let newest_row = view.tail.last().map(|row| row.created_at_ms);
        Ok(Some(StoredDocument {
            id,
            head,
            snapshot,
            tail: log_rows(view.tail),
            written_at_ms: newest_row.max(snapshot_at).unwrap_or_default(),
        }))
    }

    async fn append_within(&self, append: Append, patience: Duration) -> Result<Seq, StorageError> {
        let changes_rows = append.projection.as_deref().is_some_and(|rows| !rows.is_empty());
        if append.updates.is_empty() && !changes_rows {
            return Ok(append.expected_head);
        }
        self.writer.append(append, patience).await
    }

    fn hurry(&self) {
        self.writer.hurry();
    }

    async fn kind(&self, workspace: WorkspaceId, name: &DocumentName) -> Result<DocumentKind, StorageError> {
        let Some(id) = id_of_name(name.as_str()) else {
            return Ok(DocumentKind::Plain);
        };
        Ok(match self.reader.kind(workspace, id).await? {
            Some((kind, seed)) if kind == "board" => DocumentKind::Board {
                seed: seed.map(Arc::from),
            },
            _ => DocumentKind::Plain,
        })
    }

    async fn since(&self, id: DocumentId, after: Seq) -> Result<Option<Vec<LogRow>>, StorageError> {
        let Some(view) = self.reader.read_after(id, after).await? else {
            return Ok(None);
        };
        if let Some(reason) = &view.document.quarantine {
            return Err(quarantined(id, reason));
        }
        if after < view.document.snapshot_seq || after > view.document.head {
            return Ok(None);
        }
        check_gapless(&view, after, Some(view.document.head))?;
        Ok(Some(log_rows(view.tail)))
    }

    async fn heads(
        &self,
        documents: &[(WorkspaceId, DocumentName)],
    ) -> Result<Vec<(WorkspaceId, DocumentName, Seq)>, StorageError> {
        self.reader.heads(documents).await
    }

    async fn take_client(&self, workspace: WorkspaceId, name: &DocumentName) -> Result<u64, StorageError> {
        Ok(server_clients::take(&self.records, workspace, name).await?)
    }

    async fn give_back_client(
        &self,
        workspace: WorkspaceId,
        name: &DocumentName,
        client: u64,
    ) -> Result<(), StorageError> {
        Ok(server_clients::give_back(&self.records, workspace, name, client).await?)
    }

    async fn quarantine(&self, id: DocumentId, reason: &str) -> Result<(), StorageError> {
        let end = reason.floor_char_boundary(MAX_REASON_BYTES);
        self.writer.quarantine(id, reason[..end].to_owned()).await
    }

    async fn compact(&self, id: DocumentId) -> Result<CompactionOutcome, StorageError> {
        let limit = TailLimit {
            rows: FOLD_ROWS,
            bytes: self.compaction_input_bytes,
        };
        let Some(view) = self.reader.read_current(Lookup::Id(id), limit).await? else {
            return Ok(CompactionOutcome::NothingToDo);
        };
        if view.document.quarantine.is_some() {
            return Ok(CompactionOutcome::Superseded);
        }
        check_gapless(&view, view.document.snapshot_seq, None)?;
        let Some(through) = view.tail.last().map(|row| row.seq) else {
            return Ok(CompactionOutcome::NothingToDo);
        };
        let (head, base, workspace) = (view.document.head, view.mark(), view.document.workspace);
        let (snapshot, history) = self.prepare_fold(view).await?;
        let snapshot_bytes = snapshot.len() as u64;

        let naming = Arc::clone(&self.naming).read_owned().await;
        let snapshot = self.vault.keep(snapshot).await?;
        let history = self.vault.keep(history).await?;
        let fold = Fold {
            document: id,
            workspace,
            base,
            through,
            snapshot,
            history,
        };
        let guarded = self.writer.fold(fold, naming).await?;
        let more = if through < head {
            MoreToFold::Yes
        } else {
            MoreToFold::No
        };
        let rows = through.get() - base.seq.get();
        Ok(match guarded {
            Guarded::Done => CompactionOutcome::Folded {
                through,
                rows,
                snapshot_bytes,
                more,
            },
            Guarded::Superseded => CompactionOutcome::Superseded,
        })
    }

    async fn find(
        &self,
        workspace: WorkspaceId,
        key: DocumentKey<'_>,
    ) -> Result<Option<DocumentSummary>, StorageError> {
        let nothing = TailLimit { rows: 0, bytes: 0 };
        let lookup = match key {
            DocumentKey::Id(id) => Lookup::Id(id),
            DocumentKey::Name(name) => Lookup::Name(workspace, name),
        };
        let view = self.reader.read_current(lookup, nothing).await?;
        Ok(view
            .map(|view| view.document)
            .filter(|document| document.workspace == workspace))
    }

    async fn list(
        &self,
        workspace: WorkspaceId,
        after: Option<&DocumentName>,
        limit: u32,
    ) -> Result<Vec<DocumentSummary>, StorageError> {
        self.reader.list(workspace, after, limit).await
    }

    async fn archive(&self, id: DocumentId) -> Result<Vec<ArchivedUpdate>, StorageError> {
        let Some(view) = self.reader.read_whole(id).await? else {
            return Ok(Vec::new());
        };
        let found = archive::read(&self.vault, &view).await?;
        match found.damage.into_iter().next() {
            Some(what) => Err(StorageError::Corrupt { document: id, what }),
            None => Ok(found.updates),
        }
    }
}
