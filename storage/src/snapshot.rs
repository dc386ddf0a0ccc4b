//! The bytes of a snapshot: a count, then updates in format v1, each behind its length (lib0 integers).
//!
//! The first update is the state of the document, inside of the renewal if it was made anew. The others still wait for updates that never came; they are part of
//! the document too, and one update cannot hold both without making `yrs` guess.

use bytes::Bytes;
use weft_protocol::lib0::{DecodeError, Reader, write_buffer, write_var_uint};

/// Why bytes are no snapshot.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotASnapshot {
    /// The encoding is broken.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// There is something behind the last update.
    #[error("bytes follow the last update")]
    TrailingBytes,
}

/// The bytes of a snapshot of `state` and what waits.
pub(crate) fn encode<'a>(state: &[u8], waiting: impl ExactSizeIterator<Item = &'a [u8]>) -> Bytes {
    let mut bytes = Vec::with_capacity(state.len() + 16);
    write_var_uint(&mut bytes, waiting.len() as u64 + 1);
    write_buffer(&mut bytes, state);
    for update in waiting {
        write_buffer(&mut bytes, update);
    }
    bytes.into()
}

/// The updates in a snapshot; they share its bytes.
///
/// # Errors
/// [`NotASnapshot`] if the bytes are not exactly a snapshot.
pub(crate) fn updates(snapshot: &Bytes) -> Result<Vec<Bytes>, NotASnapshot> {
    let mut reader = Reader::new(snapshot);
    let mut updates = Vec::new();
    for _ in 0..reader.var_uint()? {
        updates.push(snapshot.slice_ref(reader.buffer()?));
    }
    if reader.is_empty() {
        Ok(updates)
    } else {
        Err(NotASnapshot::TrailingBytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_and_nothing_else_does() {
        let snapshot = encode(b"state", [b"one".as_slice(), b"two"].into_iter());
        assert_eq!(
            updates(&snapshot).unwrap(),
            ["state", "one", "two"].map(Bytes::from)
        );
        for end in 0..snapshot.len() {
            assert!(updates(&snapshot.slice(..end)).is_err());
        }
        assert!(updates(&Bytes::from([&snapshot[..], b"x"].concat())).is_err());
        assert!(
            updates(&Bytes::from_static(b"\xff\xff\xff\xff\x0f")).is_err(),
            "a count is not believed"
        );
    }
}
