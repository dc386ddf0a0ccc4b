//! API keys: `weft_pat_`, thirty random digits of base62, and six that are their checksum.
//!
//! Invariant: a text whose checksum is wrong is refused without a look-up, so that junk costs nothing and scanners of
//! leaked secrets can tell a real key from an accident. A key is kept as SHA-256 (it has 178 random bits), and shown
//! once; afterwards only its beginning tells keys apart.

use std::fmt;

use super::opaque::{NotAToken, TokenHash};
use crate::auth::random::{self, BASE62};

/// What every API key begins with.
pub const API_KEY_PREFIX: &str = "weft_pat_";
const SECRET_DIGITS: usize = 30;
const CHECKSUM_DIGITS: usize = 6;
/// How much of a key may be shown to tell it from others: the prefix and four digits.
const HINT_CHARACTERS: usize = API_KEY_PREFIX.len() + 4;

/// An API key as its owner gets it, once.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

impl ApiKey {
    /// A new one.
    pub fn generate() -> Self {
        let secret = random::base62(SECRET_DIGITS);
        Self(format!("{API_KEY_PREFIX}{secret}{}", checksum(&secret)))
    }

    /// Whether `text` is to be read as an API key at all, rather than as another token.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(API_KEY_PREFIX)
    }

    /// Checks form and checksum, without looking anything up.
    ///
    /// # Errors
    /// [`NotAToken`] if one of them is wrong.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let digits = text.strip_prefix(API_KEY_PREFIX).ok_or(NotAToken)?;
        let is_base62 = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if digits.len() != SECRET_DIGITS + CHECKSUM_DIGITS || !is_base62 {
            return Err(NotAToken);
        }
        let (secret, sum) = digits.split_at(SECRET_DIGITS);
        if checksum(secret) == sum {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAToken)
        }
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// The beginning, which may be shown and stored.
    pub fn hint(&self) -> &str {
        &self.0[..HINT_CHARACTERS]
    }

    /// The text, for its owner.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The CRC-32 of `secret` as six digits of base62, the highest first.
fn checksum(secret: &str) -> String {
    let mut rest = crc32(secret.as_bytes());
    let mut digits = [b'0'; CHECKSUM_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// CRC-32 as in zip and PNG. Thirty bytes do not need a table.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_everybody_uses() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(checksum("123456789"), "3jZRME");
    }

    #[test]
    fn keys_are_recognised_and_junk_is_not() {
        let key = ApiKey::generate();
        let text = key.expose();
        assert_eq!(text.len(), 45);
        assert_eq!(ApiKey::parse(text).unwrap().hash(), key.hash());
        assert!(ApiKey::is_one(text) && !ApiKey::is_one("weft_rt_x"));
        assert_eq!(key.hint(), &text[..13]);
        assert_eq!(format!("{key:?}"), "(hidden)");
        assert_ne!(key, ApiKey::generate());
        for junk in [
            "",
            "weft_pat_",
            &text[..44],
            &format!("{text}0"),
            &text.replace("pat", "rt"),
            &format!("weft_pat_{}", "\u{e9}".repeat(18)),
        ] {
            assert_eq!(ApiKey::parse(junk), Err(NotAToken), "{junk}");
        }
    }

    #[test]
    fn every_changed_digit_is_noticed() {
        let key = ApiKey::generate();
        for at in API_KEY_PREFIX.len()..45 {
            for digit in BASE62 {
                let mut bytes = key.expose().to_owned().into_bytes();
                if bytes[at] == *digit {
                    continue;
                }
                bytes[at] = *digit;
                assert!(
                    ApiKey::parse(&String::from_utf8(bytes).unwrap()).is_err(),
                    "digit {at}"
                );
            }
        }
    }
}
