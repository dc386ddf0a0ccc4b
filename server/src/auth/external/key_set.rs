//! The key set of an issuer, kept for a while.
//!
//! Invariant: at most one fetch at a time, and never two within [`PAUSE`], whatever tokens come in: nobody can make us
//! hammer an issuer by inventing key ids. While the issuer is away, the keys we have go on counting for a day.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::ExternalError;
use super::jwk::JwkSet;
use crate::auth::Unauthorized;
use crate::auth::tokens::access::VerifyingKey;
use crate::outgoing::{Bounds, OutgoingClient, OutgoingRequest};

/// How long keys are used without asking again.
const FRESH: Duration = Duration::from_secs(600);
/// How long keys are used when asking again fails.
const STALE: Duration = Duration::from_secs(86_400);
/// The shortest time between two fetches.
pub(super) const PAUSE: Duration = Duration::from_secs(30);
/// The same after one that failed.
pub(super) const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
struct Keys {
    by_id: HashMap<String, VerifyingKey>,
    fetched_at: Option<Instant>,
}

/// The key set of one issuer.
#[derive(Debug)]
pub struct KeySetCache {
    outgoing: OutgoingClient,
    issuer: String,
    /// The address of the set; without one it is asked from the issuer's metadata.
    address: Option<String>,
    keys: RwLock<Arc<Keys>>,
    /// The last fetch. Locked while one goes on.
    last_fetch: Mutex<Option<Fetch>>,
}

#[derive(Debug, Clone, Copy)]
struct Fetch {
    began_at: Instant,
    has_failed: bool,
}

/// What an OpenID provider or authorization server says about itself.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    pub(super) jwks_uri: String,
    #[serde(default)]
    pub(super) authorization_endpoint: Option<String>,
    #[serde(default)]
    pub(super) token_endpoint: Option<String>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// Asks `issuer` about itself; it must name itself letter by letter.
pub(super) async fn discover(outgoing: &OutgoingClient, issuer: &str) -> Result<Metadata, ExternalError> {
    let address = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let metadata: Metadata = outgoing
        .fetch_json(OutgoingRequest::get(address, Bounds::DOCUMENT))
        .await?;
    if metadata.issuer == issuer {
        Ok(metadata)
    } else {
        Err(ExternalError::WrongIssuer)
    }
}

impl KeySetCache {
    /// Nothing is fetched yet. Without `address` it is asked from the metadata of `issuer`.
    pub fn new(outgoing: OutgoingClient, issuer: String, address: Option<String>) -> Self {
        Self {
            outgoing,
            issuer,
            address,
            keys: RwLock::default(),
            last_fetch: Mutex::default(),
        }
    }

    /// The key with the id `kid`, fetched if it is not there or old.
    ///
    /// # Errors
    /// [`Unauthorized::Invalid`] if the issuer has no such key; [`ExternalError::Unavailable`] if we could not ask.
    pub async fn find(&self, kid: &str) -> Result<VerifyingKey, ExternalError> {
        self.find_at(kid, Instant::now()).await
    }

    pub(super) async fn find_at(&self, kid: &str, now: Instant) -> Result<VerifyingKey, ExternalError> {
        if let Some(key) = self.known(kid, now, FRESH) {
            return Ok(key);
        }
        let fetched = self.fetch(kid, now).await;
        if let Some(key) = self.known(kid, now, STALE) {
            if let Err(error) = &fetched {
                tracing::warn!(issuer = %self.issuer, error = %error, "a key set could not be fetched; older keys are used");
            }
            return Ok(key);
        }
        fetched?;
        Err(Unauthorized::Invalid.into())
    }

    /// The key, if the set was fetched at most `age` ago.
    fn known(&self, kid: &str, now: Instant, age: Duration) -> Option<VerifyingKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        let fetched_at = keys.fetched_at?;
        (now.saturating_duration_since(fetched_at) < age).then(|| keys.by_id.get(kid).cloned())?
    }

    /// Fetches the set, unless somebody just did.
    async fn fetch(&self, kid: &str, now: Instant) -> Result<(), ExternalError> {
        let mut last_fetch = self.last_fetch.lock().await;
        // While we waited another may have brought it.
        if self.known(kid, now, FRESH).is_some() {
            return Ok(());
        }
        if let Some(last) = *last_fetch {
            let pause = if last.has_failed {
                PAUSE_AFTER_FAILURE
            } else {
                PAUSE
            };
            if now.saturating_duration_since(last.began_at) < pause {
                return if last.has_failed {
                    Err(ExternalError::Waiting)
                } else {
                    Ok(())
                };
            }
        }
        let fetched = self.fetch_now(now).await;
        *last_fetch = Some(Fetch {
            began_at: now,
            has_failed: fetched.is_err(),
        });
        fetched
    }

    async fn fetch_now(&self, now: Instant) -> Result<(), ExternalError> {
        let address = match &self.address {
            Some(address) => address.clone(),
            None => discover(&self.outgoing, &self.issuer).await?.jwks_uri,
        };
        let set: JwkSet = self
            .outgoing
            .fetch_json(OutgoingRequest::get(address, Bounds::DOCUMENT))
            .await?;
        let keys = Keys {
            by_id: set.usable(),
            fetched_at: Some(now),
        };
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }
}
