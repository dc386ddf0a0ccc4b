<<<<<<< HEAD
//! What the types of requests and answers look like in the description of the API.
//!
//! Invariant: bounds come from the same constants as the checks. Names that begin with [`INLINE`] do not get into the
//! description: what they name is put where it is used.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
// Derived code uses this trait too; there is no other way to describe a type that holds another one.
use utoipa::__dev::ComposeSchema;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Required};
use utoipa::{IntoParams, ToSchema};

use super::page::{Filters, Listing, MAX_CURSOR_CHARS};
use super::{AnyCase, Change, Clearable, Commas, Date, Email, Line, Text, Timestamp};

/// What the name of a type begins with that is described where it is used.
pub const INLINE: &str = "inline.";

type AnySchema = RefOr<Schema>;

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn formatted(format: KnownFormat) -> AnySchema {
    text().format(Some(SchemaFormat::KnownFormat(format))).into()
}

macro_rules! described_inline {
    ($([$($generics:tt)*] $type:ty, $name:expr, $schema:expr;)*) => {
        $(
            impl<$($generics)*> ComposeSchema for $type {
                fn compose(_: Vec<AnySchema>) -> AnySchema {
                    $schema
                }
            }

            impl<$($generics)*> ToSchema for $type {
                fn name() -> Cow<'static, str> {
                    format!("{INLINE}{}", $name).into()
                }
            }
        )*
    };
}

described_inline! {
    [const MAX: usize] Line<MAX>, format!("Line{MAX}"),
        text().min_length(Some(1)).max_length(Some(MAX)).into();
    [const MAX: usize] Text<MAX>, format!("Text{MAX}"), text().max_length(Some(MAX)).into();
    [] Email, "Email", formatted(KnownFormat::Email);
    [] Timestamp, "Timestamp", formatted(KnownFormat::DateTime);
    [] Date, "Date", formatted(KnownFormat::Date);
}

/// The schema of `T`, which is the first of `known` if the one who asks has it already.
fn first_or<T: ComposeSchema>(known: Vec<AnySchema>) -> AnySchema {
    known.into_iter().next().unwrap_or_else(|| T::compose(Vec::new()))
}

macro_rules! described_as {
    ($($type:ident as $schema:ty;)*) => {
        $(
            impl<T: ComposeSchema> ComposeSchema for $type<T> {
                fn compose(known: Vec<AnySchema>) -> AnySchema {
                    <$schema as ComposeSchema>::compose(vec![first_or::<T>(known)])
                }
            }

            impl<T: ToSchema + ComposeSchema> ToSchema for $type<T> {
                fn name() -> Cow<'static, str> {
                    format!("{INLINE}{}.{}", stringify!($type), T::name()).into()
                }

                fn schemas(schemas: &mut Vec<(String, AnySchema)>) {
                    T::schemas(schemas);
                }
            }
        )*
    };
}

described_as! {
    Clearable as Option<T>;
    Commas as Vec<T>;
}

macro_rules! described_like_its_content {
    ($($type:ident),*) => {
        $(
            impl<T: ComposeSchema> ComposeSchema for $type<T> {
                fn compose(known: Vec<AnySchema>) -> AnySchema {
                    first_or::<T>(known)
                }
            }

            impl<T: ToSchema + ComposeSchema> ToSchema for $type<T> {
                fn name() -> Cow<'static, str> {
                    format!("{INLINE}{}.{}", stringify!($type), T::name()).into()
                }

                fn schemas(schemas: &mut Vec<(String, AnySchema)>) {
                    T::schemas(schemas);
                }
            }
        )*
    };
}

described_like_its_content!(Change, AnyCase);

// What a member is if it is left out is read from `Default` and written as JSON; for these that is nothing.
impl<T> Serialize for Change<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<T> Serialize for Clearable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

/// `params(Listing<TeamFilters>)`: the filters, then `sort`, `limit`, `page` and `cursor`.
impl<F: Filters + IntoParams> IntoParams for Listing<F> {
    fn into_params(parameter_in: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = |name: &str, schema: ObjectBuilder| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .schema(Some(schema))
                .build()
        };
        let number = || {
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::UInt32)))
                .minimum(Some(1))
        };
        let orders = F::SORTS
            .iter()
            .flat_map(|name| [(*name).to_owned(), format!("-{name}")]);
        let mut parameters = F::into_params(parameter_in);
        parameters.push(parameter("sort", text().enum_values(Some(orders))));
        parameters.push(parameter("limit", number()));
        parameters.push(parameter("page", number()));
        parameters.push(parameter("cursor", text().max_length(Some(MAX_CURSOR_CHARS))));
        parameters
    }
}
=======
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
>>>>>>> main
