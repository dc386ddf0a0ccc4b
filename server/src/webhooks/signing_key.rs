//! The key of an endpoint whose messages are signed for everybody to verify: `v1a` of Standard Webhooks, ed25519.
//!
//! Invariant: the private half is stored sealed, never shown and never logged; only the public half leaves the server.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::rotation::{Key, Rotated};
use crate::auth::random;

/// What a private and a public key begin with.
const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";
/// How many bytes a seed and a public key have.
const HALF: usize = 32;

/// The signing keys of an endpoint, the one that counts first.
pub(crate) type SigningKeys = Rotated<SigningKey>;

/// A pair of keys.
#[derive(Clone)]
pub(crate) struct SigningKey {
    seed: [u8; HALF],
    pair: Arc<Ed25519KeyPair>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey")
    }
}

impl PartialEq for SigningKey {
    fn eq(&self, other: &Self) -> bool {
        self.public() == other.public()
    }
}

impl Key for SigningKey {
    const SEALED_AS: &'static str = "webhook-signing-key";

    fn stored(&self) -> Vec<u8> {
        self.seed.to_vec()
    }

    fn restored(bytes: Vec<u8>) -> Option<Self> {
        Self::of(bytes.try_into().ok()?)
    }
}

impl SigningKey {
    /// A new one; `None` cannot happen.
    pub(crate) fn generate() -> Option<Self> {
        Self::of(random::bytes())
    }

    /// Reads `whsk_` and base64 of the seed, or of the seed and the public key that comes of it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(PRIVATE)?).ok()?;
        let (seed, public) = bytes.split_at_checked(HALF)?;
        let key = Self::of(seed.try_into().ok()?)?;
        (public.is_empty() || public == key.public()).then_some(key)
    }

    fn of(seed: [u8; HALF]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        Some(Self {
            seed,
            pair: Arc::new(pair),
        })
    }

    fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The public half, as receivers have it.
    pub(crate) fn expose_public(&self) -> String {
        format!("{PUBLIC}{}", STANDARD.encode(self.public()))
    }

    /// Signs.
    pub(super) fn sign(&self, content: &[u8]) -> Vec<u8> {
        self.pair.sign(content).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first key of the tests in RFC 8032.
    const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    const RFC_PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    #[test]
    fn the_key_of_the_standard_comes_out() {
        let key = SigningKey::parse(&format!("{PRIVATE}{SEED}")).unwrap();
        assert_eq!(key.expose_public(), format!("{PUBLIC}{RFC_PUBLIC}"));
        let signature = STANDARD.encode(key.sign(b""));
        assert_eq!(
            signature,
            "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw=="
        );
        let again = SigningKey::restored(key.stored()).unwrap();
        assert!(again == key && again != SigningKey::generate().unwrap());
    }

    #[test]
    fn only_what_is_a_key_is_read() {
        let seed = STANDARD.decode(SEED).unwrap();
        let with = |public: &[u8]| format!("{PRIVATE}{}", STANDARD.encode([&seed, public].concat()));
        assert!(SigningKey::parse(&with(&STANDARD.decode(RFC_PUBLIC).unwrap())).is_some());
        for bad in [
            String::new(),
            PRIVATE.to_owned(),
            format!("whsec_{SEED}"),
            format!("{PUBLIC}{SEED}"),
            format!("{PRIVATE}AAAA"),
            with(&[1; HALF]),
            with(&[1]),
        ] {
            assert!(SigningKey::parse(&bad).is_none(), "{bad}");
        }
        assert!(!format!("{:?}", SigningKey::parse(&with(&[])).unwrap()).contains("nWGx"));
    }
}
