//! Headers that an endpoint wants to be asked with, such as what a gateway before it wants to see.
//!
//! Invariant: no header of theirs takes the place of one that a message, its signature or HTTP needs. Values may be
//! secrets: they are stored sealed for their endpoint, never shown and never logged.

use std::collections::BTreeMap;
use std::fmt;

use hyper::header::{HeaderName, HeaderValue};
use uuid::Uuid;

use crate::auth::sealed::{SealError, Sealer};

/// How many headers an endpoint may have.
pub(crate) const MAX_HEADERS: usize = 10;
/// The longest name and the longest value, in bytes.
const MAX_NAME_BYTES: usize = 64;
const MAX_VALUE_BYTES: usize = 1_024;
/// Names that messages, HTTP and proxies have their own use for, and how such names begin.
const RESERVED: [&str; 12] = [
    "host",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "user-agent",
    "accept-encoding",
    "date",
    "forwarded",
];
const RESERVED_BEGINNINGS: [&str; 5] = ["content-", "webhook-", "proxy-", "x-forwarded-", "sec-"];

/// Why something is no header that an endpoint may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidHeader {
    /// The name is none.
    #[error("its name must be 1 to 64 characters of a header's name")]
    Name,
    /// The name is needed for something else.
    #[error("its name is reserved: messages, HTTP or proxies have their own use for it")]
    Reserved,
    /// The value is none.
    #[error("its value must be 1 to 1024 visible characters of ASCII, with spaces only between them")]
    Value,
}

/// The headers of an endpoint, by their names in small letters.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct WebhookHeaders(BTreeMap<String, String>);

impl fmt::Debug for WebhookHeaders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl WebhookHeaders {
    /// Puts a header in the place of one of its name.
    ///
    /// # Errors
    /// [`InvalidHeader`]
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidHeader> {
        let name = name.to_ascii_lowercase();
        if name.len() > MAX_NAME_BYTES || HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(InvalidHeader::Name);
        }
        let is_reserved = RESERVED.contains(&name.as_str())
            || RESERVED_BEGINNINGS
                .iter()
                .any(|beginning| name.starts_with(beginning));
        if is_reserved {
            return Err(InvalidHeader::Reserved);
        }
        let is_value = (1..=MAX_VALUE_BYTES).contains(&value.len())
            && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
            && value.trim() == value;
        if !is_value {
            return Err(InvalidHeader::Value);
        }
        self.0.insert(name, value.to_owned());
        Ok(())
    }

    /// Takes a header away.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(&name.to_ascii_lowercase());
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Their names, between commas.
    pub(crate) fn names(&self) -> String {
        self.0.keys().map(String::as_str).collect::<Vec<_>>().join(",")
    }

    /// As they are sent.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        self.0.iter().filter_map(|(name, value)| {
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
        })
    }

    /// Encrypted for `endpoint`.
    ///
    /// # Errors
    /// [`SealError`] if there is nothing to seal with.
    pub(crate) fn seal(&self, sealer: &Sealer, endpoint: Uuid) -> Result<Vec<u8>, SealError> {
        let plain = serde_json::to_vec(&self.0).unwrap_or_default();
        sealer.seal(&context(endpoint), &plain)
    }

    /// Decrypts those of `endpoint`.
    ///
    /// # Errors
    /// [`SealError::Unopened`] if they were sealed for another one or with a secret that is not known.
    pub(crate) fn open(sealer: &Sealer, endpoint: Uuid, sealed: Option<&[u8]>) -> Result<Self, SealError> {
        let Some(sealed) = sealed else {
            return Ok(Self::default());
        };
        let plain = sealer.open(&context(endpoint), sealed)?;
        let headers = serde_json::from_slice(&plain).map_err(|_| SealError::Unopened)?;
        Ok(Self(headers))
    }
}

fn context(endpoint: Uuid) -> String {
    format!("webhook-headers:{endpoint}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn what_others_need_is_reserved_and_nothing_breaks_out_of_a_header() {
        let mut headers = WebhookHeaders::default();
        for name in [
            "Host",
            "CONTENT-TYPE",
            "content-length",
            "content-encoding",
            "webhook-id",
            "Webhook-Signature",
            "connection",
            "transfer-encoding",
            "upgrade",
            "proxy-authorization",
            "x-forwarded-for",
            "user-agent",
        ] {
            assert_eq!(headers.set(name, "x"), Err(InvalidHeader::Reserved), "{name}");
        }
        for name in ["", "a b", "a:b", "\u{e4}", "a\r\nb", &"x".repeat(65)] {
            assert_eq!(headers.set(name, "x"), Err(InvalidHeader::Name), "{name:?}");
        }
        for value in [
            "",
            " x",
            "x ",
            "a\r\nhost: b",
            "a\0",
            "\u{e4}",
            "a\tb",
            &"x".repeat(1_025),
        ] {
            assert_eq!(headers.set("x-a", value), Err(InvalidHeader::Value), "{value:?}");
        }
        assert_eq!(headers.len(), 0);
        headers.set("Authorization", "Bearer a b").unwrap();
        headers.set("x-b", &"~".repeat(1_024)).unwrap();
        headers.set("AUTHORIZATION", "Basic c").unwrap();
        assert_eq!(
            (headers.len(), headers.names().as_str()),
            (2, "authorization,x-b")
        );
        headers.remove("X-B");
        let pairs: Vec<_> = headers.pairs().collect();
        assert_eq!(pairs.len(), 1);
        assert!(pairs[0].0 == "authorization" && pairs[0].1 == "Basic c");
    }

    #[test]
    fn they_are_sealed_for_their_endpoint() {
        let sealer = Sealer::new(&[Secret::new(format!("a:{}", "a".repeat(32)))]).unwrap();
        let (mut headers, id) = (WebhookHeaders::default(), Uuid::from_u128(1));
        headers.set("x-key", "confidential").unwrap();
        let sealed = headers.seal(&sealer, id).unwrap();
        assert!(!sealed.windows(12).any(|part| part == b"confidential"));
        assert_eq!(WebhookHeaders::open(&sealer, id, Some(&sealed)).unwrap(), headers);
        assert!(WebhookHeaders::open(&sealer, Uuid::from_u128(2), Some(&sealed)).is_err());
        assert_eq!(WebhookHeaders::open(&sealer, id, None).unwrap().len(), 0);
        assert!(!format!("{headers:?}").contains("confidential"));
    }
}
