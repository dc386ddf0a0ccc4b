//! A bucket of tokens that refills evenly, kept as the one moment at which it will be full again.

use std::time::Duration;

use tokio::time::Instant;

/// So many units, restored evenly over `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) units: u32,
    pub(super) window: Duration,
}

impl Quota {
    fn interval(self) -> Duration {
        self.window / self.units.max(1)
    }
}

/// A bucket; a new one is full.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket {
    full_at: Option<Instant>,
}

impl Bucket {
    /// How long until it is full.
    pub(super) fn refill(self, now: Instant) -> Duration {
        self.full_at
            .map_or(Duration::ZERO, |full_at| full_at.saturating_duration_since(now))
    }

    /// How many units it holds.
    pub(super) fn remaining(self, quota: Quota, now: Instant) -> u32 {
        let interval = quota.interval().as_nanos().max(1);
        let missing = self.refill(now).as_nanos().div_ceil(interval);
        quota
            .units
            .saturating_sub(u32::try_from(missing).unwrap_or(u32::MAX))
    }

    /// How long until one unit can be taken; zero if it can now.
    pub(super) fn wait(self, quota: Quota, now: Instant) -> Duration {
        (self.refill(now) + quota.interval()).saturating_sub(quota.window)
    }

    /// Takes one unit, whether or not there is one: whoever asks has asked [`Bucket::wait`] before.
    pub(super) fn take(&mut self, quota: Quota, now: Instant) {
        self.full_at = Some(now + self.refill(now) + quota.interval());
    }

    /// Puts one unit back.
    pub(super) fn give_back(&mut self, quota: Quota, now: Instant) {
        self.full_at = Some(now + self.refill(now).saturating_sub(quota.interval()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_its_burst_and_then_its_rate() {
        let quota = Quota {
            units: 10,
            window: Duration::from_secs(60),
        };
        let start = Instant::now();
        let mut bucket = Bucket::default();
        for left in (0..10).rev() {
            assert_eq!(bucket.wait(quota, start), Duration::ZERO);
            bucket.take(quota, start);
            assert_eq!(bucket.remaining(quota, start), left);
        }
        assert_eq!(bucket.wait(quota, start), Duration::from_secs(6));
        assert_eq!(bucket.refill(start), Duration::from_secs(60));
        let later = start + Duration::from_secs(6);
        assert_eq!(
            (bucket.wait(quota, later), bucket.remaining(quota, later)),
            (Duration::ZERO, 1)
        );
        bucket.take(quota, later);
        bucket.give_back(quota, later);
        assert_eq!(bucket.remaining(quota, later), 1);
        let much_later = start + Duration::from_secs(3_600);
        assert_eq!(bucket.remaining(quota, much_later), 10);
    }
}
