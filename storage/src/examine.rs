//! Looks at one document and says everything that is wrong with it. Doctor and rebuild see the same.

use bytes::Bytes;

use crate::archive::{self, Archive};
use crate::backend::DocumentView;
use crate::engine::Engine;
use crate::error::{Damage, StorageError};
use crate::merge::{self, MergeError};
use crate::model::{ArchivedContent, ArchivedUpdate};

/// Everything that is left of a document.
#[derive(Debug)]
pub(crate) struct Examination {
    /// History and log.
    pub(crate) archive: Archive,
    /// The snapshot's bytes, if they are as they were stored.
    pub(crate) snapshot: Option<Bytes>,
    /// All damage; that of the archive is among it.
    pub(crate) damage: Vec<Damage>,
}

/// Examines a document; `view` must be one with history.
pub(crate) async fn examine(engine: &Engine, view: &DocumentView) -> Result<Examination, StorageError> {
    let mut archive = archive::read(&engine.vault, view).await?;
    let mut damage = std::mem::take(&mut archive.damage);
    let snapshot = match engine.snapshot(view).await {
        Ok(snapshot) => snapshot,
        Err(StorageError::Corrupt { what, .. }) => {
            if !damage.contains(&what) {
                damage.push(what);
            }
            None
        }
        Err(error) => return Err(error),
    };
    let seq = view.document.snapshot_seq;
    let (returned, found) = {
        let (updates, snapshot) = (std::mem::take(&mut archive.updates), snapshot.clone());
        let kept = updates.clone();
        let work = move || check_contents(snapshot.as_ref(), seq, &updates);
        (kept, merge::isolated(&engine.tasks, work).await?)
    };
    archive.updates = returned;
    damage.extend(found.unwrap_or_else(|error| vec![Damage::Unmergeable { reason: error.0 }]));
    Ok(Examination {
        archive,
        snapshot,
        damage,
    })
}

/// Whether everything decodes, alone and together, and whether the snapshot holds what the history does.
fn check_contents(
    snapshot: Option<&Bytes>,
    snapshot_seq: crate::model::Seq,
    updates: &[ArchivedUpdate],
) -> Vec<Damage> {
    let mut damage = Vec::new();
    if let Some(Err(MergeError(reason))) =
        snapshot.map(|bytes| merge::caught(|| merge::check_snapshot(bytes)))
    {
        damage.push(Damage::SnapshotUndecodable {
            seq: snapshot_seq,
            reason,
        });
    }
    let usable: Vec<_> = updates
        .iter()
        .filter_map(|update| Some((update.seq, usable(update)?)))
        .collect();
    for (seq, bytes) in &usable {
        if let Err(MergeError(reason)) = merge::check_caught(bytes) {
            damage.push(Damage::RowUndecodable { seq: *seq, reason });
        }
    }
    if !damage.is_empty() {
        return damage;
    }
    let folded = usable.iter().take_while(|(seq, _)| *seq <= snapshot_seq).copied();
    match merge::adds_to(snapshot, folded) {
        Ok(true) if snapshot.is_some() => damage.push(Damage::SnapshotIncomplete { seq: snapshot_seq }),
        Ok(_) => {}
        Err(MergeError(reason)) => damage.push(Damage::Unmergeable { reason }),
    }
    let tail = usable
        .iter()
        .skip_while(|(seq, _)| *seq <= snapshot_seq)
        .map(|(_, bytes)| *bytes);
    if let Err(MergeError(reason)) = merge::merge(snapshot, tail) {
        damage.push(Damage::Unmergeable { reason });
    }
    damage
}

/// The bytes of an update that takes part in the document.
pub(crate) fn usable(update: &ArchivedUpdate) -> Option<&Bytes> {
    match &update.content {
        ArchivedContent::Update(bytes) => Some(bytes),
        ArchivedContent::Undecodable(_) | ArchivedContent::Lost => None,
    }
}
