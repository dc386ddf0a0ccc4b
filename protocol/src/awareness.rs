//! Awareness (presence, cursors): the body of message type 1 in both protocols.
//!
//! Invariant: every state that comes out of [`decode`] is valid JSON, because clients throw on anything else and a
//! server hands states on to everybody. The text itself is never interpreted. Memory is proportional to the bytes
//! that are there, never to the count that they declare.

use serde::de::IgnoredAny;

use crate::lib0::{DecodeError, Reader, write_var_string, write_var_uint};

/// The shortest entry: a client, a clock, a length and one digit of JSON.
const MIN_ENTRY_BYTES: usize = 4;

/// How much one awareness message may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwarenessLimits {
    /// Entries in one message.
    pub max_entries: usize,
    /// Bytes of JSON in one state.
    pub max_state_bytes: usize,
}

impl Default for AwarenessLimits {
    /// 10,000 entries (a client echoes the presence of everybody in a large room in one message) of 64 KiB each.
    fn default() -> Self {
        Self {
            max_entries: 10_000,
            max_state_bytes: 64 * 1024,
        }
    }
}

/// What one client says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The client's id, up to 53 bits.
    pub client: u64,
    /// Counts the client's announcements; the greater one holds.
    pub clock: u64,
    /// JSON, or `None` for `null`: the client is gone.
    pub state: Option<&'a str>,
}

/// Why bytes are no awareness message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AwarenessError {
    /// The encoding is broken.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// More than [`AwarenessLimits::max_entries`].
    #[error("too many awareness entries in one message")]
    TooManyEntries,
    /// A state of more than [`AwarenessLimits::max_state_bytes`].
    #[error("an awareness state is too large")]
    StateTooLarge,
    /// A state that clients could not parse.
    #[error("an awareness state is not valid JSON")]
    InvalidJson,
}

/// Reads the body of an awareness message (what is inside the buffer). Bytes behind the last entry are ignored.
///
/// # Errors
/// [`AwarenessError`]; nothing of such a message may be used.
pub fn decode<'a>(body: &'a [u8], limits: &AwarenessLimits) -> Result<Vec<Entry<'a>>, AwarenessError> {
    let mut reader = Reader::new(body);
    let count = reader.var_uint()?;
    if count > (reader.remaining() / MIN_ENTRY_BYTES) as u64 {
        return Err(DecodeError::UnexpectedEnd.into());
    }
    if count > limits.max_entries as u64 {
        return Err(AwarenessError::TooManyEntries);
    }
    // Both bounds hold, so the count is now no more than what the bytes justify.
    let mut entries = Vec::with_capacity(count as usize);
    for _ in 0..count {
        entries.push(decode_entry(&mut reader, limits)?);
    }
    Ok(entries)
}

fn decode_entry<'a>(reader: &mut Reader<'a>, limits: &AwarenessLimits) -> Result<Entry<'a>, AwarenessError> {
    let client = reader.var_uint()?;
    let clock = reader.var_uint()?;
    let state = reader.buffer()?;
    if state.len() > limits.max_state_bytes {
        return Err(AwarenessError::StateTooLarge);
    }
    let state = std::str::from_utf8(state).map_err(|_| DecodeError::InvalidUtf8)?;
    // Skips over the text without building values and without recursion.
    serde_json::from_str::<IgnoredAny>(state).map_err(|_| AwarenessError::InvalidJson)?;
    let present = state.trim_ascii() != "null";
    Ok(Entry {
        client,
        clock,
        state: present.then_some(state),
    })
}

/// The body of an awareness message with `entries`, to be wrapped by one of the protocols.
pub fn encode<'a, I>(entries: I) -> Vec<u8>
where
    I: IntoIterator<Item = Entry<'a>>,
    I::IntoIter: ExactSizeIterator,
{
    let entries = entries.into_iter();
    let mut out = Vec::with_capacity(8 + 32 * entries.len());
    write_var_uint(&mut out, entries.len() as u64);
    for entry in entries {
        write_var_uint(&mut out, entry.client);
        write_var_uint(&mut out, entry.clock);
        write_var_string(&mut out, entry.state.unwrap_or("null"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_a_round_trip() {
        let entries = [
            Entry {
                client: 1,
                clock: 3,
                state: Some(r#"{"user":{"name":"Ada"}}"#),
            },
            Entry {
                client: (1 << 53) - 1,
                clock: 0,
                state: None,
            },
        ];
        let body = encode(entries);
        assert_eq!(decode(&body, &AwarenessLimits::default()).unwrap(), entries);
    }

    #[test]
    fn a_declared_count_is_worth_nothing() {
        let limits = AwarenessLimits::default();
        let huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(decode(&huge, &limits), Err(DecodeError::UnexpectedEnd.into()));
    }

    #[test]
    fn limits_hold() {
        let entry = Entry {
            client: 1,
            clock: 1,
            state: Some("[1,2]"),
        };
        let body = encode([entry, entry]);
        let limits = |max_entries, max_state_bytes| AwarenessLimits {
            max_entries,
            max_state_bytes,
        };
        assert!(decode(&body, &limits(2, 5)).is_ok());
        assert_eq!(decode(&body, &limits(1, 5)), Err(AwarenessError::TooManyEntries));
        assert_eq!(decode(&body, &limits(2, 4)), Err(AwarenessError::StateTooLarge));
    }

    #[test]
    fn states_are_json_as_clients_parse_it() {
        let limits = AwarenessLimits::default();
        let state = |text| {
            let body = encode([Entry {
                client: 1,
                clock: 1,
                state: Some(text),
            }]);
            decode(&body, &limits).map(|entries| entries[0].state.map(str::to_owned))
        };
        assert_eq!(state(r#"{"a""#), Err(AwarenessError::InvalidJson));
        assert_eq!(
            state(""),
            Err(AwarenessError::Malformed(DecodeError::UnexpectedEnd))
        );
        assert_eq!(state("{} {}"), Err(AwarenessError::InvalidJson));
        assert_eq!(state(" null "), Ok(None));
        // Half a surrogate pair is legal in JSON, and JavaScript writes it.
        assert!(state(r#""\ud83d""#).is_ok());
        let deep = "[".repeat(20_000) + &"]".repeat(20_000);
        assert!(state(&deep).is_ok(), "deep nesting must not recurse");
    }
}
