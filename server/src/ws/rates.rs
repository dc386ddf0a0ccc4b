//! How fast one connection may send: two token buckets, for messages and for bytes.
//!
//! Who sends too much is not cut off but read more slowly; TCP tells the sender. Nothing is lost.

use std::time::Duration;

use tokio::time::Instant;

/// One bucket. It may go into debt by the last thing taken, which is then waited for.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    per_second: f64,
    burst: f64,
}

impl Bucket {
    fn new(per_second: u64, burst: u64) -> Self {
        Self {
            tokens: burst as f64,
            per_second: per_second as f64,
            burst: burst as f64,
        }
    }

    fn take(&mut self, amount: usize, elapsed: Duration) -> Duration {
        self.tokens = (self.tokens + elapsed.as_secs_f64() * self.per_second).min(self.burst) - amount as f64;
        Duration::from_secs_f64((-self.tokens / self.per_second).max(0.0))
    }
}

/// Why a connection is read more slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pause {
    /// Until when.
    pub(super) until: Instant,
    /// Which limit, as the metrics name it.
    pub(super) policy: &'static str,
}

/// The limits of one connection.
#[derive(Debug)]
pub(super) struct Rates {
    messages: Bucket,
    bytes: Bucket,
    last: Instant,
}

impl Rates {
    /// Full buckets at `now`: `(per second, burst)` for messages and for bytes.
    pub(super) fn new(messages: (u64, u64), bytes: (u64, u64), now: Instant) -> Self {
        Self {
            messages: Bucket::new(messages.0, messages.1),
            bytes: Bucket::new(bytes.0, bytes.1),
            last: now,
        }
    }

    /// Counts a message of `size` bytes, and says whether to wait before the next.
    pub(super) fn take(&mut self, size: usize, now: Instant) -> Option<Pause> {
        let elapsed = now.saturating_duration_since(self.last);
        self.last = now;
        let for_messages = self.messages.take(1, elapsed);
        let for_bytes = self.bytes.take(size, elapsed);
        let policy = if for_messages >= for_bytes {
            "messages"
        } else {
            "bytes"
        };
        let wait = for_messages.max(for_bytes);
        (!wait.is_zero()).then(|| Pause {
            until: now + wait,
            policy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_more_waits() {
        let start = Instant::now();
        let mut rates = Rates::new((10, 5), (1_000, 1_000), start);
        for _ in 0..5 {
            assert_eq!(rates.take(1, start), None);
        }
        let pause = rates.take(1, start).unwrap();
        assert_eq!(
            (pause.policy, pause.until - start),
            ("messages", Duration::from_millis(100))
        );
        let later = start + Duration::from_secs(1);
        assert_eq!(rates.take(900, later), None);
        assert_eq!(rates.take(200, later).unwrap().policy, "bytes");
    }
}
