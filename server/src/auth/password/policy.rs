//! Which texts may become passwords: long enough, not too long to hash, and nothing that everybody tries first.
//!
//! There are no rules about kinds of characters: they make passwords worse. The text is taken exactly as it came.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

/// The fewest characters of a password.
pub const MIN_PASSWORD_CHARACTERS: usize = 8;
/// The most bytes of a password, so that nobody can make hashing expensive.
pub const MAX_PASSWORD_BYTES: usize = 256;
/// A common word stays common with so many characters behind it.
const MAX_TAIL: usize = 6;
/// Rows and walks of keyboards, forwards.
const WALKS: [&str; 9] = [
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]qwertyuiop",
    "asdfghjkl;'asdfghjkl",
    "zxcvbnm,./zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "q1w2e3r4t5y6u7i8o9p0",
    "1q2w3e4r5t6y7u8i9o0p",
];

static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").split_whitespace().collect());

/// A text that may become a password. It shows itself to nobody but the hasher.
#[derive(Clone)]
pub struct NewPassword(String);

impl fmt::Debug for NewPassword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

/// Why a text is no password. The texts may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than [`MIN_PASSWORD_CHARACTERS`].
    #[error("a password has at least {MIN_PASSWORD_CHARACTERS} characters")]
    TooShort,
    /// More than [`MAX_PASSWORD_BYTES`].
    #[error("a password has at most {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    /// One of those that are tried first.
    #[error("this password is too common")]
    Common,
    /// The person's own name or address.
    #[error("a password must not be your own name or address")]
    Personal,
}

impl WeakPassword {
    /// The stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "PASSWORD_TOO_SHORT",
            Self::TooLong => "PASSWORD_TOO_LONG",
            Self::Common => "PASSWORD_TOO_COMMON",
            Self::Personal => "PASSWORD_IS_PERSONAL",
        }
    }
}

impl NewPassword {
    /// Checks `text`; `about` are words about the person, such as address and names.
    ///
    /// # Errors
    /// [`WeakPassword`] says which rule it breaks.
    pub fn parse(text: &str, about: &[&str]) -> Result<Self, WeakPassword> {
        if text.len() > MAX_PASSWORD_BYTES {
            return Err(WeakPassword::TooLong);
        }
        if text.chars().count() < MIN_PASSWORD_CHARACTERS {
            return Err(WeakPassword::TooShort);
        }
        let lower = text.to_lowercase();
        if is_common(&lower) {
            return Err(WeakPassword::Common);
        }
        if about.iter().any(|word| is_about(&lower, &word.to_lowercase())) {
            return Err(WeakPassword::Personal);
        }
        Ok(Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// `word` itself, the part of an address before the `@`, or either with a short tail.
fn is_about(lower: &str, word: &str) -> bool {
    let local = word.split('@').next().unwrap_or_default();
    [word, local]
        .into_iter()
        .filter(|word| word.chars().count() >= 3)
        .any(|word| lower == word || stem(lower) == Some(word))
}

fn is_common(lower: &str) -> bool {
    COMMON.contains(lower)
        || stem(lower).is_some_and(|stem| COMMON.contains(stem))
        || is_walk(lower)
        || is_repetition(lower)
}

/// `lower` without its tail of digits and signs, if that is short.
fn stem(lower: &str) -> Option<&str> {
    let stem = lower.trim_end_matches(|character: char| !character.is_alphabetic());
    (lower[stem.len()..].chars().count() <= MAX_TAIL).then_some(stem)
}

fn is_walk(lower: &str) -> bool {
    let backwards: String = lower.chars().rev().collect();
    WALKS
        .iter()
        .any(|walk| walk.contains(lower) || walk.contains(&backwards))
}

/// The same one to four characters over and over.
fn is_repetition(lower: &str) -> bool {
    let characters: Vec<char> = lower.chars().collect();
    (1..=4).any(|period| {
        characters
            .iter()
            .zip(&characters[period.min(characters.len())..])
            .all(|(a, b)| a == b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<(), WeakPassword> {
        NewPassword::parse(text, &["ann.smith@example.com", "Ann", "Smith", ""]).map(|_| ())
    }

    #[test]
    fn passwords_are_judged_by_one_table() {
        for (text, expected) in [
            ("", Err(WeakPassword::TooShort)),
            ("1 3-5_7", Err(WeakPassword::TooShort)),
            ("\u{1f9f5}\u{1f9f6}\u{1f9f5}", Err(WeakPassword::TooShort)),
            ("password", Err(WeakPassword::Common)),
            ("PassWord", Err(WeakPassword::Common)),
            ("Password1!", Err(WeakPassword::Common)),
            ("weft-server", Err(WeakPassword::Common)),
            ("weft2026!", Err(WeakPassword::Common)),
            ("summer2026", Err(WeakPassword::Common)),
            ("12345678", Err(WeakPassword::Common)),
            ("87654321", Err(WeakPassword::Common)),
            ("1qaz2wsx", Err(WeakPassword::Common)),
            ("poiuytrewq", Err(WeakPassword::Common)),
            ("aaaaaaaaaaaa", Err(WeakPassword::Common)),
            ("abababababab", Err(WeakPassword::Common)),
            ("ann.smith@example.com", Err(WeakPassword::Personal)),
            ("Ann.Smith1987", Err(WeakPassword::Personal)),
            ("smith987!", Err(WeakPassword::Personal)),
            ("tidal ovens wary", Ok(())),
            ("loomshed", Ok(())),
            ("Zebrastreifen 7", Ok(())),
            (
                "\u{1f9f5}\u{1f9f6}\u{1f40c}\u{1f96f}\u{1f9c2}\u{1fa91}\u{1f6f6}\u{26f2}",
                Ok(()),
            ),
        ] {
            assert_eq!(verdict(text), expected, "{text}");
        }
        // Long ones are welcome, up to what hashing takes.
        let long = "tidal ovens wary ".repeat(16);
        assert_eq!(verdict(&long[..MAX_PASSWORD_BYTES]), Ok(()));
        assert_eq!(verdict(&"ab cd ef".repeat(33)), Err(WeakPassword::TooLong));
    }

    #[test]
    fn the_list_is_there_and_shows_nothing() {
        assert!(COMMON.len() > 400, "{}", COMMON.len());
        assert!(COMMON.iter().all(|word| *word == word.to_lowercase()));
        let password = NewPassword::parse("tidal ovens wary", &[]).unwrap();
        assert_eq!(format!("{password:?}"), "(hidden)");
    }
}
