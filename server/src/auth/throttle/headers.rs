//! The numbers of a decision as headers: the structured fields of the coming standard, and those that clients know.

use std::fmt::Write as _;
use std::time::Duration;

use super::rate::{RateDecision, RatePolicy};
use crate::auth::UnixSeconds;

/// The values of the headers; each is plain ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateHeaders {
    /// `RateLimit-Policy`: what is allowed.
    pub policy: String,
    /// `RateLimit`: what is left.
    pub limit: String,
    /// `X-RateLimit-Limit` of the measure nearest to its end.
    pub legacy_limit: String,
    /// `X-RateLimit-Remaining` of the same.
    pub legacy_remaining: String,
    /// `X-RateLimit-Reset` of the same: seconds since 1970.
    pub legacy_reset: String,
    /// `Retry-After` in seconds, if the request is refused. Never before what `RateLimit` says for the measure that
    /// refuses.
    pub retry_after: Option<String>,
}

impl RateHeaders {
    /// The headers for `decision` at `now`; none if nothing was counted.
    pub fn of(decision: &RateDecision, now: UnixSeconds) -> Option<Self> {
        let tightest = decision.tightest()?;
        let (mut policy, mut limit) = (String::new(), String::new());
        for reading in &decision.readings {
            let separator = if policy.is_empty() { "" } else { ", " };
            let RatePolicy { name, quota, window } = reading.policy;
            let (left, resets_in) = (reading.remaining, whole_seconds(reading.resets_in));
            let _ = write!(
                policy,
                "{separator}\"{name}\";q={quota};w={}",
                whole_seconds(window)
            );
            let _ = write!(limit, "{separator}\"{name}\";r={left};t={resets_in}");
        }
        Some(Self {
            policy,
            limit,
            legacy_limit: tightest.policy.quota.to_string(),
            legacy_remaining: tightest.remaining.to_string(),
            legacy_reset: now.saturating_add(whole_seconds(tightest.resets_in)).to_string(),
            retry_after: decision
                .retry_after
                .map(|wait| whole_seconds(wait).max(1).to_string()),
        })
    }

    /// Names and values, in a fixed order.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let always = [
            ("ratelimit-policy", &self.policy),
            ("ratelimit", &self.limit),
            ("x-ratelimit-limit", &self.legacy_limit),
            ("x-ratelimit-remaining", &self.legacy_remaining),
            ("x-ratelimit-reset", &self.legacy_reset),
        ];
        let always = always.into_iter().map(|(name, value)| (name, value.as_str()));
        always.chain(self.retry_after.as_deref().map(|value| ("retry-after", value)))
    }
}

/// Rounded up, so that nobody who waits as told is too early.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tokio::time::Instant;

    use super::*;
    use crate::auth::throttle::{RateKey, RateLimiter};

    #[test]
    fn both_families_say_the_same() {
        let limiter = RateLimiter::new(10);
        let default = RatePolicy {
            name: "default",
            quota: 2,
            window: Duration::from_secs(60),
        };
        let address = RatePolicy {
            name: "address",
            quota: 600,
            window: Duration::from_secs(60),
        };
        let key = |last| RateKey::Address(IpAddr::from([192, 0, 2, last]).into());
        let measures = [(key(1), default), (key(2), address)];
        let now = Instant::now();
        let headers = |now| RateHeaders::of(&limiter.take(&measures, now), 1_000).unwrap();
        let first = headers(now);
        assert_eq!(first.policy, "\"default\";q=2;w=60, \"address\";q=600;w=60");
        assert_eq!(first.limit, "\"default\";r=1;t=30, \"address\";r=599;t=1");
        assert_eq!(
            (
                &*first.legacy_limit,
                &*first.legacy_remaining,
                &*first.legacy_reset
            ),
            ("2", "1", "1030")
        );
        assert_eq!(first.pairs().count(), 5);
        headers(now);
        let refused = headers(now + Duration::from_millis(500));
        assert!(
            refused.limit.starts_with("\"default\";r=0;t=30, \"address\";r="),
            "{}",
            refused.limit
        );
        assert_eq!(refused.retry_after.as_deref(), Some("30"));
        assert_eq!(refused.pairs().last(), Some(("retry-after", "30")));
        assert!(RateHeaders::of(&limiter.take(&[], now), 0).is_none());
    }
}
