//! The names of things on a board.
//!
//! Invariant: an [`Id`] is 1 to [`MAX_ID_BYTES`] of `0-9 A-Z a-z _ -`, so that it has one order in every language and
//! can stand inside the name of a dependency. What is named otherwise in a document is not there.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The longest name, in bytes.
pub const MAX_ID_BYTES: usize = 64;

/// What can be named.
pub mod kind {
    /// A card.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Card {}
    /// A column.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Column {}
    /// A lane across the columns.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Lane {}
    /// A label.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Label {}
    /// A custom field.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Field {}
    /// A choice of a custom field.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Choice {}
    /// An item of a checklist.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Item {}
    /// A user.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum User {}
    /// An attached file.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum File {}
}

/// Names a card.
pub type CardId = Id<kind::Card>;
/// Names a column.
pub type ColumnId = Id<kind::Column>;
/// Names a lane.
pub type LaneId = Id<kind::Lane>;
/// Names a label.
pub type LabelId = Id<kind::Label>;
/// Names a custom field.
pub type FieldId = Id<kind::Field>;
/// Names a choice of a custom field.
pub type OptionId = Id<kind::Choice>;
/// Names an item of a checklist.
pub type ItemId = Id<kind::Item>;
/// Names a user.
pub type UserId = Id<kind::User>;
/// Names an attached file.
pub type FileId = Id<kind::File>;

/// The name of a `K`, in the order of its bytes. Cloning shares the text.
pub struct Id<K> {
    text: Arc<str>,
    kind: PhantomData<fn() -> K>,
}

/// A text that names nothing on a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to {MAX_ID_BYTES} of 0-9 A-Z a-z _ -")]
pub struct InvalidId;

impl<K> Id<K> {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`InvalidId`] if it is too long, empty, or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let fits = (1..=MAX_ID_BYTES).contains(&text.len());
        let clean = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if fits && text.bytes().all(clean) {
            Ok(Self {
                text: text.into(),
                kind: PhantomData,
            })
        } else {
            Err(InvalidId)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self {
            text: Arc::clone(&self.text),
            kind: PhantomData,
        }
    }
}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, formatter)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_plain() {
        for good in ["a", "0199f7a0-0000-7000-8000-000000000001", "A_b-9"] {
            assert_eq!(CardId::parse(good).map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "a|b", "a b", "ä", "a\0", &"x".repeat(65)] {
            assert_eq!(CardId::parse(bad), Err(InvalidId), "{bad}");
        }
    }
}
