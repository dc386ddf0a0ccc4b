//! Names and identifiers that travel between peers.
//!
//! A value of these types has been checked once, at the edge; nothing behind the edge checks it again.

use std::fmt;
use std::sync::Arc;

/// The longest document name, in bytes of UTF-8.
pub const MAX_DOCUMENT_NAME_BYTES: usize = 512;

/// The name under which clients open a document: 1 to [`MAX_DOCUMENT_NAME_BYTES`] bytes of UTF-8 without control
/// characters. It may contain `/`. Cloning shares the text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentName(Arc<str>);

/// Why a string is no document name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDocumentName {
    /// The name has no characters.
    #[error("a document name must not be empty")]
    Empty,
    /// The name has more than [`MAX_DOCUMENT_NAME_BYTES`] bytes.
    #[error("a document name has at most {MAX_DOCUMENT_NAME_BYTES} bytes")]
    TooLong,
    /// The name has a control character (among them NUL, which Hocuspocus uses as a separator).
    #[error("a document name has no control characters")]
    ControlCharacter,
}

impl DocumentName {
    /// Checks `name`.
    ///
    /// # Errors
    /// [`InvalidDocumentName`] says which rule it breaks.
    pub fn parse(name: &str) -> Result<Self, InvalidDocumentName> {
        if name.is_empty() {
            Err(InvalidDocumentName::Empty)
        } else if name.len() > MAX_DOCUMENT_NAME_BYTES {
            Err(InvalidDocumentName::TooLong)
        } else if name.chars().any(char::is_control) {
            Err(InvalidDocumentName::ControlCharacter)
        } else {
            Ok(Self(name.into()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocumentName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for DocumentName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_once() {
        assert_eq!(
            DocumentName::parse("team/plan 2026 ✓").unwrap().as_str(),
            "team/plan 2026 ✓"
        );
        assert_eq!(DocumentName::parse(""), Err(InvalidDocumentName::Empty));
        assert_eq!(
            DocumentName::parse("a\0b"),
            Err(InvalidDocumentName::ControlCharacter)
        );
        assert_eq!(
            DocumentName::parse(&"x".repeat(513)),
            Err(InvalidDocumentName::TooLong)
        );
        assert!(DocumentName::parse(&"x".repeat(512)).is_ok());
    }
}
