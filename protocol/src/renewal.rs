//! The row of a log with which a document begins anew.
//!
//! A Yjs document never forgets: whatever was changed and changed again leaves bytes behind for good. A renewal leaves
//! them in the history. It holds all that the document showed, written by one new client, and what follows it in the log builds on
//! it alone. Whoever has the document from before has to load it again: their copy and the new one would add up to
//! everything twice. They are known by the clients that wrote before, which the renewal names.
//!
//! Invariant: no update can be taken for a renewal, nor a renewal for an update, so a log may hold both. The first eight bytes
//! of a renewal are an integer of more than 53 bits, with which no update begins.

use crate::lib0::{DecodeError, Reader, write_buffer, write_var_uint};

const MARK: [u8; 8] = [0xff; 8];
const VERSION: u8 = 1;

/// What a renewal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal<'a> {
    /// Its own place in the log: what comes before it is history.
    pub place: u64,
    /// The Yjs clients that had written before, ascending. Nothing of theirs is in the document any more.
    pub retired: Vec<u64>,
    /// All of the document, as an update of format v1.
    pub content: &'a [u8],
}

/// Why the bytes of a renewal cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RenewalError {
    /// The encoding is broken.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// A version that this code does not know.
    #[error("a renewal of a version that this server does not know")]
    UnknownVersion,
    /// The clients do not ascend.
    #[error("the retired clients of a renewal are out of order")]
    OutOfOrder,
    /// Something follows where the end should be.
    #[error("bytes follow a renewal")]
    TrailingBytes,
}

impl<'a> Renewal<'a> {
    /// Whether `bytes` begin as a renewal does.
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(&MARK)
    }

    /// Reads a renewal; `None` if `bytes` are something else, such as an update.
    ///
    /// # Errors
    /// [`RenewalError`] if they begin as a renewal and are none.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<Self>, RenewalError> {
        let Some(rest) = bytes.strip_prefix(&MARK) else {
            return Ok(None);
        };
        let mut reader = Reader::new(rest);
        if reader.byte()? != VERSION {
            return Err(RenewalError::UnknownVersion);
        }
        let place = reader.var_uint()?;
        let mut retired: Vec<u64> = Vec::new();
        for _ in 0..reader.var_uint()? {
            let client = reader.var_uint()?;
            if retired.last().is_some_and(|last| *last >= client) {
                return Err(RenewalError::OutOfOrder);
            }
            retired.push(client);
        }
        let content = reader.buffer()?;
        if !reader.is_empty() {
            return Err(RenewalError::TrailingBytes);
        }
        Ok(Some(Self {
            place,
            retired,
            content,
        }))
    }

    /// The bytes of it.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.content.len() + self.retired.len() * 5 + 32);
        bytes.extend(MARK);
        bytes.push(VERSION);
        write_var_uint(&mut bytes, self.place);
        write_var_uint(&mut bytes, self.retired.len() as u64);
        for client in &self.retired {
            write_var_uint(&mut bytes, *client);
        }
        write_buffer(&mut bytes, self.content);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{UpdateLimits, scan_update};

    fn renewal() -> Renewal<'static> {
        Renewal {
            place: 300,
            retired: vec![1, 77, 1 << 40],
            content: &[0, 0],
        }
    }

    #[test]
    fn what_goes_in_comes_out_and_nothing_else_does() {
        let bytes = renewal().encode();
        assert_eq!(Renewal::parse(&bytes), Ok(Some(renewal())));
        for end in 8..bytes.len() {
            assert!(Renewal::parse(&bytes[..end]).is_err(), "{end}");
        }
        assert_eq!(
            Renewal::parse(&[&bytes[..], &[0]].concat()),
            Err(RenewalError::TrailingBytes)
        );
        let mut later = bytes.clone();
        later[8] = 2;
        assert_eq!(Renewal::parse(&later), Err(RenewalError::UnknownVersion));
        let unsorted = Renewal {
            retired: vec![2, 2],
            ..renewal()
        };
        assert_eq!(Renewal::parse(&unsorted.encode()), Err(RenewalError::OutOfOrder));
    }

    #[test]
    fn an_update_is_no_renewal_and_a_renewal_is_no_update() {
        assert_eq!(Renewal::parse(&[0, 0]), Ok(None));
        assert!(scan_update(&renewal().encode(), &UpdateLimits::trusted_state()).is_err());
    }
}
