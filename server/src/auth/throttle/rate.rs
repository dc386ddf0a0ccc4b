//! Counts requests per principal and per address, and says the numbers that clients are told.
//!
//! Invariant: a request takes from all of its measures or, if one of them is empty, from none. A principal is counted
//! only after its credential was verified; what is not verified counts for its address.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::address::AddressKey;
use super::bucket::{Bucket, Quota};
use super::lru::Lru;

/// A named measure: `quota` requests, restored evenly over `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RatePolicy {
    /// Its name in headers: letters, digits, `-`.
    pub name: &'static str,
    /// How many requests.
    pub quota: u32,
    /// Over what time they are restored.
    pub window: Duration,
}

/// Whose requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateKey {
    /// A user, client or API key whose credential was verified.
    Principal(Uuid),
    /// Where a request came from.
    Address(AddressKey),
}

/// One measure after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateReading {
    /// The measure.
    pub policy: RatePolicy,
    /// How many requests are left.
    pub remaining: u32,
    /// How long until there are more: until it is full, or with none left until there is one.
    pub resets_in: Duration,
}

/// What became of a request, with the numbers for its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateDecision {
    /// Each measure.
    pub readings: Vec<RateReading>,
    /// If the request must be refused: how long to wait.
    pub retry_after: Option<Duration>,
}

impl RateDecision {
    /// Whether the request may go on.
    pub fn is_allowed(&self) -> bool {
        self.retry_after.is_none()
    }

    /// The measures that refused it.
    pub fn violated(&self) -> impl Iterator<Item = &'static str> {
        let refused = self.retry_after.is_some();
        let empty = self
            .readings
            .iter()
            .filter(move |reading| refused && reading.remaining == 0);
        empty.map(|reading| reading.policy.name)
    }

    /// The measure that is nearest to its end.
    pub fn tightest(&self) -> Option<&RateReading> {
        self.readings.iter().min_by_key(|reading| {
            // Compared as a share of the quota, in parts of a million.
            u64::from(reading.remaining) * 1_000_000 / u64::from(reading.policy.quota.max(1))
        })
    }
}

/// Counts requests. Shared by reference; one lock, held for a few look-ups.
#[derive(Debug)]
pub struct RateLimiter {
    buckets: Mutex<Lru<(&'static str, RateKey), Bucket>>,
}

impl RateLimiter {
    /// Remembers at most `remembered` pairs of measure and key.
    pub fn new(remembered: usize) -> Self {
        Self {
            buckets: Mutex::new(Lru::new(remembered)),
        }
    }

    /// Counts one request by each of `measures`.
    pub fn take(&self, measures: &[(RateKey, RatePolicy)], now: Instant) -> RateDecision {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let quota = |policy: &RatePolicy| Quota {
            units: policy.quota,
            window: policy.window,
        };
        let wait = measures
            .iter()
            .map(|(key, policy)| {
                let bucket = buckets.peek(&(policy.name, *key)).copied().unwrap_or_default();
                bucket.wait(quota(policy), now)
            })
            .max()
            .unwrap_or_default();
        let refused = wait > Duration::ZERO;
        let readings = measures
            .iter()
            .map(|(key, policy)| {
                let bucket = buckets.wake(&(policy.name, *key), Bucket::default);
                if !refused {
                    bucket.take(quota(policy), now);
                }
                read(*policy, *bucket, now)
            })
            .collect();
        RateDecision {
            readings,
            retry_after: refused.then_some(wait),
        }
    }

    /// Takes back what was counted by `measure` for a request that was refused for another reason.
    pub fn give_back(&self, measure: (RateKey, RatePolicy), now: Instant) {
        let (key, policy) = measure;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.wake(&(policy.name, key), Bucket::default);
        let quota = Quota {
            units: policy.quota,
            window: policy.window,
        };
        bucket.give_back(quota, now);
    }
}

fn read(policy: RatePolicy, bucket: Bucket, now: Instant) -> RateReading {
    let quota = Quota {
        units: policy.quota,
        window: policy.window,
    };
    let remaining = bucket.remaining(quota, now);
    let resets_in = if remaining == 0 {
        bucket.wait(quota, now)
    } else {
        bucket.refill(now)
    };
    RateReading {
        policy,
        remaining,
        resets_in,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const PRINCIPAL: RatePolicy = RatePolicy {
        name: "default",
        quota: 5,
        window: Duration::from_secs(60),
    };
    const ADDRESS: RatePolicy = RatePolicy {
        name: "address",
        quota: 8,
        window: Duration::from_secs(60),
    };

    fn measures(user: u128, last: u8) -> [(RateKey, RatePolicy); 2] {
        let address = IpAddr::from([192, 0, 2, last]);
        [
            (RateKey::Principal(Uuid::from_u128(user)), PRINCIPAL),
            (RateKey::Address(address.into()), ADDRESS),
        ]
    }

    #[test]
    fn a_request_takes_from_all_measures_or_from_none() {
        let limiter = RateLimiter::new(100);
        let now = Instant::now();
        for left in (0..5).rev() {
            let decision = limiter.take(&measures(1, 1), now);
            assert!(decision.is_allowed());
            assert_eq!(decision.tightest().unwrap().remaining, left);
        }
        for _ in 0..50 {
            let decision = limiter.take(&measures(1, 1), now);
            assert_eq!(decision.retry_after, Some(Duration::from_secs(12)));
            assert_eq!(decision.violated().collect::<Vec<_>>(), ["default"]);
        }
        // The refused ones did not use up the address, which others share.
        assert_eq!(
            (0..10)
                .filter(|_| limiter.take(&measures(2, 1), now).is_allowed())
                .count(),
            3
        );
        assert!(limiter.take(&measures(2, 2), now).is_allowed());
        assert!(
            limiter
                .take(&measures(1, 3), now + Duration::from_secs(12))
                .is_allowed()
        );
        assert!(
            !limiter
                .take(&measures(1, 3), now + Duration::from_secs(12))
                .is_allowed()
        );
    }

    #[test]
    fn waiting_as_told_is_enough_and_less_is_not() {
        let limiter = RateLimiter::new(100);
        let mut now = Instant::now();
        for _ in 0..200 {
            let decision = limiter.take(&measures(1, 1), now);
            if let Some(wait) = decision.retry_after {
                assert!(
                    !limiter
                        .take(&measures(1, 1), now + wait - Duration::from_nanos(1))
                        .is_allowed()
                );
                now += wait;
                assert!(limiter.take(&measures(1, 1), now).is_allowed());
            }
        }
    }
}
