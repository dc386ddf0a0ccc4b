//! Proof key for code exchange (RFC 7636), S256 only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::auth::random;

/// The hash of a verifier that a client begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads a challenge: the base64 of 32 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = (text.len() == 43).then(|| URL_SAFE_NO_PAD.decode(text))?.ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The text, to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `verifier` is what this is the hash of.
    pub fn matches(&self, verifier: &str) -> bool {
        let well_formed = (43..=128).contains(&verifier.len())
            && verifier
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        well_formed && bool::from(hash.as_bytes().ct_eq(self.0.as_bytes()))
    }
}

/// The secret of a client that begins a login; ours, when we log in through another provider.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeVerifier(String);

impl std::fmt::Debug for CodeVerifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("(hidden)")
    }
}

impl CodeVerifier {
    /// A new one.
    pub fn generate() -> Self {
        Self(random::token())
    }

    /// As stored between the two halves of a login.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text, for the token request and to store.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What to begin with.
    pub fn challenge(&self) -> CodeChallenge {
        CodeChallenge(URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0)))
    }
}
