//! What is said, and its bytes.
//!
//! Invariant: bytes that do not decode are nothing that was said; they never panic and never take more memory than they
//! have.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::NodeId;
use crate::model::Seq;

/// Updates up to this size together travel with the word that they were appended; of larger ones only the word does.
pub const MAX_CARRIED_BYTES: usize = 128 * 1024;
/// The version of the form below. Another one is not understood, which is no worse than silence.
const VERSION: u8 = 1;

/// What is said about one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Signal {
    /// Rows are durable.
    Appended {
        /// The head before them.
        after: u64,
        /// How many.
        rows: u64,
        /// The updates in them, or nothing if they are large.
        updates: Vec<Bytes>,
    },
    /// An awareness message, as clients send it.
    Awareness(Bytes),
    /// "Who is where you are?"
    WhoIsHere,
    /// A message of an application to all members.
    Stateless(String),
}

impl Signal {
    /// Rows that became durable after `after`.
    pub fn appended(after: Seq, updates: Vec<Bytes>) -> Self {
        let rows = updates.len() as u64;
        let size: usize = updates.iter().map(Bytes::len).sum();
        Self::Appended {
            after: after.get(),
            rows,
            updates: if size <= MAX_CARRIED_BYTES {
                updates
            } else {
                Vec::new()
            },
        }
    }
}

/// What nodes say about themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// "I am here."
    Alive,
    /// "I stop."
    Leaving,
    /// Rights have changed: look for raised epochs.
    Rights,
    /// Events were written: look for work.
    Events,
    /// Inboxes have changed: look into them.
    Inboxes,
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    version: u8,
    node: u64,
    said: T,
}

/// The bytes of what `node` says.
pub(super) fn encode<T: Serialize>(node: NodeId, said: T) -> Option<Vec<u8>> {
    let envelope = Envelope {
        version: VERSION,
        node: node.0,
        said,
    };
    postcard::to_stdvec(&envelope).ok()
}

/// What the bytes say, and who says it.
pub(super) fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Option<(NodeId, T)> {
    let envelope: Envelope<T> = postcard::from_bytes(bytes).ok()?;
    (envelope.version == VERSION).then_some((NodeId(envelope.node), envelope.said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_come_back_as_they_were_said() {
        let node = NodeId(u64::MAX);
        for signal in [
            Signal::appended(Seq(7), vec![Bytes::from_static(b"one"), Bytes::from_static(b"")]),
            Signal::Awareness(Bytes::from_static(&[1, 2, 3])),
            Signal::WhoIsHere,
            Signal::Stateless("héllo".to_owned()),
        ] {
            let bytes = encode(node, &signal).unwrap();
            assert_eq!(decode::<Signal>(&bytes), Some((node, signal)));
            for end in 0..bytes.len() {
                assert_eq!(decode::<Signal>(&bytes[..end]), None, "cut at {end}");
            }
        }
        let notice = encode(node, Notice::Rights).unwrap();
        assert_eq!(decode(&notice), Some((node, Notice::Rights)));
    }

    #[test]
    fn large_rows_travel_as_a_word_and_other_versions_are_silence() {
        let large = Bytes::from(vec![0; MAX_CARRIED_BYTES + 1]);
        let signal = Signal::appended(Seq(3), vec![large]);
        assert!(matches!(signal, Signal::Appended { after: 3, rows: 1, ref updates } if updates.is_empty()));
        let mut bytes = encode(NodeId(1), &signal).unwrap();
        bytes[0] = VERSION + 1;
        assert_eq!(decode::<Signal>(&bytes), None);
    }
}
