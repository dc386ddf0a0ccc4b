//! How the types of this folder are described: one place, so that bounds in the description are those of the code.

use std::borrow::Cow;

use serde_json::json;
use utoipa::__dev::ComposeSchema;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::{AnyCase, Change, Clearable, Commas, Date, Email, Line, Text, Timestamp};
use crate::mail::MAX_EMAIL_BYTES;

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String))
}

fn formatted(format: KnownFormat) -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(format)))
}

macro_rules! described {
    ($($type:ty, $name:literal => $schema:expr;)*) => {$(
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    )*};
}

described! {
    Timestamp, "Timestamp" => formatted(KnownFormat::DateTime)
        .max_length(Some(40))
        .examples([json!("2026-11-20T17:39:34.123Z")]);
    Date, "Date" => formatted(KnownFormat::Date)
        .max_length(Some(10))
        .examples([json!("2026-11-20")]);
    Email, "Email" => formatted(KnownFormat::Email)
        .max_length(Some(MAX_EMAIL_BYTES))
        .examples([json!("ada@example.com")]);
}

impl<const MAX: usize> PartialSchema for Line<MAX> {
    fn schema() -> RefOr<Schema> {
        // Something other than white space and control characters stands in it.
        text()
            .min_length(Some(1))
            .max_length(Some(MAX))
            .pattern(Some(r"\S"))
            .into()
    }
}

impl<const MAX: usize> ToSchema for Line<MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Line{MAX}"))
    }
}

impl<const MAX: usize> PartialSchema for Text<MAX> {
    fn schema() -> RefOr<Schema> {
        text().max_length(Some(MAX)).into()
    }
}

impl<const MAX: usize> ToSchema for Text<MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Text{MAX}"))
    }
}

/// The schema of what a wrapper holds.
fn inner<T: PartialSchema>(generics: &[RefOr<Schema>]) -> RefOr<Schema> {
    generics.first().cloned().unwrap_or_else(T::schema)
}

macro_rules! wrappers {
    ($($type:ident => |$inner:ident| $schema:expr;)*) => {$(
        impl<T: PartialSchema> ComposeSchema for $type<T> {
            fn compose(generics: Vec<RefOr<Schema>>) -> RefOr<Schema> {
                let $inner = inner::<T>(&generics);
                $schema
            }
        }

        impl<T: ToSchema> ToSchema for $type<T> {
            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                T::schemas(schemas);
            }
        }
    )*};
}

wrappers! {
    Change => |inner| inner;
    AnyCase => |inner| inner;
    Clearable => |inner| OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(SchemaType::new(Type::Null)))
        .item(inner)
        .into();
    Commas => |_inner| text().max_length(Some(2_000)).into();
}
