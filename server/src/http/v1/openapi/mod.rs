//! Completes the description of the API: what all operations have in common is said here, once.
//!
//! It only says what the server does.

mod tags;

use utoipa::openapi::{Info, OpenApi};

/// The whole document, made of what the handlers say of themselves.
pub(super) fn complete(mut api: OpenApi) -> OpenApi {
    api.info = Info::new("Weft", env!("CARGO_PKG_VERSION"));
    api.tags = Some(tags::all());
    api
}
