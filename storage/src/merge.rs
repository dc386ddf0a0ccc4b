//! Puts updates together with `yrs`, on a thread of its own.
//!
//! Invariant: whatever the bytes do to `yrs`, the caller gets an answer: a panic is an error of that piece of work,
//! and the thread has a stack for deep structures. The thread belongs to a tracked task and ends with it.

use std::io;
use std::thread;

use bytes::Bytes;
use tokio_util::task::TaskTracker;
use weft_protocol::scan::{UpdateLimits, scan_update};
use yrs::updates::decoder::Decode;
use yrs::{Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, Update};

use crate::error::StorageError;

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

/// The state that all of `updates` add up to, as one v1 update; what waits for missing updates is in it too.
pub(crate) fn merge<'a>(updates: impl IntoIterator<Item = &'a Bytes>) -> Result<Bytes, MergeError> {
    let document = new_document();
    for update in updates {
        apply(&document, update)?;
    }
    Ok(encode(&document))
}

/// Whether `log` holds anything that `snapshot` lacks.
pub(crate) fn adds_to<'a>(
    snapshot: Option<&Bytes>,
    log: impl IntoIterator<Item = &'a Bytes>,
) -> Result<bool, MergeError> {
    let document = new_document();
    if let Some(snapshot) = snapshot {
        apply(&document, snapshot)?;
    }
    let before = document.transact().state_vector();
    for update in log {
        apply(&document, update)?;
    }
    let after = document.transact().state_vector();
    Ok(before != after)
}

/// Whether `bytes` are a v1 update. To be called in [`isolated`] work, as the decoder may panic.
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

fn new_document() -> Doc {
    // Yjs counts text in UTF-16 units, and so must whoever splits its blocks.
    Doc::with_options(Options {
        offset_kind: OffsetKind::Utf16,
        ..Options::default()
    })
}

/// The structural scan comes first: damaged bytes can make the decoder ask for gigabytes or overflow the stack, which
/// nothing here could catch.
fn decode(bytes: &Bytes) -> Result<Update, MergeError> {
    scan_update(bytes, &UpdateLimits::trusted_state()).map_err(|error| MergeError(error.to_string()))?;
    Update::decode_v1(bytes).map_err(|error| MergeError(error.to_string()))
}

fn apply(document: &Doc, bytes: &Bytes) -> Result<(), MergeError> {
    let update = decode(bytes)?;
    document
        .transact_mut()
        .apply_update(update)
        .map_err(|error| MergeError(error.to_string()))
}

fn encode(document: &Doc) -> Bytes {
    document
        .transact()
        .encode_state_as_update_v1(&StateVector::default())
        .into()
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
        let refused = isolated(&tasks, move || merge([&hostile])).await.unwrap();
        assert!(matches!(refused, Ok(Err(MergeError(_)))), "{refused:?}");
        assert_eq!(isolated(&tasks, || 7).await.unwrap(), Ok(7));
    }
}
