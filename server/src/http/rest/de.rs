//! From a tree of JSON, or from query parameters, to a type: like serde_json's own, but its errors are data.
//!
//! Invariant: a [`Fault`] holds the path, a stable code and the rule as the type's author worded it. What was sent does
//! not get into it, apart from the name of a member that does not belong there.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use crate::http::problem::Detail;

/// How much of a path is told, in characters.
const MAX_FIELD_CHARS: usize = 200;

/// What is wrong with a value, and where.
#[derive(Debug)]
pub(super) struct Fault {
    /// From the leaf to the root.
    path: Vec<String>,
    code: &'static str,
    message: String,
}

impl Fault {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            code,
            message: message.into(),
        }
    }

    /// The same, one level further down than it knew.
    pub(super) fn within(mut self, step: impl Into<String>) -> Self {
        self.path.push(step.into());
        self
    }

    pub(super) fn is_about_an_unknown_name(&self) -> bool {
        self.code == UNKNOWN
    }

    /// As clients see it.
    pub(super) fn into_detail(self) -> Detail {
        let mut field = String::new();
        for step in self.path.iter().rev() {
            if !field.is_empty() && !step.starts_with('[') {
                field.push('.');
            }
            field.push_str(step);
        }
        let field = field
            .chars()
            .filter(|character| !character.is_control())
            .take(MAX_FIELD_CHARS)
            .collect();
        Detail {
            field,
            code: self.code,
            message: self.message,
        }
    }
}

const UNKNOWN: &str = "UNKNOWN_MEMBER";

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    /// Texts of other crates' types repeat what they were given, so none of them is told.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::new("INVALID_VALUE", "is not valid")
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new("INVALID_TYPE", rule(expected))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new("INVALID_VALUE", rule(expected))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new("INVALID_LENGTH", rule(expected))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(
            "INVALID_VALUE",
            format!("must be one of: {}", expected.join(", ")),
        )
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::new(UNKNOWN, "is not known here").within(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("REQUIRED", "is required").within(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new("DUPLICATE", "is given twice").within(field)
    }
}

/// What is expected, for people who do not write Rust.
fn rule(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    let plain = match &*expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "a map" | "any value" => "an object",
        text if text.starts_with("struct ") => "an object",
        text => text,
    };
    format!("must be {plain}")
}

/// A value of JSON to be read.
pub(super) struct Node(pub(super) Value);

impl<'de> Deserializer<'de> for Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => visit_number(&number, visitor),
            Value::String(text) => visit_text(text, visitor),
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter().map(Node).enumerate())),
            Value::Object(members) => visitor.visit_map(members_of(members)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0 {
            Value::String(text) => {
                let name: StrDeserializer<'_, Fault> = text.as_str().into_deserializer();
                visitor.visit_enum(name)
            }
            Value::Object(members) => {
                MapAccessDeserializer::new(members_of(members)).deserialize_enum(name, variants, visitor)
            }
            _ => Err(Fault::new(
                "INVALID_TYPE",
                format!("must be one of: {}", variants.join(", ")),
            )),
        }
    }

    /// Derived code would also take a list of the members' values.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    /// Maps of serde_json would also take null.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_object() {
            self.deserialize_any(visitor)
        } else {
            Err(Fault::new("INVALID_TYPE", "must be an object"))
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct identifier ignored_any
    }
}

fn members_of<'de>(members: serde_json::Map<String, Value>) -> impl MapAccess<'de, Error = Fault> {
    Members::new(members.into_iter().map(|(name, value)| (name, Node(value))))
}

fn visit_number<'de, V: Visitor<'de>>(number: &serde_json::Number, visitor: V) -> Result<V::Value, Fault> {
    /// Up to here every whole number has its own `f64`.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(value) = number.as_u64() {
        return visitor.visit_u64(value);
    }
    if let Some(value) = number.as_i64() {
        return visitor.visit_i64(value);
    }
    match number.as_f64() {
        // For JSON 1.0 and 1 are the same number.
        Some(value) if value.fract() == 0.0 && (0.0..=EXACT).contains(&value) => {
            visitor.visit_u64(value as u64)
        }
        Some(value) if value.fract() == 0.0 && (-EXACT..0.0).contains(&value) => {
            visitor.visit_i64(value as i64)
        }
        Some(value) => visitor.visit_f64(value),
        None => Err(Fault::new("INVALID_VALUE", "must be a number that can be stored")),
    }
}

fn visit_text<'de, V: Visitor<'de>>(text: String, visitor: V) -> Result<V::Value, Fault> {
    if text.contains('\0') {
        return Err(Fault::new("INVALID_VALUE", "must not hold the character U+0000"));
    }
    visitor.visit_string(text)
}

/// The members of an object. Whatever is wrong with one of them, also what its type finds only after it was read, is
/// placed there.
struct Members<I, D> {
    rest: I,
    next: Option<(String, D)>,
}

impl<I, D> Members<I, D> {
    fn new(rest: I) -> Self {
        Self { rest, next: None }
    }
}

impl<'de, I: Iterator<Item = (String, D)>, D: Deserializer<'de, Error = Fault>> MapAccess<'de>
    for Members<I, D>
{
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((name, value)) = self.rest.next() else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, Fault> = name.as_str().into_deserializer();
        let key = seed.deserialize(key)?;
        self.next = Some((name, value));
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some((name, value)) = self.next.take() else {
            return Err(Fault::new("INVALID_VALUE", "is not valid"));
        };
        seed.deserialize(value).map_err(|fault| fault.within(name))
    }
}

/// The items of an array, likewise.
struct Items<I>(std::iter::Enumerate<I>);

impl<'de, I: Iterator<Item = D>, D: Deserializer<'de, Error = Fault>> SeqAccess<'de> for Items<I> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, item)) = self.0.next() else {
            return Ok(None);
        };
        let value = seed.deserialize(item);
        value
            .map(Some)
            .map_err(|fault| fault.within(format!("[{index}]")))
    }
}

/// The value of a query parameter: numbers, truth values and lists are written as text there.
struct Parameter(String);

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.0.parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(de::Error::invalid_type(Unexpected::Other("text"), &visitor)),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Parameter {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visit_text(self.0, visitor)
    }

    parsed! {
        deserialize_bool visit_bool bool;
        deserialize_i8 visit_i64 i64;
        deserialize_i16 visit_i64 i64;
        deserialize_i32 visit_i64 i64;
        deserialize_i64 visit_i64 i64;
        deserialize_u8 visit_u64 u64;
        deserialize_u16 visit_u64 u64;
        deserialize_u32 visit_u64 u64;
        deserialize_u64 visit_u64 u64;
        deserialize_f32 visit_f64 f64;
        deserialize_f64 visit_f64 f64;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let variant: StrDeserializer<'_, Fault> = self.0.as_str().into_deserializer();
        visitor.visit_enum(variant)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let items = self.0.split(',').map(|item| Self(item.to_owned()));
        visitor.visit_seq(Items(items.enumerate()))
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

/// Reads `pairs` as the members of `T`.
pub(super) fn from_pairs<T: de::DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, Fault> {
    let members = pairs.into_iter().map(|(name, value)| (name, Parameter(value)));
    T::deserialize(MapAccessDeserializer::new(Members::new(members)))
}

/// Reads `value` as a `T`.
pub(super) fn from_value<T: de::DeserializeOwned>(value: Value) -> Result<T, Fault> {
    T::deserialize(Node(value))
}
