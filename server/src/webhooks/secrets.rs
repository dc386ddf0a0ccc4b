//! The secrets of an endpoint, with which the receiver verifies what it is sent: `v1` of Standard Webhooks.
//!
//! Invariant: they are stored sealed for their endpoint alone, and never logged.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::rotation::{Key, Rotated};
use crate::auth::random;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes a secret may have.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The secrets of an endpoint, the one that counts first.
pub(crate) type WebhookSecrets = Rotated<WebhookSecret>;

/// A secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebhookSecret(Vec<u8>);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecret")
    }
}

impl WebhookSecret {
    /// A new one, of 256 random bits.
    pub(crate) fn generate() -> Self {
        Self(random::bytes::<32>().to_vec())
    }

    /// Reads `whsec_` and base64 of 24 to 64 bytes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        BYTES.contains(&bytes.len()).then_some(Self(bytes))
    }

    /// As receivers have it.
    pub(crate) fn expose(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The key.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Key for WebhookSecret {
    const SEALED_AS: &'static str = "webhook";

    fn stored(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn restored(bytes: Vec<u8>) -> Option<Self> {
        Some(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_secret_is_read() {
        let good = WebhookSecret::generate().expose();
        assert_eq!(WebhookSecret::parse(&good).unwrap().expose(), good);
        for bad in [
            "",
            "whsec_",
            "whsec_AAAA",
            "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "whsec_C2FVs!",
        ] {
            assert!(WebhookSecret::parse(bad).is_none(), "{bad}");
        }
        let long = format!("{PREFIX}{}", STANDARD.encode([0; 65]));
        assert!(WebhookSecret::parse(&long).is_none());
    }
}
