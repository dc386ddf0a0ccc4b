//! The names of things on a board.
//!
//! Invariant: an [`Id`] is 1 to [`MAX_ID_BYTES`] of `0-9 A-Z a-z _ -`, so that it has one order in every language and
//! can stand inside the name of a dependency. What is named otherwise in a document is not there.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

    /// The name that is the canonical text of the UUID with these bytes, as new things are called.
    pub fn of_uuid(bytes: [u8; 16]) -> Self {
        let mut text = String::with_capacity(36);
        for (at, byte) in bytes.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(digit), 16));
            }
        }
        Self {
            text: text.into(),
            kind: PhantomData,
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

impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_an_id() {
        let bytes = std::array::from_fn(|at| u8::try_from(at * 17).unwrap());
        let id = CardId::of_uuid(bytes);
        assert_eq!(id.as_str(), "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(CardId::parse(id.as_str()), Ok(id));
    }

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
