//! The signing keys as they are stored: read at the start, looked at again now and then, changed when it is time.
//!
//! Invariant: a key is stored, sealed, before it may sign. All nodes that share a database share the keys.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use weft_storage::clock::Clock;
use weft_storage::records::{RecordError, Records, SealedKey};

use super::{milliseconds, seconds};
use crate::auth::UnixSeconds;
use crate::auth::sealed::{SealError, Sealer};
use crate::auth::tokens::keys::{KeyError, RotationPolicy, SigningKeys, StoredKey};

/// How often the stored keys are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A rotation that goes on for so many rounds is a mistake.
const MAX_ROUNDS: usize = 4;

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// They were sealed with a secret that is not configured here.
    #[error("{0}; servers that share a database need the same auth.encryption_secrets")]
    Sealed(#[from] SealError),
    /// What is sealed is none of ours.
    #[error("a stored secret is damaged")]
    Unreadable,
    /// A key is damaged, or there are too many.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The records failed.
    #[error(transparent)]
    Records(#[from] RecordError),
}

/// The keys of this deployment.
#[derive(Debug)]
pub struct Keyring {
    records: Records,
    sealer: Arc<Sealer>,
    policy: RotationPolicy,
    clock: Arc<dyn Clock>,
    keys: RwLock<Arc<SigningKeys>>,
}

impl Keyring {
    /// Reads the keys, and makes the first ones if need be.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn open(
        records: Records,
        sealer: Arc<Sealer>,
        policy: RotationPolicy,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyringError> {
        let keyring = Self::unread(records, sealer, policy, clock)?;
        keyring.tend().await?;
        Ok(keyring)
    }

    /// Knows no keys before it is tended.
    pub(crate) fn unread(
        records: Records,
        sealer: Arc<Sealer>,
        policy: RotationPolicy,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyringError> {
        Ok(Self {
            records,
            sealer,
            policy,
            clock,
            keys: RwLock::new(Arc::new(SigningKeys::load(&[], policy)?)),
        })
    }

    /// The keys as they are now.
    pub fn keys(&self) -> Arc<SigningKeys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The public keys as a JWK set.
    pub fn jwks(&self) -> Value {
        self.keys().jwks(seconds(self.clock.now_ms()))
    }

    /// Looks at the stored keys: learns new ones, adds the next one when it is time, and forgets those that nothing
    /// needs any longer.
    ///
    /// # Errors
    /// [`KeyringError`]; the keys in use stay as they were.
    pub async fn tend(&self) -> Result<(), KeyringError> {
        for _ in 0..MAX_ROUNDS {
            let now = seconds(self.clock.now_ms());
            let mut tx = self.records.read().await?;
            let keys = self.load(&tx.signing_keys().await?)?;
            drop(tx);
            let (next, expired) = (keys.next_key(now), owned(&keys.expired(now)));
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
            if next.is_none() && expired.is_empty() {
                return Ok(());
            }
            let mut tx = self.records.write().await?;
            if let Some(key) = next {
                tx.add_signing_key(&self.seal(&key)?).await?;
                tracing::info!(kid = %key.kid, signs_from = key.signs_from, "a new signing key was stored");
            }
            for kid in expired {
                tx.remove_signing_key(&kid).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    /// Stores a key that takes over as soon as clients can know it; its id, and since when it signs.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn rotate(&self) -> Result<(String, UnixSeconds), KeyringError> {
        let key = self.keys().early_key(seconds(self.clock.now_ms()));
        let mut tx = self.records.write().await?;
        tx.add_signing_key(&self.seal(&key)?).await?;
        tx.commit().await?;
        self.tend().await?;
        Ok((key.kid, key.signs_from))
    }

    /// Tends the keys until `stop`.
    pub async fn keep(self: Arc<Self>, stop: CancellationToken) {
        while stop.run_until_cancelled(sleep(LOOK_EVERY)).await.is_some() {
            if let Err(error) = self.tend().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the signing keys could not be looked at"
                );
            }
        }
    }

    fn load(&self, sealed: &[SealedKey]) -> Result<SigningKeys, KeyringError> {
        let opened = sealed.iter().map(|key| {
            let plain = self.sealer.open(&context(&key.kid), &key.sealed)?;
            serde_json::from_slice(&plain).map_err(|_| KeyringError::Unreadable)
        });
        let stored = opened.collect::<Result<Vec<StoredKey>, _>>()?;
        Ok(SigningKeys::load(&stored, self.policy)?)
    }

    fn seal(&self, key: &StoredKey) -> Result<SealedKey, KeyringError> {
        let plain = serde_json::to_vec(key).map_err(|_| KeyringError::Unreadable)?;
        Ok(SealedKey {
            kid: key.kid.clone(),
            sealed: self.sealer.seal(&context(&key.kid), &plain)?,
            created_at_ms: milliseconds(key.created_at),
            signs_from_ms: milliseconds(key.signs_from),
        })
    }
}

fn context(kid: &str) -> String {
    format!("signing-key:{kid}")
}

fn owned(kids: &[&str]) -> Vec<String> {
    kids.iter().map(|kid| (*kid).to_owned()).collect()
}
