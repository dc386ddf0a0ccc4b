//! argon2id, a bounded number at a time, beside the async threads.
//!
//! Invariant: at most `parallel` hashes run and at most `queue` wait, whatever comes in; a request that goes away while
//! its hash runs does not free the place early. Every verification hashes exactly once, found or not.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::policy::{MAX_PASSWORD_BYTES, NewPassword};
use crate::auth::random;

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19_456;
/// Passes over it.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
/// A stored hash that asks for more memory than this, in KiB, is not computed.
const MAX_STORED_MEMORY_KIB: u32 = 262_144;
/// A stored hash that asks for more passes is not computed.
const MAX_STORED_PASSES: u32 = 16;
/// A hash that belongs to no password anybody knows: what a login for nobody is compared with.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$d2VmdC1ub2JvZHktc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Too many passwords are being hashed; try again in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at the moment")]
pub struct Busy;

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// Every place is taken.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The library refused; with our constants this does not happen.
    #[error("the password could not be hashed: {0}")]
    Failed(argon2::password_hash::Error),
    /// The work was lost with its thread.
    #[error("the thread that hashed the password ended early")]
    Lost,
}

/// What came of comparing a password with a stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// It is the password, and the hash is as strong as ours.
    Correct,
    /// It is the password, but the hash is weaker than ours: store [`PasswordHasher::rehash`] of it.
    CorrectButOutdated,
    /// It is not, or there is nobody to have one.
    Wrong,
}

/// The bounded pool that hashes. Cheap to clone; clones share the bounds.
#[derive(Debug, Clone)]
pub struct PasswordHasher {
    places: Arc<Semaphore>,
    running: Arc<Semaphore>,
    patience: Duration,
}

impl PasswordHasher {
    /// At most `parallel` hashes at a time (19 MiB each) and `queue` waiting, each for at most `patience`.
    pub fn new(parallel: usize, queue: usize, patience: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(
                parallel.saturating_add(queue).min(Semaphore::MAX_PERMITS),
            )),
            running: Arc::new(Semaphore::new(parallel.min(Semaphore::MAX_PERMITS))),
            patience,
        }
    }

    /// The PHC string to store for `password`.
    ///
    /// # Errors
    /// [`HashingError::Busy`] when every place is taken.
    pub async fn hash(&self, password: &NewPassword) -> Result<String, HashingError> {
        self.hash_text(password.as_str().to_owned()).await
    }

    /// The PHC string to store for a password that was [`Verification::CorrectButOutdated`], whatever today's policy
    /// says about it.
    ///
    /// # Errors
    /// [`HashingError::Busy`] when every place is taken.
    pub async fn rehash(&self, password: &str) -> Result<String, HashingError> {
        self.hash_text(password.to_owned()).await
    }

    async fn hash_text(&self, text: String) -> Result<String, HashingError> {
        self.run(move || {
            let salt = random::bytes::<16>();
            let hash: PasswordHash = argon2().hash_password_with_salt(text.as_bytes(), &salt)?;
            Ok(hash.to_string())
        })
        .await?
        .map_err(HashingError::Failed)
    }

    /// Compares `password` with the `stored` hash of an account. Without an account pass `None`: that takes the same
    /// time and is [`Verification::Wrong`].
    ///
    /// # Errors
    /// [`HashingError::Busy`] when every place is taken.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<Verification, HashingError> {
        // A longer text can be nobody's password; it is compared all the same, cut, so that it takes as long.
        let fits = password.len() <= MAX_PASSWORD_BYTES;
        let bytes = password.as_bytes()[..password.len().min(MAX_PASSWORD_BYTES)].to_vec();
        let stored = stored.filter(|text| is_affordable(text)).map(str::to_owned);
        let known = stored.is_some() && fits;
        let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
        let outdated = !is_current(&stored);
        let matches = self
            .run(move || {
                PasswordHash::new(&stored).is_ok_and(|hash| argon2().verify_password(&bytes, &hash).is_ok())
            })
            .await?;
        Ok(match (matches && known, outdated) {
            (true, false) => Verification::Correct,
            (true, true) => Verification::CorrectButOutdated,
            (false, _) => Verification::Wrong,
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let permits = self.enter().await?;
        let task = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permits);
            result
        });
        task.await.map_err(|_| HashingError::Lost)
    }

    /// A place, and after waiting the right to run. Both are given back when the work has ended, not when the
    /// request has.
    async fn enter(&self) -> Result<[OwnedSemaphorePermit; 2], Busy> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Busy)?;
        let run = tokio::time::timeout(self.patience, self.running.clone().acquire_owned())
            .await
            .map_err(|_| Busy)?
            .map_err(|_| Busy)?;
        Ok([place, run])
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn params_of(stored: &str) -> Option<Params> {
    let hash = PasswordHash::new(stored).ok()?;
    (hash.algorithm.as_str() == "argon2id").then_some(())?;
    Params::try_from(&hash).ok()
}

/// Whether `stored` is an argon2id hash that costs no more than a fixed bound to compute.
fn is_affordable(stored: &str) -> bool {
    params_of(stored).is_some_and(|params| {
        params.m_cost() <= MAX_STORED_MEMORY_KIB && params.t_cost() <= MAX_STORED_PASSES
    })
}

/// Whether `stored` is at least as strong as what we make today.
fn is_current(stored: &str) -> bool {
    params_of(stored).is_some_and(|params| params.m_cost() >= MEMORY_KIB && params.t_cost() >= PASSES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(parallel: usize, queue: usize) -> PasswordHasher {
        PasswordHasher::new(parallel, queue, Duration::from_secs(60))
    }

    fn password(text: &str) -> NewPassword {
        NewPassword::parse(text, &[]).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_recognised_and_others_are_not() {
        let pool = pool(2, 10);
        let hash = pool.hash(&password("tidal ovens wary")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, pool.hash(&password("tidal ovens wary")).await.unwrap());
        let verify = async |text: &str, stored: Option<&str>| pool.verify(text, stored).await.unwrap();
        assert_eq!(
            verify("tidal ovens wary", Some(&hash)).await,
            Verification::Correct
        );
        assert_eq!(verify("tidal ovens warY", Some(&hash)).await, Verification::Wrong);
        assert_eq!(verify("", Some(&hash)).await, Verification::Wrong);
        assert_eq!(verify("tidal ovens wary", None).await, Verification::Wrong);
        assert_eq!(verify("tidal ovens wary", Some("")).await, Verification::Wrong);
        assert_eq!(
            verify("tidal ovens wary", Some("$argon2id$junk")).await,
            Verification::Wrong
        );
        // What is longer than a password can be never matches by its beginning.
        let long = "tidal ovens wary ".repeat(16);
        let hash = pool.hash(&password(&long[..MAX_PASSWORD_BYTES])).await.unwrap();
        assert_eq!(
            verify(&long[..MAX_PASSWORD_BYTES], Some(&hash)).await,
            Verification::Correct
        );
        assert_eq!(verify(&long, Some(&hash)).await, Verification::Wrong);
    }

    #[tokio::test]
    async fn weaker_hashes_are_outdated_and_absurd_ones_not_computed() {
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(1_024, 1, 1, None).unwrap(),
        );
        let hash: PasswordHash = weak
            .hash_password_with_salt(b"short", b"0123456789abcdef")
            .unwrap();
        let pool = pool(1, 1);
        let verdict = pool.verify("short", Some(&hash.to_string())).await.unwrap();
        assert_eq!(verdict, Verification::CorrectButOutdated);
        assert!(is_current(&pool.rehash("short").await.unwrap()));
        assert!(is_affordable(NOBODY) && is_current(NOBODY));
        assert!(!is_affordable(&NOBODY.replace("m=19456", "m=4194304")));
        assert!(!is_affordable(&NOBODY.replace("t=2", "t=1000")));
        assert!(!is_affordable(&NOBODY.replace("argon2id", "argon2d")));
    }

    #[tokio::test]
    async fn a_flood_hears_busy_and_the_pool_recovers() {
        let pool = pool(1, 2);
        let attempts = (0..20).map(|_| pool.verify("anything at all", None));
        let results = futures_util::future::join_all(attempts).await;
        let busy = results
            .iter()
            .filter(|result| matches!(result, Err(HashingError::Busy(Busy))))
            .count();
        assert_eq!(busy, 17, "one runs, two wait");
        assert!(pool.verify("anything at all", None).await.is_ok());
    }

    #[tokio::test]
    async fn waiting_has_an_end_and_a_request_that_left_frees_nothing_early() {
        let pool = PasswordHasher::new(1, 1, Duration::from_millis(1));
        let blocker = pool.running.clone().acquire_owned().await.unwrap();
        assert!(matches!(
            pool.verify("x", None).await,
            Err(HashingError::Busy(Busy))
        ));
        drop(blocker);
        let (finish, finished) = std::sync::mpsc::channel::<()>();
        let abandoned = pool.run(move || finished.recv());
        // Polled once, so that the work runs, then dropped as a request whose client went away.
        assert!(futures_util::FutureExt::now_or_never(abandoned).is_none());
        assert_eq!(pool.running.available_permits(), 0);
        drop(finish);
        let _again = pool.running.acquire().await.unwrap();
    }

    /// A login for nobody must cost what one for somebody costs. Compared by the work asked of the hash, which does
    /// not depend on the machine's mood.
    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let params = params_of(NOBODY).unwrap();
        assert_eq!(
            (params.m_cost(), params.t_cost(), params.p_cost()),
            (MEMORY_KIB, PASSES, LANES)
        );
        assert_eq!(PasswordHash::new(NOBODY).unwrap().hash.unwrap().len(), 32);
    }
}
