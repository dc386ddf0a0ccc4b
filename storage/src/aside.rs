//! Keeps damaged bytes in `quarantine/` before a rebuild replaces them.
//!
//! Invariant: a file here is complete and on stable storage before the rows and blobs it came from are touched, and
//! it is never overwritten with other bytes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use bytes::Bytes;

use crate::archive::Archive;
use crate::backend::DocumentView;
use crate::blob::BlobKey;
use crate::engine::Engine;
use crate::error::{Damage, StorageError};
use crate::model::{ArchivedContent, ArchivedUpdate, DocumentId};
use crate::stored::{Place, StoredBytes};

/// The directory below the data directory.
pub(crate) const QUARANTINE_DIRECTORY: &str = "quarantine";

/// Pieces of a document under the names that their files get.
#[derive(Debug, Default)]
pub(crate) struct Aside(Vec<(String, Bytes)>);

impl Aside {
    /// Everything of a document that is damaged and still has bytes.
    pub(crate) async fn collect(
        engine: &Engine,
        view: &DocumentView,
        archive: &Archive,
        damage: &[Damage],
        updates: &[ArchivedUpdate],
    ) -> Self {
        let mut aside = Self::default();
        let snapshot_is_damaged = damage.iter().any(|damage| {
            !matches!(
                damage,
                Damage::LogGap { .. }
                    | Damage::RowUndecodable { .. }
                    | Damage::HistoryGap { .. }
                    | Damage::History { .. }
            )
        });
        if let Some(row) = view.snapshot.as_ref().filter(|_| snapshot_is_damaged) {
            aside.add(format!("snapshot-{}", row.seq), raw(engine, &row.stored).await);
        }
        for row in &archive.damaged_segments {
            aside.add(
                format!("history-{}-{}", row.first, row.last),
                raw(engine, &row.stored).await,
            );
        }
        for row in &archive.strays {
            aside.add(format!("update-{}", row.seq), Some(row.bytes.clone()));
        }
        for update in updates {
            if let ArchivedContent::Undecodable(bytes) = &update.content {
                aside.add(format!("update-{}", update.seq), Some(bytes.clone()));
            }
        }
        aside
    }

    fn add(&mut self, name: String, bytes: Option<Bytes>) {
        let Some(bytes) = bytes else { return };
        // The checksum keeps apart what was found at different times.
        let checksum = BlobKey::of(&bytes).to_string();
        self.0.push((format!("{name}-{}", &checksum[..16]), bytes));
    }
}

/// The bytes as they are, whatever they are.
async fn raw(engine: &Engine, stored: &StoredBytes) -> Option<Bytes> {
    match &stored.place {
        Place::Inline(bytes) => Some(bytes.clone()),
        Place::Blob(key) => engine.blobs.get_unverified(*key).await,
    }
}

/// Writes the pieces and returns their paths relative to the data directory.
pub(crate) async fn keep_aside(
    engine: &Engine,
    document: DocumentId,
    aside: Aside,
) -> Result<Vec<String>, StorageError> {
    if aside.0.is_empty() {
        return Ok(Vec::new());
    }
    let root = engine.quarantine_dir.clone();
    let written = engine
        .tasks
        .spawn_blocking(move || write(&root, document, &aside))
        .await;
    let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
    written.map_err(|error| StorageError::from_io("keeping damaged bytes aside", error))
}

fn write(root: &Path, document: DocumentId, aside: &Aside) -> io::Result<Vec<String>> {
    let directory = root.join(document.to_string());
    fs::create_dir_all(&directory)?;
    for (name, bytes) in &aside.0 {
        let mut file = File::create(directory.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    for level in [directory.as_path(), root] {
        File::open(level)?.sync_all()?;
    }
    Ok(aside
        .0
        .iter()
        .map(|(name, _)| format!("{QUARANTINE_DIRECTORY}/{document}/{name}"))
        .collect())
}
