//! `GET /v1/documents/{document_id}`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::gate::{self, Asker};
use super::views::DocumentView;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{ETag, Found};
use crate::http::v1::Api;

/// Reads what is known of a document, without its content.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}", tag = "Documents",
    params(("document_id" = Uuid, Path)),
    responses((status = 200, body = DocumentView, headers(
        ("ETag" = String, description = "Of a document of a project: stands for all but `changes` and `quarantined`"),
    ))),
)]
pub(super) async fn get_document(
    State(api): State<Api>,
    Path(document_id): Path<String>,
    asker: Asker,
) -> Result<Response, Problem> {
    Ok(
        match gate::find(&api, &asker, &document_id, Action::ViewDocument).await? {
            gate::Found::OfProject(opened) => Found {
                etag: Some(ETag(opened.document.version)),
                body: DocumentView::of_project(&opened.document, opened.role()),
            }
            .into_response(),
            gate::Found::ByName(document) => Found {
                etag: None,
                body: DocumentView::from(&document),
            }
            .into_response(),
        },
    )
}
