//! JSON bodies: bounded before they are kept, strict in what they may hold.
//!
//! Invariant: at most [`MAX_JSON_BYTES`] are buffered, nesting stops at `MAX_DEPTH`, and a member stands once. What
//! cannot be read is 400, of another type 415, too large 413; what can be read and does not fit is 422 with the place.

use std::cell::Cell;
use std::fmt;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{de, read};
use crate::http::Problem;
use crate::http::problem::Detail;

/// The largest JSON body of an operation that says nothing else, in bytes.
pub const MAX_JSON_BYTES: usize = 1024 * 1024;
/// How deep values may nest.
const MAX_DEPTH: usize = 32;
/// How many values a body may hold, which bounds what they take in memory.
const MAX_VALUES: usize = 50_000;

/// The media type of plain JSON.
const JSON: &str = "application/json";

/// A JSON body as a `T`, which refuses unknown members by `#[serde(deny_unknown_fields)]`.
///
/// # Errors
/// As an extractor: 415, 413, 408, 400 and 422, with `details`.
#[derive(Debug, Clone, Copy)]
pub struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        extract(request, &[JSON]).await.map(Self)
    }
}

/// Reads the body of a request of one of `types` as a `T`.
pub(super) async fn extract<T: DeserializeOwned>(request: Request, types: &[&str]) -> Result<T, Problem> {
    let (parts, body) = request.into_parts();
    check_type(&parts.headers, types)?;
    let declared = http_body::Body::size_hint(&body).lower();
    if declared > MAX_JSON_BYTES as u64 && parts.headers.contains_key(header::EXPECT) {
        // It waits for leave to send, and does not get it.
        return Err(read::TOO_LARGE);
    }
    let bytes = read::read(body, MAX_JSON_BYTES).await?;
    parse(&bytes)
}

/// Reads `bytes` as a `T`.
///
/// # Errors
/// 400 if it is not JSON within the bounds, 422 if it does not fit.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = parse_value(bytes)?;
    de::from_value(value).map_err(|fault| unprocessable(fault.into_detail()))
}

/// The 422 for `field` (a path such as `members[0].role`), which breaks the rule `message` ("must be …").
pub fn invalid(field: &str, code: &'static str, message: &str) -> Problem {
    unprocessable(Detail {
        field: field.to_owned(),
        code,
        message: message.to_owned(),
    })
}

/// The 422 of a request that can be read but does not fit.
pub fn unprocessable(detail: Detail) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "VALIDATION_FAILED",
        "the request does not fit; details say where and why",
    )
    .with_detail(detail)
}

fn check_type(headers: &HeaderMap, types: &[&str]) -> Result<(), Problem> {
    const UNSUPPORTED: Problem = Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "the body must be JSON in UTF-8, not compressed, and its Content-Type must say so",
    );
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(UNSUPPORTED);
    };
    let mut parts = value.to_str().unwrap_or_default().split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let is_utf_8 = parts.all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    let is_known = types.iter().any(|known| essence.eq_ignore_ascii_case(known));
    if is_known && is_utf_8 && !headers.contains_key(header::CONTENT_ENCODING) {
        Ok(())
    } else {
        Err(UNSUPPORTED)
    }
}

/// What makes JSON unreadable apart from its grammar.
#[derive(Debug, Clone, Copy)]
enum Excess {
    Depth,
    Values,
    Duplicate,
}

/// Reads a tree of JSON within the bounds.
///
/// # Errors
/// 400.
pub fn parse_value(bytes: &[u8]) -> Result<Value, Problem> {
    let bounds = Bounds {
        values_left: Cell::new(MAX_VALUES),
        excess: Cell::new(None),
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict {
        bounds: &bounds,
        depth: 0,
    };
    let value = strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| match bounds.excess.get() {
        Some(Excess::Depth) => malformed("JSON_TOO_DEEP", "the JSON of the body nests too deep"),
        Some(Excess::Values) => malformed("JSON_TOO_LARGE", "the JSON of the body holds too many values"),
        Some(Excess::Duplicate) => malformed("DUPLICATE_MEMBER", "an object of the body has a member twice"),
        None => malformed("INVALID_JSON", "the body is not valid JSON").with_detail(Detail {
            field: String::new(),
            code: "SYNTAX",
            message: format!(
                "cannot be read at line {}, column {}",
                error.line(),
                error.column()
            ),
        }),
    })
}

const fn malformed(code: &'static str, message: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, code, message)
}

struct Bounds {
    values_left: Cell<usize>,
    excess: Cell<Option<Excess>>,
}

impl Bounds {
    fn stop<E: serde::de::Error>(&self, excess: Excess) -> E {
        self.excess.set(Some(excess));
        E::custom("out of bounds")
    }
}

/// Reads one value, and by itself everything in it.
#[derive(Clone, Copy)]
struct Strict<'a> {
    bounds: &'a Bounds,
    depth: usize,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.bounds.stop(Excess::Depth));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.bounds.values_left.get();
        if left == 0 {
            return Err(self.bounds.stop(Excess::Values));
        }
        self.bounds.values_left.set(left - 1);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if values.insert(key, value).is_some() {
                return Err(self.bounds.stop(Excess::Duplicate));
            }
        }
        Ok(values.into())
    }
}
