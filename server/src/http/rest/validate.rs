//! Values that were checked when they were read, as types that cannot hold anything else.
//!
//! Their errors are told to clients as rules ("must be …"), which is why they are raised as `invalid_value` with the
//! rule as the expectation and never as a text of their own.

use std::fmt;
use std::ops::Deref;

use serde::de::value::StringDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error, IntoDeserializer, Unexpected, Visitor};
use serde::{Deserialize, Serialize};

use crate::mail::EmailAddress;

/// One line of 1 to `MAX` characters, without white space around it and without control characters: names, titles.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Line<const MAX: usize>(String);

/// A text of up to `MAX` characters, perhaps empty, with lines and tabs but no other control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Line<MAX> {
    /// `text` trimmed, if it is one. The white space around it counts: the limit that the description of the API
    /// tells is one of what is sent.
    pub fn parse(text: &str) -> Option<Self> {
        let line = text.trim();
        let fits = !line.is_empty() && text.chars().count() <= MAX && !line.chars().any(is_unwelcome);
        fits.then(|| Self(line.to_owned()))
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> Text<MAX> {
    /// `text`, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_unwelcome = |character| is_unwelcome(character) && !matches!(character, '\n' | '\r' | '\t');
        let fits = text.chars().count() <= MAX && !text.chars().any(is_unwelcome);
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Control characters, the ends of lines of Unicode, and those that turn the direction of what follows: a name with
/// one of them could look like another name.
fn is_unwelcome(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl<const MAX: usize> Deref for Line<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Line<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Checked(Self::parse, || {
            format!("a text of 1 to {MAX} characters in one line")
        }))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Checked(Self::parse, || {
            format!("a text of at most {MAX} characters without control characters")
        }))
    }
}

/// An e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(pub(crate) EmailAddress);

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Checked(
            |text: &str| EmailAddress::parse(text).ok().map(Self),
            || "an e-mail address".to_owned(),
        ))
    }
}

/// A name of an enum, read in any case: `ADMIN` is `admin`. Told in the enum's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct AnyCase<T>(pub(crate) T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for AnyCase<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?.to_lowercase();
        let name: StringDeserializer<D::Error> = name.into_deserializer();
        T::deserialize(name).map(Self)
    }
}

/// Reads a text by a function, and says the rule that it checks.
struct Checked<P, R>(P, R);

impl<T, P: Fn(&str) -> Option<T>, R: Fn() -> String> Visitor<'_> for Checked<P, R> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&(self.1)())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::invalid_value(Unexpected::Other("text"), &self))
    }
}
