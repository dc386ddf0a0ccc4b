//! One Yjs client that appends: makes the update bytes of each edit without a CRDT.
//!
//! Each edit is one text item whose origin is the writer's own previous character, which is what a Yjs client
//! typing at its own cursor sends. A thousand writers so cost a few string pushes each.
//!
//! Invariant: applied in any order at any replica, the edits of one writer read as its text, in order, once. It must
//! never reuse a client id: two writers of one document get different ones.

use weft_protocol::lib0::{write_buffer, write_var_uint};

/// The root text that all edits of a run go to.
pub const ROOT: &str = "load";

const CONTENT_STRING: u8 = 4;
const HAS_ORIGIN: u8 = 0x80;

/// A Yjs client that appends text to the end of its own text.
#[derive(Debug)]
pub struct Writer {
    client: u64,
    text: Vec<u8>,
}

impl Writer {
    /// A writer with the Yjs client id `client` that has written nothing yet.
    #[must_use]
    pub fn new(client: u64) -> Self {
        Self {
            client,
            text: Vec::new(),
        }
    }

    /// Appends `text` (ASCII) and returns the update that says so.
    pub fn append(&mut self, text: &[u8]) -> Vec<u8> {
        let clock = self.text.len() as u64;
        self.text.extend_from_slice(text);
        encode_item(self.client, clock, text)
    }

    /// Everything written so far as one update: the answer to a server's question what it lacks.
    #[must_use]
    pub fn full_update(&self) -> Vec<u8> {
        if self.text.is_empty() {
            vec![0, 0]
        } else {
            encode_item(self.client, 0, &self.text)
        }
    }
}

/// Update v1 with one client, one text item and no deletions.
fn encode_item(client: u64, clock: u64, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 32);
    write_var_uint(&mut out, 1);
    write_var_uint(&mut out, 1);
    write_var_uint(&mut out, client);
    write_var_uint(&mut out, clock);
    if let Some(previous) = clock.checked_sub(1) {
        out.push(CONTENT_STRING | HAS_ORIGIN);
        write_var_uint(&mut out, client);
        write_var_uint(&mut out, previous);
    } else {
        out.push(CONTENT_STRING);
        write_var_uint(&mut out, 1);
        write_buffer(&mut out, ROOT.as_bytes());
    }
    write_buffer(&mut out, text);
    write_var_uint(&mut out, 0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replica::Replica;

    #[test]
    fn edits_of_two_writers_read_as_both_texts_in_any_order_of_arrival() {
        let (mut one, mut two) = (Writer::new(7), Writer::new(1 << 52));
        let updates: Vec<_> = (0..4)
            .flat_map(|_| [one.append(b"abc"), two.append(b"XY")])
            .collect();
        let forwards = Replica::from_updates(updates.iter())
            .expect("valid updates")
            .text();
        let backwards = Replica::from_updates(updates.iter().rev())
            .expect("valid updates")
            .text();
        assert_eq!(forwards, backwards);
        assert!(
            forwards.contains("abcabcabcabc") && forwards.contains("XYXYXYXY"),
            "{forwards}"
        );
        assert_eq!(forwards.len(), 20);
    }

    #[test]
    fn the_full_update_equals_the_edits() {
        let mut writer = Writer::new(300);
        let edits: Vec<_> = (0..3).map(|_| writer.append(b"abc")).collect();
        let whole = [writer.full_update()];
        assert_eq!(
            Replica::from_updates(&whole).expect("valid update").text(),
            Replica::from_updates(&edits).expect("valid updates").text()
        );
        assert_eq!(
            Writer::new(1).full_update(),
            [0, 0],
            "nothing written is the empty update"
        );
    }
}
