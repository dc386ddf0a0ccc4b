//! Ids in paths. What is no id names nothing, so it is not found, like an id that nothing has.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use uuid::Uuid;

use crate::http::Problem;
use crate::http::problem::NOT_FOUND;

/// The only parameter of a path, an id.
///
/// # Errors
/// As an extractor: 404 if it is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| NOT_FOUND)?;
        parse(&text).map(Self)
    }
}

/// An id out of a path with several parameters.
///
/// # Errors
/// 404 if it is none.
pub fn parse(text: &str) -> Result<Uuid, Problem> {
    // One spelling for each id: the others of the library would be further addresses of the same thing.
    let id = Uuid::try_parse(text).map_err(|_| NOT_FOUND)?;
    if text.len() == 36 { Ok(id) } else { Err(NOT_FOUND) }
}
