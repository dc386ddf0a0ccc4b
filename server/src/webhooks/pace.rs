//! How quickly an endpoint may be asked: so many attempts a second, evenly, and what is over that waits.
//!
//! Invariant: an endpoint has one place in time for all nodes, which moves in the transaction that claims its messages.
//! So in any second no more attempts begin than its limit and the few that may begin at once, whoever makes them.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

/// The largest limit, in attempts a second.
pub(crate) const MAX_PER_SECOND: u32 = 1_000;
/// Which part of a second's attempts may begin at once: waking up for each alone would cost more than it spares.
const AT_ONCE: u32 = 10;

/// The limit of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    interval_us: i64,
    at_once: i64,
}

impl Pace {
    /// So many attempts a second, at least one and at most [`MAX_PER_SECOND`].
    pub(super) fn per_second(attempts: i64) -> Self {
        let attempts = attempts.clamp(1, i64::from(MAX_PER_SECOND));
        Self {
            // Rounded up, so that it is never more.
            interval_us: (1_000_000 + attempts - 1) / attempts,
            at_once: (attempts / i64::from(AT_ONCE)).max(1),
        }
    }

    /// How many attempts may begin at `now_us` if those before are paced until `until_us`, both in microseconds since
    /// 1970.
    pub(super) fn allowed(self, until_us: i64, now_us: i64) -> usize {
        let behind_us = (until_us - now_us).max(0);
        let taken = behind_us / self.interval_us + i64::from(behind_us % self.interval_us > 0);
        usize::try_from(self.at_once - taken).unwrap_or(0)
    }

    /// Until when they are paced after `begun` more.
    pub(super) fn after(self, until_us: i64, now_us: i64, begun: usize) -> i64 {
        let begun = i64::try_from(begun).unwrap_or(i64::MAX / 2_000_000);
        until_us.max(now_us) + begun * self.interval_us
    }
}

/// Endpoints with messages that wait for their turn, and when that comes: the loop wakes up for them.
///
/// A hint: work is looked for now and then anyway.
#[derive(Debug, Default)]
pub(super) struct Waiting(BTreeMap<Uuid, i64>);

impl Waiting {
    /// Notes when an endpoint may be asked again, in milliseconds since 1970.
    pub(super) fn note(&mut self, endpoint: Uuid, at_ms: i64) {
        self.0.insert(endpoint, at_ms);
    }

    /// How long to wait at most. What has come is forgotten.
    pub(super) fn shorten(&mut self, wait: Duration, now_ms: i64) -> Duration {
        let next = self.0.values().min().map(|at| at - now_ms);
        self.0.retain(|_, at| *at > now_ms);
        let next = next.map(|left| Duration::from_millis(u64::try_from(left).unwrap_or(0)));
        next.map_or(wait, |next| wait.min(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When attempts begin, in microseconds, if as many as may are begun every `step_us` for `seconds`.
    fn begun(per_second: i64, step_us: i64, seconds: i64) -> Vec<i64> {
        let (pace, mut until, mut begun) = (Pace::per_second(per_second), 0, Vec::new());
        let start = 1_700_000_000_000_000;
        for now in (start..start + seconds * 1_000_000).step_by(usize::try_from(step_us).unwrap()) {
            let count = pace.allowed(until, now);
            until = pace.after(until, now, count);
            begun.extend(std::iter::repeat_n(now, count));
        }
        begun
    }

    #[test]
    fn no_second_has_more_than_the_limit_and_a_tenth() {
        for per_second in [1, 2, 7, 10, 50, 333, 1_000] {
            for step_us in [1_000, 7_000, 100_000] {
                let all = begun(per_second, step_us, 5);
                for (index, first) in all.iter().enumerate() {
                    let within = all[index..].iter().filter(|at| **at - first < 1_000_000).count();
                    let most = per_second + (per_second / 10).max(1);
                    assert!(
                        i64::try_from(within).unwrap() <= most,
                        "{per_second}/s: {within} within a second"
                    );
                }
                // And nearly as many as it may, if it is asked when their time has come.
                let count = i64::try_from(all.len()).unwrap();
                assert!(
                    step_us > 1_000 || count * 100 >= per_second * 5 * 90,
                    "{per_second}/s by {step_us}: {count}"
                );
            }
        }
    }

    #[test]
    fn what_was_not_used_is_not_saved_up() {
        let pace = Pace::per_second(20);
        let now = 1_700_000_000_000_000;
        assert_eq!(pace.allowed(0, now), 2);
        let until = pace.after(0, now, 2);
        assert_eq!(until, now + 100_000);
        assert_eq!(pace.allowed(until, now), 0);
        assert_eq!(pace.allowed(until, now + 50_000), 1);
        assert_eq!(pace.allowed(until, now + 100_000), 2);
        assert_eq!(pace.allowed(until, now + 3_600_000_000), 2);
        // One alone: half a second apart.
        let slow = Pace::per_second(2);
        let until = slow.after(0, now, 1);
        assert_eq!(
            (
                slow.allowed(until, now + 499_999),
                slow.allowed(until, now + 500_000)
            ),
            (0, 1)
        );
    }

    #[test]
    fn the_loop_wakes_up_for_whoever_is_next() {
        let mut waiting = Waiting::default();
        let poll = Duration::from_millis(1_000);
        assert_eq!(waiting.shorten(poll, 0), poll);
        waiting.note(Uuid::from_u128(1), 500);
        waiting.note(Uuid::from_u128(2), 300);
        waiting.note(Uuid::from_u128(3), 5_000);
        assert_eq!(waiting.shorten(poll, 100), Duration::from_millis(200));
        assert_eq!(waiting.shorten(poll, 400), Duration::ZERO);
        assert_eq!(waiting.shorten(poll, 400), Duration::from_millis(100));
        assert_eq!(waiting.shorten(poll, 500), Duration::ZERO);
        assert_eq!(waiting.shorten(poll, 500), poll);
    }
}
