//! Who we are to push services: VAPID (RFC 8292), a key pair that all nodes share and tokens that it signs.
//!
//! Invariant: the key is made once and stored sealed. Browsers subscribe for it, so another one would silence all of them.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::{PublicKey, SecretKey};
use serde_json::json;
use weft_storage::records::Records;

use super::encrypt::{point, secret_key};
use crate::auth::UnixSeconds;
use crate::auth::sealed::Sealer;

/// How it is stored and sealed.
const NAME: &str = "web-push-key";
/// How long a token is good; a day at most, says the standard.
const TOKEN_SECONDS: u64 = 12 * 60 * 60;

/// Our key.
#[derive(Clone)]
pub(crate) struct VapidKey {
    key: Arc<SigningKey>,
    public: Arc<str>,
    /// Whom a push service asks if we are a nuisance.
    contact: Arc<str>,
}

impl fmt::Debug for VapidKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VapidKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

impl VapidKey {
    /// The key of this database, made if there is none. `contact` is an address of ours.
    ///
    /// # Errors
    /// A failure of the database; a key that was sealed with a secret that is not known.
    pub(crate) async fn load_or_create(
        records: &Records,
        sealer: &Sealer,
        contact: &str,
    ) -> anyhow::Result<Self> {
        let mut tx = records.write().await?;
        let sealed = match tx.server_value(NAME).await? {
            Some(sealed) => sealed,
            None => {
                let fresh = sealer.seal(NAME, &secret_key().to_bytes())?;
                tx.server_value_or(NAME, &fresh).await?
            }
        };
        tx.commit().await?;
        let key = SecretKey::from_slice(&sealer.open(NAME, &sealed)?)?;
        Ok(Self::of(&key, contact))
    }

    fn of(key: &SecretKey, contact: &str) -> Self {
        let public: PublicKey = key.public_key();
        Self {
            key: Arc::new(SigningKey::from(key)),
            public: URL_SAFE_NO_PAD.encode(point(&public)).into(),
            contact: contact.into(),
        }
    }

    /// The public key as browsers want it: an uncompressed point in URL-safe base64.
    pub(crate) fn public(&self) -> &str {
        &self.public
    }

    /// The value of `Authorization` for a push service, which is named by its origin.
    pub(super) fn authorization(&self, origin: &str, now: UnixSeconds) -> String {
        let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = encode(json!({ "typ": "JWT", "alg": "ES256" }));
        let expires = now.saturating_add(TOKEN_SECONDS);
        let claims = encode(json!({ "aud": origin, "exp": expires, "sub": &*self.contact }));
        let said = format!("{head}.{claims}");
        let signature: Signature = self.key.sign(said.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.to_bytes());
        format!("vapid t={said}.{signature}, k={}", self.public)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

    use super::*;

    #[test]
    fn a_push_service_verifies_who_we_are() {
        let key = VapidKey::of(&secret_key(), "mailto:ops@example.com");
        let now = jsonwebtoken::get_current_timestamp();
        let header = key.authorization("https://push.example.com", now);
        let (token, public) = header
            .strip_prefix("vapid t=")
            .unwrap()
            .split_once(", k=")
            .unwrap();
        assert_eq!(public, key.public());
        let point = URL_SAFE_NO_PAD.decode(public).unwrap();
        let (x, y) = (&point[1..33], &point[33..]);
        let verifying =
            DecodingKey::from_ec_components(&URL_SAFE_NO_PAD.encode(x), &URL_SAFE_NO_PAD.encode(y)).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&["https://push.example.com"]);
        let claims: serde_json::Value = decode(token, &verifying, &validation).unwrap().claims;
        assert_eq!(claims["exp"], now + TOKEN_SECONDS);
        assert_eq!(claims["sub"], "mailto:ops@example.com");
    }
}
