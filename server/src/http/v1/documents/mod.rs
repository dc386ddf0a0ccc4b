//! Documents: `/v1/documents`.

mod content;
mod create;
mod list;
mod read;
mod shapes;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use weft_protocol::close::CloseReason;
use weft_storage::{DocumentId, DocumentKey, DocumentSummary, StorageError, WorkspaceId};

use super::Api;
use crate::http::Problem;
use crate::http::problem::{Detail, NOT_FOUND};
use crate::rooms::{ContentRefusal, Version};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_documents, create::create_document))
        .routes(routes!(read::get_document))
        .routes(routes!(
            content::get_document_content,
            content::put_document_content,
            content::patch_document_content
        ))
}

/// A document, without its content.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Document)]
struct DocumentView {
    id: Uuid,
    /// The name under which clients open it.
    #[schema(min_length = 1, max_length = 512, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$")]
    name: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// How many changes were ever made durable.
    changes: u64,
    /// Whether it is out of service.
    quarantined: bool,
}

impl From<&DocumentSummary> for DocumentView {
    fn from(document: &DocumentSummary) -> Self {
        Self {
            id: document.id.0,
            name: document.name.as_str().to_owned(),
            created_at: rfc_3339(document.created_at_ms),
            changes: document.head.get(),
            quarantined: document.quarantine.is_some(),
        }
    }
}

/// Finds the document that an address names.
async fn find(api: &Api, document_id: &str) -> Result<DocumentSummary, Problem> {
    let id = Uuid::try_parse(document_id).map_err(|_| NOT_FOUND)?;
    let found = api
        .log
        .find(WorkspaceId::DEFAULT, DocumentKey::Id(DocumentId(id)))
        .await;
    found.map_err(|error| storage_problem(&error))?.ok_or(NOT_FOUND)
}

fn storage_problem(error: &StorageError) -> Problem {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "storage failed a request"
    );
    UNAVAILABLE
}

const UNAVAILABLE: Problem = Problem::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "STORAGE_UNAVAILABLE",
    "the document cannot be read or saved now; nothing was changed that was not acknowledged",
);

/// What a room's refusal means to the one who asked.
fn refusal_problem(refusal: ContentRefusal) -> Problem {
    match refusal {
        ContentRefusal::Missing => NOT_FOUND,
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
        ContentRefusal::Update(_) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "UPDATE_NOT_ACCEPTED",
            "the bytes are no update that this document can take",
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
fn versioned(status: StatusCode, version: Version, body: impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    set_version(response.headers_mut(), version);
    response
}

fn set_version(headers: &mut HeaderMap, version: Version) {
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// `milliseconds` since 1970 as RFC 3339 in UTC.
fn rfc_3339(milliseconds: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000);
    time.ok()
        .and_then(|time| time.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_default()
}
