//! Reads everything that was ever committed to a document: the archive, then the log tail.
//!
//! Invariant: the result runs from seq 1 without a gap. Where something is missing or damaged there is a
//! [`ArchivedContent::Lost`] in its place and an entry in `damage`.

use crate::backend::{DocumentView, HistoryRow, TailRow};
use crate::error::{Damage, StorageError};
use crate::model::{ArchivedContent, ArchivedUpdate, Seq};
use crate::segment;
use crate::stored::Vault;

/// Lost updates that are listed one by one. More than that means that a number is damaged, not that so much is lost.
pub(crate) const MAX_LOST: u64 = 4_000_000;

/// All updates of a document.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    /// From seq 1, gapless.
    pub(crate) updates: Vec<ArchivedUpdate>,
    /// What is wrong.
    pub(crate) damage: Vec<Damage>,
    /// Segments that could not be used.
    pub(crate) damaged_segments: Vec<HistoryRow>,
    /// Log rows that stand where there is already another update.
    pub(crate) strays: Vec<TailRow>,
    /// How many updates are lost, also where they are too many to be listed.
    pub(crate) lost: u64,
}

/// Puts together what `view`, a view with history, shows.
///
/// # Errors
/// A failure of the storage; damage is none.
pub(crate) async fn read(vault: &Vault, view: &DocumentView) -> Result<Archive, StorageError> {
    let mut archive = Archive::default();
    for row in &view.history {
        archive.add_segment(row, read_segment(vault, row).await?);
    }
    let snapshot_seq = view.document.snapshot_seq;
    let archived = archive.end();
    if archived > snapshot_seq {
        archive.damage.push(Damage::SnapshotMissing { seq: archived });
    } else if archived < snapshot_seq {
        archive.damage.push(Damage::HistoryGap {
            expected: archived.plus(1),
            found: None,
        });
        // Log rows that should have been folded may still be there; they fill the gap below.
    }
    for row in &view.tail {
        archive.add_row(row);
    }
    let head = view.document.head;
    let expected = archive.end().plus(1);
    if expected <= head {
        archive.damage.push(Damage::LogGap {
            expected,
            found: None,
        });
        archive.lose_before(head.plus(1));
    } else if archive.end() > head {
        let expected = head.plus(1);
        archive.damage.push(Damage::LogGap {
            expected,
            found: Some(expected),
        });
    }
    Ok(archive)
}

async fn read_segment(
    vault: &Vault,
    row: &HistoryRow,
) -> Result<Result<Vec<ArchivedUpdate>, Damage>, StorageError> {
    let HistoryRow {
        first,
        last,
        ref stored,
    } = *row;
    let bytes = match vault.fetch(stored).await {
        Ok(bytes) => bytes,
        Err(problem) => return problem.of_history(first, last).map(Err),
    };
    let damaged = |reason: String| Damage::History { first, last, reason };
    let updates = match segment::decode(bytes) {
        Ok(updates) => updates,
        Err(error) => return Ok(Err(damaged(error.to_string()))),
    };
    let ends = (
        updates.first().map(|update| update.seq),
        updates.last().map(|update| update.seq),
    );
    if ends == (Some(first), Some(last)) {
        Ok(Ok(updates))
    } else {
        Ok(Err(damaged(
            "it holds other updates than its row says".to_owned(),
        )))
    }
}

impl Archive {
    /// The last seq.
    pub(crate) fn end(&self) -> Seq {
        self.updates.last().map_or(Seq::ZERO, |update| update.seq)
    }

    fn add_segment(&mut self, row: &HistoryRow, updates: Result<Vec<ArchivedUpdate>, Damage>) {
        let expected = self.end().plus(1);
        if row.first != expected {
            self.damage.push(Damage::HistoryGap {
                expected,
                found: Some(row.first),
            });
        }
        match updates {
            Ok(updates) => {
                self.lose_before(row.first);
                self.updates
                    .extend(updates.into_iter().filter(|update| update.seq >= expected));
            }
            Err(damage) => {
                self.damage.push(damage);
                self.damaged_segments.push(row.clone());
            }
        }
    }

    fn add_row(&mut self, row: &TailRow) {
        let expected = self.end().plus(1);
        if row.seq < expected {
            self.damage.push(Damage::LogGap {
                expected,
                found: Some(row.seq),
            });
            self.strays.push(row.clone());
            return;
        }
        if row.seq > expected {
            self.damage.push(Damage::LogGap {
                expected,
                found: Some(row.seq),
            });
            self.lose_before(row.seq);
        }
        self.updates.push(ArchivedUpdate {
            seq: row.seq,
            created_at_ms: row.created_at_ms,
            author: row.author.clone(),
            content: ArchivedContent::Update(row.bytes.clone()),
        });
    }

    /// Marks everything from the end up to, not including, `next` as lost.
    fn lose_before(&mut self, next: Seq) {
        let end = self.end();
        let missing = next.get().saturating_sub(end.get() + 1);
        self.lost = self.lost.saturating_add(missing);
        if self.lost > MAX_LOST {
            return;
        }
        let created_at_ms = self.updates.last().map_or(0, |update| update.created_at_ms);
        let lost = (end.get() + 1..next.get()).map(|seq| ArchivedUpdate {
            seq: Seq(seq),
            created_at_ms,
            author: None,
            content: ArchivedContent::Lost,
        });
        self.updates.extend(lost);
    }
}
