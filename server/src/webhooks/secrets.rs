//! The secrets of an endpoint: the one that counts, and older ones for as long as receivers change over.
//!
//! Invariant: they are stored sealed for their endpoint alone, and never logged.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::random;
use crate::auth::sealed::{SealError, Sealer};

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes a secret may have.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// How many secrets an endpoint has at most: one and ten older ones.
const MAX_SECRETS: usize = 11;
/// How long an older secret counts, in milliseconds: a day.
pub(crate) const OVERLAP_MS: i64 = 24 * 60 * 60 * 1_000;

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

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    key: String,
    ends_at_ms: Option<i64>,
}

/// The secrets of an endpoint, the one that counts first.
#[derive(Debug, Clone)]
pub(crate) struct WebhookSecrets(Vec<(WebhookSecret, Option<i64>)>);

impl WebhookSecrets {
    /// One that counts.
    pub(crate) fn of(secret: WebhookSecret) -> Self {
        Self(vec![(secret, None)])
    }

    /// Puts `secret` first; the others end, the one before it a day from now.
    pub(crate) fn rotate(&mut self, secret: WebhookSecret, now_ms: i64) {
        self.0
            .retain(|(old, end)| *old != secret && end.is_none_or(|end| end > now_ms));
        for (_, end) in &mut self.0 {
            *end = Some(end.unwrap_or(now_ms + OVERLAP_MS));
        }
        self.0.insert(0, (secret, None));
        self.0.truncate(MAX_SECRETS);
    }

    /// The one that counts.
    pub(crate) fn current(&self) -> Option<&WebhookSecret> {
        self.0.first().map(|(secret, _)| secret)
    }

    /// Those that sign at `now_ms`.
    pub(super) fn live(&self, now_ms: i64) -> impl Iterator<Item = &WebhookSecret> {
        let live = move |end: &Option<i64>| end.is_none_or(|end| end > now_ms);
        self.0
            .iter()
            .filter(move |(_, end)| live(end))
            .map(|(secret, _)| secret)
    }

    /// Encrypted for `endpoint`.
    ///
    /// # Errors
    /// [`SealError`] if there is nothing to seal with.
    pub(crate) fn seal(&self, sealer: &Sealer, endpoint: Uuid) -> Result<Vec<u8>, SealError> {
        let stored: Vec<Stored> = self
            .0
            .iter()
            .map(|(secret, ends_at_ms)| Stored {
                key: STANDARD.encode(&secret.0),
                ends_at_ms: *ends_at_ms,
            })
            .collect();
        let plain = serde_json::to_vec(&stored).unwrap_or_default();
        sealer.seal(&context(endpoint), &plain)
    }

    /// Decrypts those of `endpoint`.
    ///
    /// # Errors
    /// [`SealError::Unopened`] if they were sealed for another one or with a secret that is not known.
    pub(crate) fn open(sealer: &Sealer, endpoint: Uuid, sealed: &[u8]) -> Result<Self, SealError> {
        let plain = sealer.open(&context(endpoint), sealed)?;
        let stored: Vec<Stored> = serde_json::from_slice(&plain).map_err(|_| SealError::Unopened)?;
        let secrets = stored.into_iter().map(|stored| {
            let bytes = STANDARD.decode(stored.key).map_err(|_| SealError::Unopened)?;
            Ok((WebhookSecret(bytes), stored.ends_at_ms))
        });
        secrets.collect::<Result<_, _>>().map(Self)
    }
}

fn context(endpoint: Uuid) -> String {
    format!("webhook:{endpoint}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn an_older_secret_signs_for_a_day() {
        let (one, two, three) = (
            WebhookSecret::generate(),
            WebhookSecret::generate(),
            WebhookSecret::generate(),
        );
        let mut secrets = WebhookSecrets::of(one.clone());
        secrets.rotate(two.clone(), 0);
        secrets.rotate(three.clone(), 1_000);
        let live = |secrets: &WebhookSecrets, now| secrets.live(now).cloned().collect::<Vec<_>>();
        assert_eq!(live(&secrets, 1_000), [three.clone(), two.clone(), one]);
        assert_eq!(live(&secrets, OVERLAP_MS), [three.clone(), two]);
        assert_eq!(live(&secrets, OVERLAP_MS + 1_000), std::slice::from_ref(&three));
        assert_eq!(secrets.current(), Some(&three));
        for _ in 0..20 {
            secrets.rotate(WebhookSecret::generate(), 2_000);
        }
        assert_eq!(live(&secrets, 2_000).len(), MAX_SECRETS);
    }

    #[test]
    fn they_are_sealed_for_their_endpoint() {
        let sealer = Sealer::new(&[Secret::new(format!("a:{}", "a".repeat(32)))]).unwrap();
        let (secret, id) = (WebhookSecret::generate(), Uuid::from_u128(1));
        let sealed = WebhookSecrets::of(secret.clone()).seal(&sealer, id).unwrap();
        let opened = WebhookSecrets::open(&sealer, id, &sealed).unwrap();
        assert_eq!(opened.current(), Some(&secret));
        assert!(WebhookSecrets::open(&sealer, Uuid::from_u128(2), &sealed).is_err());
        let text = secret.expose();
        assert!(!sealed.windows(8).any(|part| part == &text.as_bytes()[6..14]));
        assert_eq!(format!("{opened:?}").find(&text[6..14]), None);
    }

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
