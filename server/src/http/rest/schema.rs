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
