//! Files: what is attached to documents, and pictures of people.
//!
//! Invariant: what people upload never runs here. It is given out as a download, in a sandbox, under the type that its
//! bytes were taken for; and it is stored in pieces, never held as a whole.

mod avatars;
mod card;
mod download;
mod kind;
mod list;
mod upload;

use axum::http::{HeaderName, HeaderValue, header};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use weft_storage::objects::{ObjectKey, ObjectOwner};
use weft_storage::records::Attachment;
use weft_storage::{StorageError, WorkspaceId};

use super::Api;
use crate::http::Problem;
use crate::http::rest::Timestamp;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(
            list::list_document_attachments,
            upload::create_attachment
        ))
        .routes(routes!(
            list::list_task_attachments,
            upload::create_task_attachment
        ))
        .routes(routes!(list::get_attachment, list::delete_attachment))
        .routes(routes!(download::download_attachment))
        .routes(routes!(avatars::set_my_avatar, avatars::remove_my_avatar))
        .routes(routes!(avatars::get_avatar))
}

/// Nothing in it runs, loads or submits, whatever a browser takes it for.
const SANDBOX: &str = "default-src 'none'; sandbox";

/// A file that is attached to a document or a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attachment)]
struct AttachmentView {
    id: Uuid,
    /// The document; of a file of a task its board.
    document_id: Uuid,
    /// The task, if it is attached to one.
    task_id: Option<Uuid>,
    /// The name of the file.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// What its bytes are taken for; `application/octet-stream` for all that a browser could run.
    #[schema(max_length = 100)]
    content_type: String,
    #[schema(minimum = 0)]
    size_bytes: i64,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    checksum: String,
    created_by: Uuid,
    created_at: Timestamp,
}

impl From<&Attachment> for AttachmentView {
    fn from(attachment: &Attachment) -> Self {
        Self {
            id: attachment.id,
            document_id: attachment.document_id,
            task_id: attachment.task_id,
            name: attachment.name.clone(),
            content_type: attachment.content_type.clone(),
            size_bytes: attachment.size_bytes,
            checksum: hexadecimal(&attachment.checksum.unwrap_or_default()),
            created_by: attachment.created_by,
            created_at: Timestamp(attachment.created_at_ms),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an event says of a file.
fn told(attachment: &Attachment) -> Value {
    json!({
        "attachment_id": attachment.id,
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size_bytes": attachment.size_bytes,
    })
}

/// Where the bytes of an attachment lie.
fn key_of(workspace: WorkspaceId, id: Uuid) -> ObjectKey {
    ObjectKey {
        owner: ObjectOwner::Workspace(workspace),
        id,
    }
}

fn storage_problem(error: &StorageError) -> Problem {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the object store failed a request"
    );
    super::documents::UNAVAILABLE
}

/// Headers of everything that people have uploaded.
fn guarded(content_type: &str) -> [(HeaderName, HeaderValue); 3] {
    let content_type = HeaderValue::from_str(content_type).unwrap_or(HeaderValue::from_static(kind::UNKNOWN));
    [
        (header::CONTENT_TYPE, content_type),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
    ]
}
