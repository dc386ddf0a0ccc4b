//! Markers: the text that every edit inserts, so that a receiver can count edits in raw bytes.
//!
//! A marker says who wrote it, as how manieth edit, and when. Yjs keeps inserted text verbatim in every encoding of
//! an update, also after a server has merged many edits into one frame, so scanning the bytes finds each edit
//! without a CRDT on each of a thousand clients.
//!
//! Invariant: a marker is exactly [`MARKER_LEN`] ASCII bytes, so whole markers survive wherever a server cuts an
//! update between two edits. It must never parse anything else as a marker: every separator and digit is checked.

/// Bytes of one marker: `[wwww:ssssss:tttttttttt]`, all numbers in lower-case hexadecimal.
pub const MARKER_LEN: usize = 24;

/// What one marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The writer's index in the swarm.
    pub writer: u16,
    /// The writer's own count of edits, from 0; at most 24 bits.
    pub sequence: u32,
    /// When it was sent, in microseconds since the run's epoch; at most 40 bits (12 days).
    pub sent_us: u64,
}

impl Marker {
    /// The marker as the text that the edit inserts.
    #[must_use]
    pub fn encode(self) -> [u8; MARKER_LEN] {
        let mut out = *b"[....:......:..........]";
        put_hex(&mut out[1..5], u64::from(self.writer));
        put_hex(&mut out[6..12], u64::from(self.sequence));
        put_hex(&mut out[13..23], self.sent_us);
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let shaped = bytes.len() >= MARKER_LEN
            && bytes[0] == b'['
            && bytes[5] == b':'
            && bytes[12] == b':'
            && bytes[23] == b']';
        if !shaped {
            return None;
        }
        Some(Self {
            writer: u16::try_from(take_hex(&bytes[1..5])?).ok()?,
            sequence: u32::try_from(take_hex(&bytes[6..12])?).ok()?,
            sent_us: take_hex(&bytes[13..23])?,
        })
    }
}

/// All markers in `bytes`, in the order in which they stand there.
pub fn scan(bytes: &[u8]) -> impl Iterator<Item = Marker> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at + MARKER_LEN <= bytes.len() {
            let opening = bytes[at..].iter().position(|&byte| byte == b'[')?;
            at += opening;
            if let Some(marker) = Marker::decode(&bytes[at..]) {
                at += MARKER_LEN;
                return Some(marker);
            }
            at += 1;
        }
        None
    })
}

fn put_hex(out: &mut [u8], mut value: u64) {
    for digit in out.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(value & 15) as usize];
        value >>= 4;
    }
}

fn take_hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(nibble))
    })
}

/// What one receiver has seen of the writers of its room; counts each edit once, however often it comes.
#[derive(Debug)]
pub struct Tally {
    first_writer: u16,
    next: Vec<u32>,
    /// Edits that came again: sent twice, or out of order.
    pub repeated: u64,
    /// Edits that were skipped when a later one of the same writer came: out of order or lost.
    pub skipped: u64,
    /// Markers of writers that are not in this room: bytes of another document.
    pub foreign: u64,
}

impl Tally {
    /// A receiver in a room whose writers are numbered from `first_writer`, `writers` of them.
    #[must_use]
    pub fn new(first_writer: u16, writers: usize) -> Self {
        Self {
            first_writer,
            next: vec![0; writers],
            repeated: 0,
            skipped: 0,
            foreign: 0,
        }
    }

    /// Takes one marker in; true if it is an edit not seen before.
    pub fn take(&mut self, marker: Marker) -> bool {
        let slot = marker
            .writer
            .checked_sub(self.first_writer)
            .and_then(|index| self.next.get_mut(usize::from(index)));
        let Some(next) = slot else {
            self.foreign += 1;
            return false;
        };
        if marker.sequence < *next {
            self.repeated += 1;
            return false;
        }
        self.skipped += u64::from(marker.sequence - *next);
        *next = marker.sequence + 1;
        true
    }

    /// How many edits `writer` has made at least, judging by the last one seen.
    #[must_use]
    pub fn latest(&self, writer: u16) -> u32 {
        let index = writer.checked_sub(self.first_writer).map(usize::from);
        index.and_then(|index| self.next.get(index)).copied().unwrap_or(0)
    }

    /// How many different edits were seen.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.next.iter().map(|next| u64::from(*next)).sum::<u64>() - self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(writer: u16, sequence: u32) -> Marker {
        Marker {
            writer,
            sequence,
            sent_us: 123_456_789,
        }
    }

    #[test]
    fn a_marker_survives_the_round_trip_at_its_bounds() {
        for original in [
            Marker {
                writer: 0,
                sequence: 0,
                sent_us: 0,
            },
            Marker {
                writer: u16::MAX,
                sequence: 0xff_ffff,
                sent_us: 0xff_ffff_ffff,
            },
        ] {
            assert_eq!(scan(&original.encode()).collect::<Vec<_>>(), [original]);
        }
    }

    #[test]
    fn markers_are_found_wherever_they_stand_and_nothing_else_is() {
        let mut bytes = b"[[0001:[".to_vec();
        bytes.extend(marker(1, 0).encode());
        bytes.extend(marker(1, 1).encode());
        bytes.extend(b"\x00[zzzz:000000:0000000000]");
        bytes.extend(marker(2, 0).encode());
        bytes.extend(&marker(3, 0).encode()[..MARKER_LEN - 1]);
        assert_eq!(
            scan(&bytes).collect::<Vec<_>>(),
            [marker(1, 0), marker(1, 1), marker(2, 0)]
        );
    }

    #[test]
    fn a_tally_counts_each_edit_once_and_notices_gaps_and_strangers() {
        let mut tally = Tally::new(10, 2);
        assert!(tally.take(marker(10, 0)));
        assert!(!tally.take(marker(10, 0)), "a repetition is not a new edit");
        assert!(tally.take(marker(11, 2)), "a gap does not hide the later edit");
        assert!(!tally.take(marker(9, 0)));
        assert!(!tally.take(marker(12, 0)));
        assert_eq!((tally.repeated, tally.skipped, tally.foreign), (1, 2, 2));
        assert_eq!(tally.seen(), 2);
        assert_eq!((tally.latest(10), tally.latest(11), tally.latest(12)), (1, 3, 0));
    }
}
