//! Which documents a token names: exact names, or everything that begins alike.

use serde::{Deserialize, Serialize};
use weft_protocol::id::{DocumentName, InvalidDocumentName};

/// A document's name, or the beginning of names followed by `*`. `*` alone matches every document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocumentPattern {
    text: String,
    is_prefix: bool,
}

/// The text is neither a document's name nor the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a document name, nor a beginning followed by `*`: {0}")]
pub struct InvalidPattern(#[from] InvalidDocumentName);

impl DocumentPattern {
    /// Reads `name` or `beginning*`. A star elsewhere is an ordinary character.
    ///
    /// # Errors
    /// [`InvalidPattern`] if no document could have such a name.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        match text.strip_suffix('*') {
            Some("") => Ok(Self {
                text: String::new(),
                is_prefix: true,
            }),
            Some(beginning) => {
                DocumentName::parse(beginning)?;
                Ok(Self {
                    text: beginning.to_owned(),
                    is_prefix: true,
                })
            }
            None => {
                DocumentName::parse(text)?;
                Ok(Self {
                    text: text.to_owned(),
                    is_prefix: false,
                })
            }
        }
    }

    /// Whether `document` is named.
    pub fn matches(&self, document: &DocumentName) -> bool {
        if self.is_prefix {
            document.as_str().starts_with(&self.text)
        } else {
            document.as_str() == self.text
        }
    }
}

impl TryFrom<String> for DocumentPattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<DocumentPattern> for String {
    fn from(pattern: DocumentPattern) -> Self {
        let star = if pattern.is_prefix { "*" } else { "" };
        format!("{}{star}", pattern.text)
    }
}
