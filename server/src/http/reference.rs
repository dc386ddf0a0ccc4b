//! `/openapi.json`, the description of the REST API, and `/reference`, a page that shows it.

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;

use super::{page, v1};

/// Written when it is first asked for.
static DESCRIPTION: LazyLock<Bytes> = LazyLock::new(|| v1::openapi_text().into());

pub(super) fn routes() -> Router {
    Router::new()
        .route("/openapi.json", get(description))
        .route("/reference", get(reference))
}

async fn description() -> Response {
    let mut response = DESCRIPTION.clone().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

async fn reference(headers: HeaderMap) -> Response {
    page::entry("reference.html", &headers)
}
