//! The keys that sign our tokens, and their rotation.
//!
//! Invariant: a key is published before it signs, for at least as long as a client may keep our key set; and it stays
//! published until the last token it signed has ended. There is one algorithm: Ed25519. The secret part leaves this
//! file only through [`StoredKey`], which is to be encrypted before it is written anywhere.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::access::VerifyingKey;
use crate::auth::{UnixSeconds, random};

/// What stands before the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410).
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// The most keys in a set; rotation needs three.
pub const MAX_KEYS: usize = 16;

/// Why nothing was signed, or a stored key is none.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The set has no key; [`SigningKeys::next_key`] makes one.
    #[error("there is no key to sign with")]
    NoKey,
    /// There are more than [`MAX_KEYS`].
    #[error("there are more than {MAX_KEYS} signing keys")]
    TooMany,
    /// What was stored is no key, or its id is not its own.
    #[error("a stored signing key is damaged")]
    Damaged,
    /// The library refused.
    #[error("the token cannot be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// When keys change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationPolicy {
    /// How long a key signs, in seconds.
    pub signs_for_seconds: u64,
    /// How long clients may keep our key set (`Cache-Control: max-age`), in seconds.
    pub cache_seconds: u64,
    /// The longest life of anything we sign, with the leeway of clocks, in seconds.
    pub token_seconds: u64,
}

/// A key as it is kept. It contains the secret: encrypt it before it is written anywhere.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StoredKey {
    /// Its id: the thumbprint of the public key (RFC 7638).
    pub kid: String,
    /// The secret: 32 bytes as URL-safe base64.
    seed: String,
    /// When it was made.
    pub created_at: UnixSeconds,
    /// Since when it signs.
    pub signs_from: UnixSeconds,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StoredKey")
            .field("kid", &self.kid)
            .field("signs_from", &self.signs_from)
            .finish_non_exhaustive()
    }
}

impl StoredKey {
    /// A new key that signs from `signs_from`.
    pub fn generate(signs_from: UnixSeconds, now: UnixSeconds) -> Self {
        let seed: [u8; 32] = random::bytes();
        let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
        Self {
            kid: thumbprint(&URL_SAFE_NO_PAD.encode(public.as_bytes())),
            seed: URL_SAFE_NO_PAD.encode(seed),
            created_at: now,
            signs_from,
        }
    }

    /// The secret key as PKCS #8 PEM, for other programs.
    ///
    /// # Errors
    /// [`KeyError::Damaged`] if the seed is none.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let der = pkcs8(&self.seed()?);
        Ok(format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der)
        ))
    }

    fn seed(&self) -> Result<[u8; 32], KeyError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(&self.seed)
            .map_err(|_| KeyError::Damaged)?;
        bytes.try_into().map_err(|_| KeyError::Damaged)
    }
}

/// The RFC 7638 thumbprint of an Ed25519 key with the public part `x`.
fn thumbprint(x: &str) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
}

fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    [&PKCS8_HEAD[..], seed].concat()
}

struct Key {
    kid: String,
    signs_from: UnixSeconds,
    /// The public part as in a JWK.
    x: String,
    signing: EncodingKey,
    verifying: DecodingKey,
}

/// The keys of this deployment, in the order in which they sign.
pub struct SigningKeys {
    keys: Vec<Key>,
    policy: RotationPolicy,
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<_> = self.keys.iter().map(|key| &key.kid).collect();
        formatter
            .debug_struct("SigningKeys")
            .field("keys", &kids)
            .finish_non_exhaustive()
    }
}

impl SigningKeys {
    /// The set of these keys, in any order.
    ///
    /// # Errors
    /// [`KeyError`] if one is damaged or there are too many.
    pub fn load(stored: &[StoredKey], policy: RotationPolicy) -> Result<Self, KeyError> {
        if stored.len() > MAX_KEYS {
            return Err(KeyError::TooMany);
        }
        let mut keys = stored.iter().map(Key::load).collect::<Result<Vec<_>, _>>()?;
        keys.sort_by(|a, b| (a.signs_from, &a.kid).cmp(&(b.signs_from, &b.kid)));
        keys.dedup_by(|a, b| a.kid == b.kid);
        Ok(Self { keys, policy })
    }

    /// The key that must be added now, if one must: the first, or the one that follows the signing one. Store it,
    /// load the set again and ask again, until there is none. Run by several nodes at once it costs a superfluous key.
    pub fn next_key(&self, now: UnixSeconds) -> Option<StoredKey> {
        let Some(newest) = self.keys.last() else {
            return Some(StoredKey::generate(now, now));
        };
        if newest.signs_from > now {
            return None;
        }
        let turn = newest.signs_from.saturating_add(self.policy.signs_for_seconds);
        Some(StoredKey::generate(turn.max(self.first_moment(now)), now))
    }

    /// A key that takes over as soon as clients can know it, for a rotation that somebody ordered.
    pub fn early_key(&self, now: UnixSeconds) -> StoredKey {
        StoredKey::generate(self.first_moment(now), now)
    }

    fn first_moment(&self, now: UnixSeconds) -> UnixSeconds {
        now.saturating_add(self.policy.cache_seconds)
    }

    /// The ids of keys that nothing needs any longer.
    pub fn expired(&self, now: UnixSeconds) -> Vec<&str> {
        let ended = self.keys.len() - self.live(now).count();
        self.keys[..ended].iter().map(|key| key.kid.as_str()).collect()
    }

    /// The keys that may have signed a token that still lives, and those to come.
    fn live(&self, now: UnixSeconds) -> impl Iterator<Item = &Key> {
        self.keys.iter().enumerate().filter_map(move |(index, key)| {
            let successor = self.keys.get(index + 1);
            let ends = successor.map(|next| next.signs_from.saturating_add(self.policy.token_seconds));
            ends.is_none_or(|ends| ends > now).then_some(key)
        })
    }

    fn signing_key(&self, now: UnixSeconds) -> Option<&Key> {
        // If the one whose turn it is was taken away, the next takes over early rather than nobody.
        let current = self.keys.iter().rev().find(|key| key.signs_from <= now);
        current.or(self.keys.first())
    }

    /// The id of the key that signs at `now`.
    pub fn signing_key_id(&self, now: UnixSeconds) -> Option<&str> {
        self.signing_key(now).map(|key| key.kid.as_str())
    }

    /// Signs `claims` as a token of type `typ` with the key whose turn it is.
    ///
    /// # Errors
    /// [`KeyError::NoKey`] if the set is empty.
    pub fn sign(&self, typ: &str, claims: &impl Serialize, now: UnixSeconds) -> Result<String, KeyError> {
        let key = self.signing_key(now).ok_or(KeyError::NoKey)?;
        let header = Header {
            typ: Some(typ.to_owned()),
            kid: Some(key.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        Ok(jsonwebtoken::encode(&header, claims, &key.signing)?)
    }

    /// The signature of any bytes, to make tokens that this file would not make.
    #[cfg(test)]
    pub(super) fn signature_for_tests(&self, message: &[u8]) -> String {
        jsonwebtoken::crypto::sign(message, &self.keys[0].signing, Algorithm::EdDSA).unwrap()
    }

    /// The public key with the id `kid`, while tokens of it may live.
    pub fn verifying_key(&self, kid: &str, now: UnixSeconds) -> Option<VerifyingKey> {
        self.live(now).find(|key| key.kid == kid).map(|key| VerifyingKey {
            algorithm: Algorithm::EdDSA,
            key: key.verifying.clone(),
        })
    }

    /// The public keys as a JWK set (RFC 7517): those whose tokens live and the one to come.
    pub fn jwks(&self, now: UnixSeconds) -> Value {
        let keys: Vec<Value> = self
            .live(now)
            .map(|key| {
                json!({
                    "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": key.x,
                })
            })
            .collect();
        json!({ "keys": keys })
    }

    /// How long clients may keep [`SigningKeys::jwks`], in seconds.
    pub fn cache_seconds(&self) -> u64 {
        self.policy.cache_seconds
    }
}

impl Key {
    fn load(stored: &StoredKey) -> Result<Self, KeyError> {
        let seed = stored.seed()?;
        let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
        let x = URL_SAFE_NO_PAD.encode(public.as_bytes());
        if thumbprint(&x) != stored.kid {
            return Err(KeyError::Damaged);
        }
        Ok(Self {
            kid: stored.kid.clone(),
            signs_from: stored.signs_from,
            signing: EncodingKey::from_ed_der(&pkcs8(&seed)),
            verifying: DecodingKey::from_ed_der(public.as_bytes()),
            x,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = 1_800_000_000;
    const POLICY: RotationPolicy = RotationPolicy {
        signs_for_seconds: 30 * 86_400,
        cache_seconds: 3_600,
        token_seconds: 630,
    };

    /// A deployment that looks after its keys whenever it is asked to.
    #[derive(Default)]
    struct Deployment(Vec<StoredKey>);

    impl Deployment {
        fn keys(&self) -> SigningKeys {
            SigningKeys::load(&self.0, POLICY).unwrap()
        }

        fn tend(&mut self, now: UnixSeconds) {
            while let Some(key) = self.keys().next_key(now) {
                self.0.push(key);
            }
            let keys = self.keys();
            let expired = keys.expired(now);
            self.0.retain(|key| !expired.contains(&key.kid.as_str()));
        }
    }

    fn published(keys: &SigningKeys, now: UnixSeconds) -> Vec<String> {
        let set = keys.jwks(now);
        let keys = set["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_client_with_a_cached_key_set_verifies_every_token_through_a_year_of_rotations() {
        let mut deployment = Deployment::default();
        deployment.tend(NOW);
        let mut fetched = (NOW, published(&deployment.keys(), NOW));
        // Tokens that live: which key signed them, and when they end.
        let mut tokens: Vec<(String, UnixSeconds)> = Vec::new();
        let mut signers = std::collections::HashSet::new();
        for step in 0..(365 * 86_400 / 300) {
            let now = NOW + step * 300;
            if step % 12 == 0 {
                deployment.tend(now);
            }
            let keys = deployment.keys();
            if now >= fetched.0 + POLICY.cache_seconds {
                fetched = (now, published(&keys, now));
            }
            let signer = keys.signing_key_id(now).unwrap().to_owned();
            assert!(
                fetched.1.contains(&signer),
                "a key signed before a client could know it"
            );
            tokens.push((signer.clone(), now + POLICY.token_seconds));
            tokens.retain(|(_, ends)| *ends > now);
            for (kid, _) in &tokens {
                assert!(keys.verifying_key(kid, now).is_some(), "a token outlived its key");
            }
            let count = published(&keys, now).len();
            assert!((2..=3).contains(&count), "{count} keys are published");
            signers.insert(signer);
        }
        assert_eq!(signers.len(), 13, "thirty days each");
        assert!(deployment.0.len() <= 3);
    }

    #[test]
    fn an_ordered_rotation_waits_until_clients_can_know_the_key() {
        let mut deployment = Deployment::default();
        deployment.tend(NOW);
        let old = deployment.keys().signing_key_id(NOW).unwrap().to_owned();
        let early = deployment.keys().early_key(NOW);
        deployment.0.push(early.clone());
        let keys = deployment.keys();
        assert_eq!(keys.signing_key_id(NOW + 3_599), Some(old.as_str()));
        assert_eq!(keys.signing_key_id(NOW + 3_600), Some(early.kid.as_str()));
        assert!(keys.verifying_key(&old, NOW + 3_600 + 629).is_some());
        assert!(keys.verifying_key(&old, NOW + 3_600 + 630).is_none());
        assert_eq!(keys.expired(NOW + 3_600 + 630), [old.as_str()]);
        // A key that was taken away is replaced by the one to come.
        deployment.0.retain(|key| key.signs_from > NOW);
        assert_eq!(deployment.keys().signing_key_id(NOW), Some(early.kid.as_str()));
    }

    #[test]
    fn a_stored_key_comes_back_and_a_damaged_one_does_not() {
        let key = StoredKey::generate(NOW, NOW);
        let text = serde_json::to_string(&key).unwrap();
        let back: StoredKey = serde_json::from_str(&text).unwrap();
        assert_eq!(back, key);
        assert!(!format!("{key:?}{:?}", SigningKeys::load(&[back], POLICY).unwrap()).contains(&key.seed));
        assert!(
            key.to_pem()
                .unwrap()
                .starts_with("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIE")
        );
        for damaged in [
            StoredKey {
                seed: String::new(),
                ..key.clone()
            },
            StoredKey {
                seed: "?".repeat(43),
                ..key.clone()
            },
            StoredKey {
                kid: "other".to_owned(),
                ..key.clone()
            },
            StoredKey {
                seed: StoredKey::generate(NOW, NOW).seed,
                ..key.clone()
            },
        ] {
            assert!(matches!(
                SigningKeys::load(&[damaged], POLICY),
                Err(KeyError::Damaged)
            ));
        }
        let many: Vec<_> = (0..=MAX_KEYS).map(|_| StoredKey::generate(NOW, NOW)).collect();
        assert!(matches!(SigningKeys::load(&many, POLICY), Err(KeyError::TooMany)));
        let none = SigningKeys::load(&[], POLICY).unwrap();
        assert!(matches!(none.sign("x", &json!({}), NOW), Err(KeyError::NoKey)));
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        assert_eq!(
            thumbprint("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }
}
