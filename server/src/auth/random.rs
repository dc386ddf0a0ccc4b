//! The one place where secrets get their randomness: the generator of the operating system.
//!
//! Invariant: nothing here is seeded, buffered or repeatable. A machine without randomness stops the request that asks
//! for it; no secret is ever made from anything weaker.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore as _;
use rand::distr::{Distribution as _, Uniform};
use rand::rngs::OsRng;

/// The digits of base62 in the order of their values.
pub(super) const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    use rand::RngCore as _;
    let mut bytes = [0; N];
    OsRng.unwrap_err().fill_bytes(&mut bytes);
    bytes
}

/// 256 random bits as 43 characters of URL-safe base64.
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// `length` random digits of base62, 5.95 bits each.
pub fn base62(length: usize) -> String {
    let mut source = OsRng.unwrap_err();
    // The bounds are constants, so this cannot fail; an empty text would be refused by everything that reads it.
    let Ok(digits) = Uniform::new(0, BASE62.len()) else {
        return String::new();
    };
    (0..length)
        .map(|_| char::from(BASE62[digits.sample(&mut source)]))
        .collect()
}

/// A random identifier that says nothing about when it was made (UUID version 4).
pub fn id() -> uuid::Uuid {
    uuid::Builder::from_random_bytes(bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_is_another() {
        assert_ne!(bytes::<16>(), bytes::<16>());
        assert_ne!(token(), token());
        assert_eq!(token().len(), 43);
        assert_ne!(id(), id());
        let text = base62(4_000);
        assert_eq!(text.len(), 4_000);
        // Each of 62 digits is expected 65 times; a missing one means a broken choice.
        assert!(BASE62.iter().all(|digit| text.bytes().any(|byte| byte == *digit)));
    }
}
