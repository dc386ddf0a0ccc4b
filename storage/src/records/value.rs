//! Values that go into statements.

use uuid::Uuid;

/// A value of a parameter. Nulls keep their type, which Postgres wants to know.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Uuid(Option<Uuid>),
    Text(Option<String>),
    Int(Option<i64>),
    Real(Option<f64>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! from {
    ($($source:ty => $variant:ident($convert:expr)),+ $(,)?) => { $(
        impl From<$source> for Value {
            fn from(value: $source) -> Self {
                let convert: fn($source) -> _ = $convert;
                Self::$variant(Some(convert(value)))
            }
        }

        impl From<Option<$source>> for Value {
            fn from(value: Option<$source>) -> Self {
                let convert: fn($source) -> _ = $convert;
                Self::$variant(value.map(convert))
            }
        }
    )+ };
}

from! {
    Uuid => Uuid(|id| id),
    &str => Text(str::to_owned),
    String => Text(|text| text),
    &String => Text(String::clone),
    i64 => Int(|number| number),
    f64 => Real(|number| number),
    u32 => Int(i64::from),
    bool => Bool(|flag| flag),
    Vec<u8> => Bytes(|bytes| bytes),
    &[u8] => Bytes(<[u8]>::to_vec),
    &[u8; 32] => Bytes(|bytes| bytes.to_vec()),
    [u8; 32] => Bytes(|bytes| bytes.to_vec()),
}

/// The values of a statement's parameters, in order.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::records::value::Value::from($value)),*] };
}
pub(crate) use args;

/// Binds values to a query of either database.
macro_rules! bind {
    ($query:expr, $values:expr) => {
        $values.into_iter().fold($query, |query, value| match value {
            $crate::records::value::Value::Uuid(value) => query.bind(value),
            $crate::records::value::Value::Text(value) => query.bind(value),
            $crate::records::value::Value::Int(value) => query.bind(value),
            $crate::records::value::Value::Real(value) => query.bind(value),
            $crate::records::value::Value::Bool(value) => query.bind(value),
            $crate::records::value::Value::Bytes(value) => query.bind(value),
        })
    };
}
pub(crate) use bind;
