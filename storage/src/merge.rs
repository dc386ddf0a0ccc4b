//! Puts updates together with `yrs`, on a thread of its own.
//!
//! Invariant: whatever the bytes do to `yrs`, the caller gets an answer: a panic is an error of that piece of work,
//! and the thread has a stack for deep structures. The thread belongs to a tracked task and ends with it.

use std::io;
use std::thread;

use bytes::Bytes;
use tokio_util::task::TaskTracker;
use weft_protocol::gate::{Gate, WaitingLimits};
use weft_protocol::renewal::Renewal;
use weft_protocol::scan::{UpdateLimits, scan_update};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, Update};

use crate::error::StorageError;
use crate::model::Seq;
use crate::snapshot;

/// Stack of a merging thread. It is address space; memory is taken only as deep as the stack is used.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// A piece of work that failed, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct MergeError(pub(crate) String);

/// Runs `work` on a thread with a large stack; a panic in it becomes a [`MergeError`].
pub(crate) async fn isolated<T: Send + 'static>(
    tasks: &TaskTracker,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Result<T, MergeError>, StorageError> {
    let outcome = tasks
        .spawn_blocking(move || {
            let thread = thread::Builder::new()
                .name("weft-merge".to_owned())
                .stack_size(STACK_BYTES);
            Ok(thread
                .spawn(work)?
                .join()
                .map_err(|panic| MergeError(panic_message(&*panic))))
        })
        .await;
    let outcome: io::Result<_> = outcome.unwrap_or_else(|error| Err(io::Error::other(error)));
    outcome.map_err(|error| StorageError::unavailable("starting a thread to merge updates", error))
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the merge failed inside: {}", text.unwrap_or("no message"))
}

/// The snapshot that `snapshot` and all of `updates` add up to.
pub(crate) fn merge<'a>(
    snapshot: Option<&Bytes>,
    updates: impl IntoIterator<Item = &'a Bytes>,
) -> Result<Bytes, MergeError> {
    let mut merge = Merge::new(snapshot)?;
    for update in updates {
        merge.add(update)?;
    }
    Ok(merge.snapshot())
}

/// Whether `log`, the rows with their places, holds anything that `snapshot` lacks.
pub(crate) fn adds_to<'a>(
    snapshot: Option<&Bytes>,
    log: impl IntoIterator<Item = (Seq, &'a Bytes)>,
) -> Result<bool, MergeError> {
    let mut merge = Merge::new(snapshot)?;
    let before = merge.document.transact().state_vector();
    // What came before the document was made anew is history.
    let begins = merge.begins;
    for (_, update) in log.into_iter().filter(|(seq, _)| seq.get() >= begins) {
        merge.add(update)?;
    }
    let after = merge.document.transact().state_vector();
    Ok(before != after)
}

/// Whether `bytes` are a snapshot of v1 updates. To be called in [`isolated`] work, as the decoder may panic.
pub(crate) fn check_snapshot(bytes: &Bytes) -> Result<(), MergeError> {
    snapshot_updates(bytes)?.iter().try_for_each(check)
}

/// The updates that a snapshot consists of.
pub(crate) fn snapshot_updates(bytes: &Bytes) -> Result<Vec<Bytes>, MergeError> {
    snapshot::updates(bytes).map_err(|error| MergeError(error.to_string()))
}

/// The place of the newest renewal among `pieces`; 0 if there is none.
pub(crate) fn newest_renewal<'a>(pieces: impl IntoIterator<Item = &'a Bytes>) -> u64 {
    let places = pieces.into_iter().filter_map(|bytes| place(bytes));
    places.max().unwrap_or(0)
}

/// The place of a renewal, if `bytes` are one.
pub(crate) fn place(bytes: &[u8]) -> Option<u64> {
    Some(Renewal::parse(bytes).ok()??.place)
}

/// Whether `bytes` are a row of a log: a v1 update, or a renewal of one. To be called in [`isolated`] work, as the decoder may panic.
pub(crate) fn check(bytes: &Bytes) -> Result<(), MergeError> {
    decode(bytes).map(|_| ())
}

/// Like [`check`], but a panic is an answer too, so that the pieces after this one can be looked at.
pub(crate) fn check_caught(bytes: &Bytes) -> Result<(), MergeError> {
    caught(|| check(bytes))
}

/// Runs `work`; a panic in it is an error. Nothing that `work` has touched may be used afterwards.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T, MergeError>) -> Result<T, MergeError> {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    outcome.unwrap_or_else(|panic| Err(MergeError(panic_message(&*panic))))
}

/// A document on its way from its pieces to its snapshot.
struct Merge {
    document: Doc,
    gate: Gate,
    /// The place at which the document was last made anew; 0 if it never was.
    begins: u64,
    /// The clients that wrote before that.
    retired: Vec<u64>,
}

impl Merge {
    fn new(snapshot: Option<&Bytes>) -> Result<Self, MergeError> {
        let mut merge = Self::empty();
        for update in snapshot.map(snapshot_updates).transpose()?.unwrap_or_default() {
            merge.add(&update)?;
        }
        Ok(merge)
    }

    fn empty() -> Self {
        // Yjs counts text in UTF-16 units, and so must whoever splits its blocks.
        let document = Doc::with_options(Options {
            offset_kind: OffsetKind::Utf16,
            cleanup_formatting: false,
            ..Options::default()
        });
        // What is stored is never too much.
        let gate = Gate::new(WaitingLimits {
            max_updates: usize::MAX,
            max_bytes: usize::MAX,
        });
        Self {
            document,
            gate,
            begins: 0,
            retired: Vec::new(),
        }
    }

    /// Takes in a row, or a piece of a snapshot. A renewal puts everything before it aside.
    fn add(&mut self, row: &Bytes) -> Result<(), MergeError> {
        match renewal(row)? {
            None => self.apply(row),
            Some(renewal) if renewal.place < self.begins => Ok(()),
            Some(renewal) => {
                if renewal.place > self.begins {
                    *self = Self::empty();
                    self.begins = renewal.place;
                    self.retired = renewal.retired;
                }
                self.apply(renewal.content)
            }
        }
    }

    fn apply(&mut self, update: &[u8]) -> Result<(), MergeError> {
        scan(update)?;
        let Self { document, gate, .. } = self;
        let admitted = gate.admit(update, || document.transact().state_vector().encode_v1());
        let admitted = admitted.map_err(|error| MergeError(error.to_string()))?;
        let mut transaction = document.transact_mut();
        for part in admitted {
            let part = Update::decode_v1(&part).map_err(|error| MergeError(error.to_string()))?;
            transaction
                .apply_update(part)
                .map_err(|error| MergeError(error.to_string()))?;
        }
        Ok(())
    }

    fn snapshot(&self) -> Bytes {
        let state = self
            .document
            .transact()
            .encode_state_as_update_v1(&StateVector::default());
        let state = if self.begins == 0 {
            state
        } else {
            let renewal = Renewal {
                place: self.begins,
                retired: self.retired.clone(),
                content: &state,
            };
            renewal.encode()
        };
        snapshot::encode(&state, self.gate.waiting())
    }
}

fn renewal(row: &[u8]) -> Result<Option<Renewal<'_>>, MergeError> {
    Renewal::parse(row).map_err(|error| MergeError(error.to_string()))
}

/// The structural scan comes first: damaged bytes can make the decoder ask for gigabytes or overflow the stack, which
/// nothing here could catch.
fn scan(bytes: &[u8]) -> Result<(), MergeError> {
    let facts = scan_update(bytes, &UpdateLimits::trusted_state());
    facts.map(drop).map_err(|error| MergeError(error.to_string()))
}

fn decode(row: &[u8]) -> Result<Update, MergeError> {
    let bytes = renewal(row)?.map_or(row, |renewal| renewal.content);
    scan(bytes)?;
    Update::decode_v1(bytes).map_err(|error| MergeError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Well-framed bytes that make `yrs` 0.28.1 panic while it decodes or applies them.
    const HOSTILE: &str = "010166ffffffff0f040101740668656c6c6f2000";

    #[tokio::test]
    async fn a_panic_is_an_error_of_its_work_alone() {
        let tasks = TaskTracker::new();
        let failed = isolated(&tasks, || -> u8 { panic!("on purpose") }).await.unwrap();
        assert!(failed.unwrap_err().0.contains("on purpose"));
        let hostile = Bytes::from(hex::decode(HOSTILE).unwrap());
        let refused = isolated(&tasks, move || merge(None, [&hostile])).await.unwrap();
        assert!(matches!(refused, Ok(Err(MergeError(_)))), "{refused:?}");
        assert_eq!(isolated(&tasks, || 7).await.unwrap(), Ok(7));
    }
}
