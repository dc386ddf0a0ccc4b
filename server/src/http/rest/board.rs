//! Values that requests about boards hold: names of things on a board, colours, days and moments, places in lists.
//!
//! As in [`validate`](super::validate), a type cannot hold what its name does not promise.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
// Derived code uses this trait too; there is no other way to describe a type without giving it a name.
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use weft_protocol::board::At;
use weft_protocol::board::id::{Id, MAX_ID_BYTES, kind};
use weft_protocol::board::moment::Moment;
use weft_protocol::board::schema::is_color;

use super::json::invalid;
use super::schema::INLINE;
use crate::boards::guess;
use crate::http::Problem;

/// The longest moment that is read, in characters.
const MOMENT_CHARS: usize = 40;

/// What names something on a board.
pub trait Names {
    /// Of what kind that is.
    type Kind;

    /// Its id.
    fn id(self) -> Id<Self::Kind>;
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident of $kind:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
            #[serde(transparent)]
            pub struct $name(pub(crate) Id<$kind>);

            impl Names for $name {
                type Kind = $kind;

                fn id(self) -> Id<$kind> {
                    self.0
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let parse = |text: &str| Id::parse(text).ok().map(Self);
                    let rule = "an id of 1 to 64 of the characters 0-9 A-Z a-z _ -";
                    deserializer.deserialize_str(Parsed(parse, rule))
                }
            }

            impl ComposeSchema for $name {
                fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
                    let pattern = "^[0-9A-Za-z_-]{1,64}$";
                    text()
                        .min_length(Some(1))
                        .max_length(Some(MAX_ID_BYTES))
                        .pattern(Some(pattern))
                        .into()
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    format!("{INLINE}{}", stringify!($name)).into()
                }
            }
        )*
    };
}

names! {
    /// The name of a column.
    ColumnRef of kind::Column;
    /// The name of a lane.
    LaneRef of kind::Lane;
    /// The name of a label.
    LabelRef of kind::Label;
    /// The name of a custom field.
    FieldRef of kind::Field;
    /// The name of an option of a custom field.
    ChoiceRef of kind::Choice;
    /// The name of an item of a checklist.
    ItemRef of kind::Item;
    /// The name of an attached file.
    FileRef of kind::File;
}

/// A colour: `#rrggbb` or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Color(pub(crate) String);

/// A day, or a moment with any offset from UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When(pub(crate) Moment);

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ListEnd)]
pub enum End {
    /// Before all others.
    Top,
    /// After all others.
    Bottom,
}

/// The place in a list that a request names by at most one of three members; `None` if by none.
///
/// # Errors
/// 422 if by more.
pub(crate) fn place<T, K>(
    before: Option<T>,
    after: Option<T>,
    pos: Option<End>,
    name: impl Fn(T) -> Id<K>,
) -> Result<Option<At<K>>, Problem> {
    Ok(match (before, after, pos) {
        (None, None, None) => None,
        (Some(other), None, None) => Some(At::Before(name(other))),
        (None, Some(other), None) => Some(At::After(name(other))),
        (None, None, Some(End::Top)) => Some(At::First),
        (None, None, Some(End::Bottom)) => Some(At::Last),
        _ => {
            let message = "must not be combined: a place is before something, after something, or at one end";
            return Err(invalid("pos", "CONFLICTING_MEMBERS", message));
        }
    })
}

/// Reads a text by a function, and says what it expects.
struct Parsed<T>(fn(&str) -> Option<T>, &'static str);

impl<T> Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.1)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::invalid_value(Unexpected::Other("text"), &self.1))
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parse = |text: &str| is_color(text).then(|| Self(text.to_owned()));
        let rule =
            "a colour: #rrggbb, or a name of 1 to 32 of the characters a-z 0-9 - that starts with a letter";
        deserializer.deserialize_str(Parsed(parse, rule))
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parse = |text: &str| guess::moment(text).map(Self);
        deserializer.deserialize_str(Parsed(
            parse,
            "a date such as 2026-11-20, or a time such as 2026-11-20T17:39:34Z",
        ))
    }
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

impl ComposeSchema for Color {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let pattern = "^(#[0-9A-Fa-f]{6}|[a-z][0-9a-z-]{0,31})$";
        text()
            .min_length(Some(1))
            .max_length(Some(32))
            .pattern(Some(pattern))
            .into()
    }
}

impl ToSchema for Color {
    fn name() -> Cow<'static, str> {
        format!("{INLINE}Color").into()
    }
}

impl ComposeSchema for When {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?$";
        text()
            .min_length(Some(10))
            .max_length(Some(MOMENT_CHARS))
            .pattern(Some(pattern))
            .into()
    }
}

impl ToSchema for When {
    fn name() -> Cow<'static, str> {
        format!("{INLINE}When").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_once() {
        let id = |text: &str| Id::<kind::Card>::parse(text).unwrap();
        let place = |before, after, pos| place(before, after, pos, id);
        assert_eq!(place(None, None, None), Ok(None));
        assert_eq!(place(Some("a"), None, None), Ok(Some(At::Before(id("a")))));
        assert_eq!(place(None, Some("a"), None), Ok(Some(At::After(id("a")))));
        assert_eq!(place(None, None, Some(End::Top)), Ok(Some(At::First)));
        assert_eq!(place(None, None, Some(End::Bottom)), Ok(Some(At::Last)));
        assert!(place(Some("a"), Some("b"), None).is_err());
        assert!(place(Some("a"), None, Some(End::Top)).is_err());
    }
}
