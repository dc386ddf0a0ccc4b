//! Frames and bytes on the wire, as this side sends and receives them.
//!
//! Invariant: bytes are those of WebSocket frames, headers and masks included, without TCP's own. Counting is one
//! addition and never waits.

use std::sync::atomic::{AtomicU64, Ordering};

/// A mask, which every frame of a client carries.
const MASK_BYTES: u64 = 4;

/// What all connections of a round have sent and received.
#[derive(Debug, Default)]
pub struct Traffic {
    frames_in: AtomicU64,
    bytes_in: AtomicU64,
    frames_out: AtomicU64,
    bytes_out: AtomicU64,
}

/// Counts up to one moment, or between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Frames received from the server.
    pub frames_in: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Frames sent to the server.
    pub frames_out: u64,
    /// Their bytes.
    pub bytes_out: u64,
}

impl Traffic {
    /// A frame with `payload` bytes came.
    pub fn received(&self, payload: usize) {
        self.frames_in.fetch_add(1, Ordering::Relaxed);
        self.bytes_in.fetch_add(framed(payload), Ordering::Relaxed);
    }

    /// A frame with `payload` bytes went.
    pub fn sent(&self, payload: usize) {
        self.frames_out.fetch_add(1, Ordering::Relaxed);
        self.bytes_out
            .fetch_add(framed(payload) + MASK_BYTES, Ordering::Relaxed);
    }

    /// Everything so far.
    #[must_use]
    pub fn counted(&self) -> Counted {
        Counted {
            frames_in: self.frames_in.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            frames_out: self.frames_out.load(Ordering::Relaxed),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
        }
    }
}

impl Counted {
    /// What came after `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            frames_in: self.frames_in - earlier.frames_in,
            bytes_in: self.bytes_in - earlier.bytes_in,
            frames_out: self.frames_out - earlier.frames_out,
            bytes_out: self.bytes_out - earlier.bytes_out,
        }
    }
}

/// A payload with its header (RFC 6455, 5.2).
fn framed(payload: usize) -> u64 {
    let header = match payload {
        0..=125 => 2,
        126..=65_535 => 4,
        _ => 10,
    };
    header + payload as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_masks_count() {
        let traffic = Traffic::default();
        for payload in [125, 126, 65_535, 65_536] {
            traffic.received(payload);
        }
        traffic.sent(10);
        let counted = traffic.counted();
        assert_eq!(counted.frames_in, 4);
        assert_eq!(counted.bytes_in, 125 + 126 + 65_535 + 65_536 + 2 + 4 + 4 + 10);
        assert_eq!((counted.frames_out, counted.bytes_out), (1, 16));
        traffic.sent(10);
        assert_eq!(traffic.counted().since(counted).bytes_out, 16);
    }
}
