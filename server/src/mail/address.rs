//! E-mail addresses, checked once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest address, in bytes (RFC 5321).
pub const MAX_EMAIL_BYTES: usize = 254;

/// A text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an e-mail address")]
pub struct InvalidEmailAddress;

/// An address that mail can be sent to. Shows itself only when asked to.
#[derive(Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Checks `text`. Quoted local parts, comments and addresses in brackets are refused.
    ///
    /// # Errors
    /// [`InvalidEmailAddress`] if it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidEmailAddress> {
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmailAddress)?;
        let has_oddity = |character: char| {
            character.is_control() || character.is_whitespace() || "\"(),:;<>[]\\@".contains(character)
        };
        let fits = text.len() <= MAX_EMAIL_BYTES && (1..=64).contains(&local.len()) && !text.is_empty();
        let odd = local.contains(has_oddity) || domain.contains(has_oddity) || domain.is_empty();
        if !fits || odd {
            return Err(InvalidEmailAddress);
        }
        // The library that sends has the last word, so that what is stored can be sent to.
        lettre::Address::from_str(text).map_err(|_| InvalidEmailAddress)?;
        Ok(Self(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which accounts are found: two addresses that differ in case only are one.
    pub fn canonical(&self) -> String {
        self.0.to_lowercase()
    }

    /// What stands behind the `@`, in lower case.
    pub fn domain(&self) -> String {
        self.0.rsplit('@').next().unwrap_or_default().to_lowercase()
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(an address)")
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmailAddress;

    fn try_from(text: String) -> Result<Self, InvalidEmailAddress> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}
