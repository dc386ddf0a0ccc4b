//! Query parameters: known ones, each once.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};

use super::de::{self, Fault};
use crate::http::Problem;
use crate::http::problem::Detail;

/// How many parameters a query may have.
const MAX_PARAMETERS: usize = 64;

/// The query parameters as a `T`, which refuses unknown ones by `#[serde(deny_unknown_fields)]` and takes absent ones
/// as `Option` or by `#[serde(default)]`. Lists are [`Commas`].
///
/// # Errors
/// As an extractor: 400 with the parameter in `details`.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(pairs(parts)?).map(Self)
    }
}

/// A list in one parameter, `todo,done`: at most 50 values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commas<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Commas<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const MAX: usize = 50;
        let values = Vec::deserialize(deserializer)?;
        if values.len() > MAX {
            return Err(serde::de::Error::invalid_length(
                values.len(),
                &"a list of at most 50 values",
            ));
        }
        Ok(Self(values))
    }
}

/// The parameters in their order, each once.
pub(super) fn pairs(parts: &Parts) -> Result<Vec<(String, String)>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if pairs.len() == MAX_PARAMETERS {
            return Err(invalid(
                Fault::new("TOO_MANY", "more parameters than are known").into_detail(),
            ));
        }
        if pairs.iter().any(|(other, _)| *other == name) {
            return Err(invalid(
                Fault::new("DUPLICATE", "is given twice")
                    .within(name)
                    .into_detail(),
            ));
        }
        pairs.push((name.into_owned(), value.into_owned()));
    }
    Ok(pairs)
}

/// `pairs` as a `T`.
pub(super) fn read<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, Problem> {
    parse(pairs).map_err(invalid)
}

/// Names and values as a `T`, read like the parameters of a query.
///
/// # Errors
/// What is wrong with which of them.
pub fn parse<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, Detail> {
    de::from_pairs(pairs).map_err(|fault| {
        let is_unknown = fault.is_about_an_unknown_name();
        let mut detail = fault.into_detail();
        if is_unknown {
            detail.code = "UNKNOWN_PARAMETER";
        }
        detail
    })
}

/// The 400 of a query that cannot be read.
pub fn invalid(detail: Detail) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "INVALID_QUERY",
        "a query parameter is unknown or not valid; details say which and why",
    )
    .with_detail(detail)
}
