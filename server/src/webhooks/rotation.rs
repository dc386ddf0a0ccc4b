//! Keys that sign for an endpoint: the one that counts, and older ones for as long as receivers change over.
//!
//! Invariant: they are stored sealed for their endpoint and their kind alone, and never logged.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::sealed::{SealError, Sealer};

/// How many keys of a kind an endpoint has at most: one and ten older ones.
const MAX_KEYS: usize = 11;
/// How long an older key counts, in milliseconds: a day.
pub(crate) const OVERLAP_MS: i64 = 24 * 60 * 60 * 1_000;

/// A kind of keys.
pub(crate) trait Key: Clone + PartialEq + Sized {
    /// What they are sealed as.
    const SEALED_AS: &'static str;

    /// What is stored of one.
    fn stored(&self) -> Vec<u8>;

    /// What was stored, read.
    fn restored(bytes: Vec<u8>) -> Option<Self>;
}

#[derive(Serialize, Deserialize)]
struct Stored {
    key: String,
    ends_at_ms: Option<i64>,
}

/// The keys of a kind that an endpoint has, the one that counts first.
#[derive(Clone)]
pub(crate) struct Rotated<K>(Vec<(K, Option<i64>)>);

impl<K> fmt::Debug for Rotated<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Rotated").field(&self.0.len()).finish()
    }
}

impl<K: Key> Rotated<K> {
    /// One that counts.
    pub(crate) fn of(key: K) -> Self {
        Self(vec![(key, None)])
    }

    /// None.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// Puts `key` first; the others end, the one before it a day from now.
    pub(crate) fn rotate(&mut self, key: K, now_ms: i64) {
        self.0
            .retain(|(old, end)| *old != key && end.is_none_or(|end| end > now_ms));
        for (_, end) in &mut self.0 {
            *end = Some(end.unwrap_or(now_ms + OVERLAP_MS));
        }
        self.0.insert(0, (key, None));
        self.0.truncate(MAX_KEYS);
    }

    /// The one that counts.
    pub(crate) fn current(&self) -> Option<&K> {
        self.0.first().map(|(key, _)| key)
    }

    /// Those that sign at `now_ms`.
    pub(super) fn live(&self, now_ms: i64) -> impl Iterator<Item = &K> {
        let live = move |end: &Option<i64>| end.is_none_or(|end| end > now_ms);
        self.0
            .iter()
            .filter(move |(_, end)| live(end))
            .map(|(key, _)| key)
    }

    /// Encrypted for `endpoint`.
    ///
    /// # Errors
    /// [`SealError`] if there is nothing to seal with.
    pub(crate) fn seal(&self, sealer: &Sealer, endpoint: Uuid) -> Result<Vec<u8>, SealError> {
        let stored = self.0.iter().map(|(key, ends_at_ms)| Stored {
            key: STANDARD.encode(key.stored()),
            ends_at_ms: *ends_at_ms,
        });
        let plain = serde_json::to_vec(&stored.collect::<Vec<_>>()).unwrap_or_default();
        sealer.seal(&context::<K>(endpoint), &plain)
    }

    /// Decrypts those of `endpoint`.
    ///
    /// # Errors
    /// [`SealError::Unopened`] if they were sealed for another one or with a secret that is not known.
    pub(crate) fn open(sealer: &Sealer, endpoint: Uuid, sealed: &[u8]) -> Result<Self, SealError> {
        let plain = sealer.open(&context::<K>(endpoint), sealed)?;
        let stored: Vec<Stored> = serde_json::from_slice(&plain).map_err(|_| SealError::Unopened)?;
        let keys = stored.into_iter().map(|stored| {
            let bytes = STANDARD.decode(stored.key).map_err(|_| SealError::Unopened)?;
            let key = K::restored(bytes).ok_or(SealError::Unopened)?;
            Ok((key, stored.ends_at_ms))
        });
        keys.collect::<Result<_, _>>().map(Self)
    }
}

fn context<K: Key>(endpoint: Uuid) -> String {
    format!("{}:{endpoint}", K::SEALED_AS)
}

#[cfg(test)]
mod tests {
    use super::super::secrets::WebhookSecret;
    use super::super::signing_key::SigningKey;
    use super::*;
    use crate::config::Secret;

    #[test]
    fn an_older_key_signs_for_a_day() {
        let (one, two, three) = (
            WebhookSecret::generate(),
            WebhookSecret::generate(),
            WebhookSecret::generate(),
        );
        let mut secrets = Rotated::of(one.clone());
        secrets.rotate(two.clone(), 0);
        secrets.rotate(three.clone(), 1_000);
        let live = |secrets: &Rotated<WebhookSecret>, now| secrets.live(now).cloned().collect::<Vec<_>>();
        assert_eq!(live(&secrets, 1_000), [three.clone(), two.clone(), one]);
        assert_eq!(live(&secrets, OVERLAP_MS), [three.clone(), two]);
        assert_eq!(live(&secrets, OVERLAP_MS + 1_000), std::slice::from_ref(&three));
        assert_eq!(secrets.current(), Some(&three));
        for _ in 0..20 {
            secrets.rotate(WebhookSecret::generate(), 2_000);
        }
        assert_eq!(live(&secrets, 2_000).len(), MAX_KEYS);
    }

    #[test]
    fn they_are_sealed_for_their_endpoint_and_kind() {
        let sealer = Sealer::new(&[Secret::new(format!("a:{}", "a".repeat(32)))]).unwrap();
        let (secret, id) = (WebhookSecret::generate(), Uuid::from_u128(1));
        let sealed = Rotated::of(secret.clone()).seal(&sealer, id).unwrap();
        let opened = Rotated::<WebhookSecret>::open(&sealer, id, &sealed).unwrap();
        assert_eq!(opened.current(), Some(&secret));
        assert!(Rotated::<WebhookSecret>::open(&sealer, Uuid::from_u128(2), &sealed).is_err());
        assert!(Rotated::<SigningKey>::open(&sealer, id, &sealed).is_err());
        let text = secret.expose();
        assert!(!sealed.windows(8).any(|part| part == &text.as_bytes()[6..14]));
        assert_eq!(format!("{opened:?}").find(&text[6..14]), None);
    }
}
