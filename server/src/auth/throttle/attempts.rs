//! How often somebody may guess: per account, per address, and altogether.
//!
//! Invariant: an attempt is charged *before* the secret is compared, so a thousand at once are no way around; success
//! gives back what it cost. A refused attempt costs nobody anything. Whoever guesses at an account cannot keep its
//! owner out: an address from which the owner got in before has a measure of its own, and every other gets a chance
//! each time the account's measure refills.
//!
//! Accounts that do not exist are counted exactly like those that do.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::address::AddressKey;
use super::bucket::{Bucket, Quota};
use super::lru::Lru;

/// How many attempts, and for how many accounts and addresses they are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptSettings {
    /// Failed attempts at one account, from anywhere, per [`AttemptSettings::window`].
    pub per_account: u32,
    /// Failed attempts from one address, at any account.
    pub per_address: u32,
    /// Failed attempts altogether.
    pub altogether: u32,
    /// Over what time these are restored.
    pub window: Duration,
    /// For how many accounts, addresses and pairs of them this is remembered.
    pub remembered: usize,
}

/// An account as limits see it: whatever was typed, known or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct AccountKey([u8; 16]);

impl AccountKey {
    fn of(typed: &str) -> Self {
        let digest = Sha256::digest(typed.trim().to_lowercase());
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }
}

type Pair = (AccountKey, AddressKey);

/// Too many attempts. The same for every reason, so that it says nothing about the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts")]
pub struct SlowDown {
    /// How long to wait.
    pub retry_after: Duration,
}

/// An attempt that was charged. Hand it to [`AttemptLimits::succeeded`] if it was the right secret.
#[derive(Debug)]
#[must_use = "a success must be reported, or it counts as a failure"]
pub struct Attempted {
    pair: Pair,
    /// Whether the pair's own measure was charged instead of the account's.
    is_known: bool,
}

/// Counts attempts. Shared by reference; one lock, held for a few look-ups.
#[derive(Debug)]
pub struct AttemptLimits {
    settings: AttemptSettings,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    accounts: Lru<AccountKey, Bucket>,
    addresses: Lru<AddressKey, Bucket>,
    /// Pairs that got in before, each with its own measure.
    known: Lru<Pair, Bucket>,
    altogether: Bucket,
}

impl AttemptLimits {
    /// Nobody has attempted anything yet.
    pub fn new(settings: AttemptSettings) -> Self {
        let remembered = settings.remembered;
        Self {
            settings,
            state: Mutex::new(State {
                accounts: Lru::new(remembered),
                addresses: Lru::new(remembered),
                known: Lru::new(remembered),
                altogether: Bucket::default(),
            }),
        }
    }

    /// Charges an attempt at the account that was typed as `account`, from `address`.
    ///
    /// # Errors
    /// [`SlowDown`] if it must not be made now; nothing was charged then.
    pub fn begin(
        &self,
        account: &str,
        address: impl Into<AddressKey>,
        now: Instant,
    ) -> Result<Attempted, SlowDown> {
        let pair = (AccountKey::of(account), address.into());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = state.known.peek(&pair).is_some();
        let retry_after = self.wait(&state, pair, now);
        if retry_after > Duration::ZERO {
            return Err(SlowDown { retry_after });
        }
        let attempted = Attempted { pair, is_known };
        for (bucket, quota) in self.charged(&mut state, &attempted) {
            bucket.take(quota, now);
        }
        Ok(attempted)
    }

    /// The secret was right: gives back what the attempt cost, and remembers the address for the account.
    pub fn succeeded(&self, attempted: &Attempted, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (bucket, quota) in self.charged(&mut state, attempted) {
            bucket.give_back(quota, now);
        }
        state.known.wake(&attempted.pair, Bucket::default);
    }

    /// The secret was not compared after all: gives back what the attempt cost.
    pub fn withdrawn(&self, attempted: &Attempted, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (bucket, quota) in self.charged(&mut state, attempted) {
            bucket.give_back(quota, now);
        }
    }

    fn quota(&self, units: u32) -> Quota {
        Quota {
            units,
            window: self.settings.window,
        }
    }

    fn wait(&self, state: &State, pair: Pair, now: Instant) -> Duration {
        let account = self.quota(self.settings.per_account);
        // Somebody known is held back by their own failures only; not by others', and not by the global bound.
        if let Some(bucket) = state.known.peek(&pair) {
            return bucket.wait(account, now);
        }
        let of = |bucket: Option<&Bucket>, quota| bucket.copied().unwrap_or_default().wait(quota, now);
        let waits = [
            of(state.accounts.peek(&pair.0), account),
            of(
                state.addresses.peek(&pair.1),
                self.quota(self.settings.per_address),
            ),
            of(Some(&state.altogether), self.quota(self.settings.altogether)),
        ];
        waits.into_iter().max().unwrap_or_default()
    }

    fn charged<'s>(&self, state: &'s mut State, attempted: &Attempted) -> Vec<(&'s mut Bucket, Quota)> {
        let account = self.quota(self.settings.per_account);
        if attempted.is_known {
            return vec![(state.known.wake(&attempted.pair, Bucket::default), account)];
        }
        vec![
            (state.accounts.wake(&attempted.pair.0, Bucket::default), account),
            (
                state.addresses.wake(&attempted.pair.1, Bucket::default),
                self.quota(self.settings.per_address),
            ),
            (&mut state.altogether, self.quota(self.settings.altogether)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn limits() -> AttemptLimits {
        AttemptLimits::new(AttemptSettings {
            per_account: 10,
            per_address: 30,
            altogether: 100,
            window: Duration::from_secs(600),
            remembered: 1_000,
        })
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// How many of `count` wrong guesses are let through.
    fn guesses(
        limits: &AttemptLimits,
        count: u32,
        now: Instant,
        of: impl Fn(u32) -> (String, IpAddr),
    ) -> usize {
        let through = |guess| {
            let (account, address) = of(guess);
            limits.begin(&account, address, now).is_ok()
        };
        (0..count).filter(|guess| through(*guess)).count()
    }

    #[test]
    fn b4_a_hundred_wrong_guesses_are_limited_by_account_address_and_altogether() {
        let now = Instant::now();
        let one = |_| ("ann@example.com".to_owned(), address(1));
        let many_addresses = |guess| ("ann@example.com".to_owned(), address(guess as u8));
        let many_accounts = |guess| (format!("user{guess}@example.com"), address(1));
        let many_both = |guess: u32| {
            (
                format!("user{guess}@example.com"),
                IpAddr::from([10, 0, 0, guess as u8]),
            )
        };
        assert_eq!(guesses(&limits(), 100, now, one), 10);
        assert_eq!(guesses(&limits(), 100, now, many_addresses), 10);
        assert_eq!(guesses(&limits(), 100, now, many_accounts), 30);
        assert_eq!(guesses(&limits(), 200, now, many_both), 100);
        // However it is written, it is one account.
        let spellings = |guess| {
            (
                [" Ann@Example.com", "ANN@EXAMPLE.COM "][guess as usize % 2].to_owned(),
                address(1),
            )
        };
        assert_eq!(guesses(&limits(), 100, now, spellings), 10);
    }

    #[test]
    fn b4_the_victim_gets_in_while_the_attack_goes_on() {
        let limits = limits();
        let start = Instant::now();
        let home = address(200);
        let attempted = limits.begin("ann@example.com", home, start).unwrap();
        limits.succeeded(&attempted, start);
        // An hour of guessing from everywhere, every second; the owner logs in every minute.
        for second in 0..3_600 {
            let now = start + Duration::from_secs(second);
            let _ = limits.begin("ann@example.com", address((second % 100) as u8), now);
            if second % 60 == 0 {
                let attempted = limits
                    .begin("ann@example.com", home, now)
                    .expect("the owner is kept out");
                limits.succeeded(&attempted, now);
            }
        }
        // From a new address the owner waits for one refill, never longer.
        let now = start + Duration::from_secs(3_600);
        if let Err(slow) = limits.begin("ann@example.com", address(201), now) {
            assert!(slow.retry_after <= Duration::from_secs(60), "{slow:?}");
            let _ = limits
                .begin("ann@example.com", address(201), now + slow.retry_after)
                .expect("kept out");
        }
    }

    #[test]
    fn a_known_address_may_not_guess_without_end_either() {
        let limits = limits();
        let now = Instant::now();
        let attempted = limits.begin("ann@example.com", address(1), now).unwrap();
        limits.succeeded(&attempted, now);
        assert_eq!(
            guesses(&limits, 100, now, |_| ("ann@example.com".to_owned(), address(1))),
            10
        );
    }

    #[test]
    fn success_costs_nothing_and_refusal_costs_nobody() {
        let limits = limits();
        let now = Instant::now();
        for user in 0..500 {
            let attempted = limits
                .begin(&format!("user{user}@example.com"), address(1), now)
                .unwrap();
            limits.succeeded(&attempted, now);
        }
        // A guesser who is refused for the address uses up no account: 30 guesses at one, 970 refused at others.
        let through = guesses(&limits, 1_000, now, |guess| {
            let victim = if guess < 10 {
                "other".to_owned()
            } else {
                format!("victim{}", guess % 30)
            };
            (victim, address(9))
        });
        assert_eq!(through, 30);
        assert_eq!(
            guesses(&limits, 100, now, |_| ("victim7".to_owned(), address(10))),
            10
        );
    }

    #[test]
    fn memory_is_bounded() {
        let limits = AttemptLimits::new(AttemptSettings {
            remembered: 16,
            altogether: u32::MAX,
            ..limits().settings
        });
        let now = Instant::now();
        let through = guesses(&limits, 10_000, now, |guess| {
            (format!("u{guess}"), IpAddr::from(guess.to_be_bytes()))
        });
        assert_eq!(through, 10_000);
        let accounts = limits.state.lock().unwrap();
        let kept = (0..10_000).filter(|user| {
            accounts
                .accounts
                .peek(&AccountKey::of(&format!("u{user}")))
                .is_some()
        });
        assert_eq!(kept.count(), 16);
    }
}
