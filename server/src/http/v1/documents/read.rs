//! `GET /v1/documents/{document_id}`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::{DocumentView, find};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::v1::Api;

/// Reads what is known of a document, without its content.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}", tag = "Documents",
    params(("document_id" = Uuid, Path)),
    responses((status = 200, body = DocumentView)),
)]
pub(super) async fn get_document(
    State(api): State<Api>,
    Path(document_id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let document = find(&api, &document_id).await?;
    // Whoever may not see it does not learn that it exists.
    api.access(&headers, &document.name)?.ok_or(NOT_FOUND)?;
    let mut response = Json(DocumentView::from(&document)).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
