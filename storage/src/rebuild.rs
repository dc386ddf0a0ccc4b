//! Puts damaged documents together again from their history and log.
//!
//! Invariant: bytes that cannot be used are kept aside, never thrown away; a document that nobody named and that is
//! whole is not touched; seqs stay as they were.

use std::sync::Arc;

use bytes::Bytes;
use weft_protocol::id::DocumentName;

use crate::archive::MAX_LOST;
use crate::aside::{Aside, keep_aside};
use crate::backend::{DocumentView, Guarded, HistoryRow, Lookup, Replacement, TailLimit};
use crate::engine::Engine;
use crate::error::{Damage, StorageError};
use crate::examine::{Examination, examine, usable};
use crate::merge::{self, MergeError};
use crate::model::{ArchivedContent, ArchivedUpdate, DocumentId, Seq, WorkspaceId};
use crate::segment;
use crate::storage::Storage;

/// Documents that are listed at a time.
const PAGE: u32 = 256;
/// How often a rebuild starts again because somebody has written meanwhile.
const ATTEMPTS: usize = 4;
/// How many updates that decode but cannot be applied are taken out one by one before giving up.
const MAX_POISONED: usize = 64;
/// Size of a rewritten archive segment, in updates and in bytes.
const SEGMENT_UPDATES: usize = 16_384;
const SEGMENT_BYTES: usize = 16 * 1024 * 1024;

/// Which documents to rebuild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RebuildSelection {
    /// Those that are damaged or quarantined.
    Damaged,
    /// This one, in any case.
    Named {
        /// Its owner.
        workspace: WorkspaceId,
        /// Its name.
        name: DocumentName,
    },
}

/// What a rebuild did to one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RebuildReport {
    /// Its owner.
    pub workspace: WorkspaceId,
    /// Its id.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// Up to where it was rebuilt: its head.
    pub head: Seq,
    /// The damage that was found, piece by piece.
    pub damage: Vec<Damage>,
    /// Updates that could not be used (undecodable or lost), ascending. Where the snapshot was whole, their content is
    /// in the document all the same.
    pub skipped: Vec<Seq>,
    /// Where the damaged bytes were put, relative to the data directory.
    pub kept_aside: Vec<String>,
}

/// Rebuilds documents. Other documents, and the server that may be running on this storage, go on.
///
/// # Errors
/// A failure of the storage. Documents that were rebuilt before it stay rebuilt.
pub async fn rebuild(
    storage: &Storage,
    selection: &RebuildSelection,
) -> Result<Vec<RebuildReport>, StorageError> {
    let engine = storage.engine();
    let mut reports = Vec::new();
    match selection {
        RebuildSelection::Named { workspace, name } => {
            let lookup = Lookup::Name(*workspace, name);
            let nothing = TailLimit { rows: 0, bytes: 0 };
            if let Some(view) = engine.reader.read_current(lookup, nothing).await? {
                reports.extend(rebuild_document(engine, view.document.id, Only::InAnyCase).await?);
            }
        }
        RebuildSelection::Damaged => {
            let mut after = None;
            loop {
                let page = engine.reader.list_all(after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                for document in page {
                    reports.extend(rebuild_document(engine, document.id, Only::IfDamaged).await?);
                }
            }
        }
    }
    Ok(reports)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    IfDamaged,
    InAnyCase,
}

async fn rebuild_document(
    engine: &Engine,
    id: DocumentId,
    only: Only,
) -> Result<Option<RebuildReport>, StorageError> {
    let mut head = Seq::ZERO;
    for _ in 0..ATTEMPTS {
        let Some(view) = engine.reader.read_whole(id).await? else {
            return Ok(None);
        };
        let examination = examine(engine, &view).await?;
        let is_whole = examination.damage.is_empty() && view.document.quarantine.is_none();
        if only == Only::IfDamaged && is_whole {
            return Ok(None);
        }
        if examination.archive.lost > MAX_LOST {
            let (actual, limit) = (examination.archive.lost, MAX_LOST);
            return Err(StorageError::TooLarge {
                what: "the number of lost updates",
                actual,
                limit,
            });
        }
        head = view.document.head;
        if let Some(report) = try_rebuild(engine, &view, examination).await? {
            return Ok(Some(report));
        }
    }
    Err(StorageError::Conflict { head })
}

/// `None` when somebody has changed the document meanwhile.
async fn try_rebuild(
    engine: &Engine,
    view: &DocumentView,
    examination: Examination,
) -> Result<Option<RebuildReport>, StorageError> {
    let Examination {
        mut archive,
        snapshot,
        damage,
    } = examination;
    let document = view.document.id;
    let updates = std::mem::take(&mut archive.updates);
    let strays = archive.strays.iter().map(|row| (row.seq, row.bytes.clone()));
    let strays: Vec<(Seq, Bytes)> = strays.collect();
    let work = move || reconstruct(snapshot, strays, updates);
    let outcome = merge::isolated(&engine.tasks, work)
        .await?
        .and_then(|outcome| outcome);
    let rebuilt = outcome.map_err(|error| StorageError::Corrupt {
        document,
        what: Damage::Unmergeable { reason: error.0 },
    })?;

    let aside = Aside::collect(engine, view, &archive, &damage, &rebuilt.updates).await;
    let kept_aside = keep_aside(engine, document, aside).await?;
    let head = rebuilt.updates.last().map_or(Seq::ZERO, |update| update.seq);
    let naming = Arc::clone(&engine.naming).read_owned().await;
    let replacement = Replacement {
        document,
        workspace: view.document.workspace,
        base: view.mark(),
        base_head: view.document.head,
        head,
        snapshot: engine.vault.keep(rebuilt.state).await?,
        remove_history: view.history.iter().map(|row| row.first).collect(),
        add_history: archive_segments(engine, &rebuilt.updates).await?,
    };
    if engine.writer.replace(replacement, naming).await? == Guarded::Superseded {
        return Ok(None);
    }
    let skipped = rebuilt
        .updates
        .iter()
        .filter(|update| usable(update).is_none())
        .map(|update| update.seq);
    Ok(Some(RebuildReport {
        workspace: view.document.workspace,
        document,
        name: view.document.name.to_string(),
        head,
        damage,
        skipped: skipped.collect(),
        kept_aside,
    }))
}

/// A document put together again.
struct Rebuilt {
    state: Bytes,
    /// All updates; those that could not be used are marked so.
    updates: Vec<ArchivedUpdate>,
}

fn reconstruct(
    snapshot: Option<Bytes>,
    strays: Vec<(Seq, Bytes)>,
    mut updates: Vec<ArchivedUpdate>,
) -> Result<Rebuilt, MergeError> {
    for update in &mut updates {
        if usable(update).is_some_and(|bytes| merge::check_caught(bytes).is_err()) {
            mark_undecodable(update);
        }
    }
    // The log is the truth. Only where it is incomplete do a snapshot and rows out of place have something to add.
    let is_complete = updates.iter().all(|update| usable(update).is_some());
    let snapshot = snapshot
        .and_then(|bytes| merge::snapshot_updates(&bytes).ok())
        .unwrap_or_default();
    // A document that was made anew begins there; what came before is history.
    let begins = merge::newest_renewal(snapshot.iter().chain(updates.iter().filter_map(usable)));
    let strays = strays.into_iter().filter(|(seq, _)| seq.get() >= begins);
    let mut extra: Vec<Bytes> = strays.map(|(_, bytes)| bytes).collect();
    if !is_complete && merge::newest_renewal(&snapshot) == begins {
        extra.extend(snapshot);
    }
    extra.retain(|bytes| merge::caught(|| merge::merge(None, [bytes])).is_ok());
    for _ in 0..MAX_POISONED {
        let all = |updates: &[ArchivedUpdate]| {
            let rows = updates.iter().filter(|update| update.seq.get() >= begins);
            let mut pieces: Vec<&Bytes> = extra.iter().chain(rows.filter_map(usable)).collect();
            pieces.sort_by_key(|bytes| merge::place(bytes).is_none());
            merge::caught(|| merge::merge(None, pieces))
        };
        match all(&updates) {
            Ok(state) => return Ok(Rebuilt { state, updates }),
            Err(error) => {
                // The shortest run from the start that fails ends with the update to leave out.
                let lengths: Vec<usize> = (0..=updates.len()).collect();
                let working = lengths.partition_point(|length| all(&updates[..*length]).is_ok());
                let poisoned = working.checked_sub(1).and_then(|last| updates.get_mut(last));
                mark_undecodable(poisoned.ok_or(error)?);
            }
        }
    }
    Err(MergeError(format!(
        "more than {MAX_POISONED} updates cannot be applied"
    )))
}

fn mark_undecodable(update: &mut ArchivedUpdate) {
    if let ArchivedContent::Update(bytes) = &update.content {
        update.content = ArchivedContent::Undecodable(bytes.clone());
    }
}

async fn archive_segments(
    engine: &Engine,
    mut updates: &[ArchivedUpdate],
) -> Result<Vec<HistoryRow>, StorageError> {
    let mut segments = Vec::new();
    while let Some(first) = updates.first() {
        let mut bytes = 0;
        let fits = updates.iter().take(SEGMENT_UPDATES).take_while(|update| {
            let before = bytes;
            bytes += update.content.bytes().map_or(0, Bytes::len);
            before < SEGMENT_BYTES
        });
        let (segment, rest) = updates.split_at(fits.count());
        let last = segment.last().map_or(first.seq, |update| update.seq);
        let stored = engine.vault.keep(segment::encode(segment)).await?;
        segments.push(HistoryRow {
            first: first.seq,
            last,
            stored,
        });
        updates = rest;
    }
    Ok(segments)
}
