//! Documents: `/v1/documents`.

mod access_requests;
pub(super) mod change;
pub(super) mod content;
mod create;
mod create_in_project;
mod endpoint;
pub(super) mod gate;
mod happened;
pub(super) mod lifecycle;
mod links;
mod list;
mod presence;
mod read;
mod shapes;
mod shares;
mod tokens;
mod views;

pub(super) use self::content::FORMATS_DIFFER;
pub(super) use self::create_in_project::target_project;
pub(super) use self::happened::made;
pub(super) use self::list::list_visible;
pub(super) use self::shapes::RichText;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weft_protocol::close::CloseReason;
use weft_storage::StorageError;

use super::Api;
use crate::http::Problem;
use crate::http::problem::Detail;
use crate::rooms::{ContentRefusal, Version};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_documents, create::create_document))
        .routes(routes!(
            list::list_project_documents,
            create_in_project::create_project_document
        ))
        .routes(routes!(
            read::get_document,
            change::change_document,
            lifecycle::delete_document
        ))
        .routes(routes!(lifecycle::restore_document))
        .routes(routes!(lifecycle::archive_document))
        .routes(routes!(lifecycle::unarchive_document))
        .routes(routes!(create_in_project::duplicate_document))
        .routes(routes!(
            content::get_document_content,
            content::put_document_content,
            content::patch_document_content
        ))
        .routes(routes!(presence::get_document_presence))
        .routes(routes!(endpoint::get_document_endpoint))
        .routes(routes!(shares::list_document_shares))
        .routes(routes!(
            shares::get_document_share,
            shares::put_document_share,
            shares::change_document_share,
            shares::remove_document_share
        ))
        .routes(routes!(links::list_document_links, links::create_document_link))
        .routes(routes!(
            links::get_document_link,
            links::change_document_link,
            links::revoke_document_link
        ))
        .routes(routes!(links::open_link))
        .routes(routes!(
            access_requests::list_document_access_requests,
            access_requests::request_document_access
        ))
        .routes(routes!(access_requests::grant_document_access))
        .routes(routes!(access_requests::decline_document_access))
        .routes(routes!(tokens::create_document_token))
}

fn storage_problem(error: &StorageError) -> Problem {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "storage failed a request"
    );
    UNAVAILABLE
}

pub(super) const UNAVAILABLE: Problem = Problem::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "STORAGE_UNAVAILABLE",
    "the document cannot be read or saved now; nothing was changed that was not acknowledged",
);

/// What a room's refusal means to the one who asked.
pub(super) fn refusal_problem(refusal: ContentRefusal) -> Problem {
    match refusal {
        ContentRefusal::Precondition => Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "DOCUMENT_HAS_CHANGED",
            "the document is not what the request takes for granted; read it again",
        ),
        ContentRefusal::Content(error) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "CONTENT_NOT_ACCEPTED",
            "the content cannot be taken or given; details say where and why",
        )
        .with_detail(Detail {
            field: error.field,
            code: error.fault.code(),
            message: error.fault.to_string(),
        }),
        ContentRefusal::Update(CloseReason::DocumentTooLarge) => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "DOCUMENT_TOO_LARGE",
            "the document would outgrow its limit",
        ),
        ContentRefusal::Update(CloseReason::DocumentRenewed) => Problem::new(
            StatusCode::CONFLICT,
            "DOCUMENT_RENEWED",
            "the update is of the document from before it was made anew; read it again",
        ),
        ContentRefusal::Update(_) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "UPDATE_NOT_ACCEPTED",
            "the bytes are no update that this document can take",
        ),
        ContentRefusal::Board(_) | ContentRefusal::NoBoard | ContentRefusal::NoSuchCard => Problem::new(
            StatusCode::CONFLICT,
            "NO_BOARD",
            "the document is no board, or the board has no such card",
        ),
        ContentRefusal::Unavailable(CloseReason::DocumentQuarantined) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "DOCUMENT_QUARANTINED",
            "the document's stored bytes do not load; it is locked until somebody repairs it",
        ),
        ContentRefusal::Unavailable(_) => UNAVAILABLE,
    }
}

/// An answer about a document at `version`.
fn versioned(status: StatusCode, version: Option<Version>, body: impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    set_version(response.headers_mut(), version);
    response
}

pub(super) fn set_version(headers: &mut HeaderMap, version: Option<Version>) {
    if let Some(Ok(etag)) = version.map(|version| HeaderValue::from_str(&format!("\"{version}\""))) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
