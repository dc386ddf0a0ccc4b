//! `POST /v1/documents/{document_id}/attachments`, and the same for tasks.
//!
//! First a row says what is coming, which counts against the quota; then the bytes are stored; then the row says that
//! they are there. Whatever breaks off in between leaves nothing that anybody sees, and is swept.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::time::{Instant, timeout, timeout_at};
use utoipa::IntoParams;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::objects::StoredObject;
use weft_storage::records::{Attachment, NewAttachment};

use super::list::remove;
use super::{AttachmentView, card, key_of, kind, storage_problem, told};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Created, ETag, Id, Line, Query, read};
use crate::http::v1::Api;
use crate::http::v1::caller::{Caller, FORBIDDEN};
use crate::http::v1::happened::record;
use crate::http::v1::topics::{self, TopicId};

/// The longest silence within an upload.
const MAX_SILENCE: Duration = Duration::from_secs(30);

const LENGTH_REQUIRED: Problem = Problem::new(
    StatusCode::LENGTH_REQUIRED,
    "LENGTH_REQUIRED",
    "say how long the file is with Content-Length",
);
const QUOTA_EXCEEDED: Problem = Problem::new(
    StatusCode::INSUFFICIENT_STORAGE,
    "QUOTA_EXCEEDED",
    "the attachments of the workspace would take more than they may",
);
const EMPTY: Problem = Problem::new(StatusCode::BAD_REQUEST, "EMPTY_FILE", "the file is empty");

/// What the address of an upload says.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadParams {
    /// The name of the file.
    #[param(value_type = String, min_length = 1, max_length = 255)]
    name: Line<255>,
}

/// Attaches a file to a document.
///
/// The body is the file; `Content-Length` is required. The type is what its first bytes say; a type that a browser could
/// run becomes `application/octet-stream`. Files are only ever given out as downloads.
#[utoipa::path(
    post, path = "/v1/documents/{document_id}/attachments", tag = "Attachments",
    params(("document_id" = Uuid, Path), UploadParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = AttachmentView, headers(("ETag" = String), ("Location" = String))),
        (status = 408, description = "It came too slowly"),
        (status = 411, description = "`Content-Length` is missing"),
        (status = 507, description = "The workspace has no room for it"),
    ),
)]
pub(super) async fn create_attachment(
    State(api): State<Api>,
    caller: Caller,
    Id(document): Id,
    Query(params): Query<UploadParams>,
    headers: HeaderMap,
    body: Body,
) -> Result<Created<AttachmentView>, Problem> {
    let topic = TopicId::Document(document);
    upload(&api, &caller, topic, &params.name, (&headers, body)).await
}

/// Attaches a file to a task.
///
/// As for documents. The file is noted in the task's card as well, where live clients see it.
#[utoipa::path(
    post, path = "/v1/tasks/{task_id}/attachments", tag = "Attachments",
    params(("task_id" = Uuid, Path), UploadParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = AttachmentView, headers(("ETag" = String), ("Location" = String))),
        (status = 408, description = "It came too slowly"),
        (status = 409, description = "The board is archived, the task in the trash, or it has too many files"),
        (status = 411, description = "`Content-Length` is missing"),
        (status = 507, description = "The workspace has no room for it"),
    ),
)]
pub(super) async fn create_task_attachment(
    State(api): State<Api>,
    caller: Caller,
    Id(task): Id,
    Query(params): Query<UploadParams>,
    headers: HeaderMap,
    body: Body,
) -> Result<Created<AttachmentView>, Problem> {
    let topic = TopicId::Task(task);
    upload(&api, &caller, topic, &params.name, (&headers, body)).await
}

async fn upload(
    api: &Api,
    caller: &Caller,
    topic: TopicId,
    name: &str,
    (headers, body): (&HeaderMap, Body),
) -> Result<Created<AttachmentView>, Problem> {
    let declared = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let size = http_body::Body::size_hint(&body).exact();
    let id = Uuid::now_v7();
    let workspace = match announce(api, caller, (id, topic), name, size).await {
        Ok(workspace) => workspace,
        Err(problem) => {
            // A client that is still sending when its connection closes never reads the answer.
            let _ = read::read(body, 0).await;
            return Err(problem);
        }
    };
    let stored = match store(api, workspace, id, body).await {
        Ok(stored) => stored,
        Err(problem) => {
            forget(api, workspace, id).await;
            return Err(problem);
        }
    };
    let content_type = kind::content_type(declared, &stored.1);
    let finished = finish(api, caller, (id, topic), &content_type, &stored.0).await;
    let Ok(attachment) = &finished else {
        forget(api, workspace, id).await;
        return Err(finished.err().unwrap_or(Problem::INTERNAL));
    };
    if let Err(problem) = card::note(api, caller, attachment).await {
        remove(api, caller, attachment).await?;
        return Err(problem);
    }
    Ok(Created {
        location: format!("/v1/attachments/{id}"),
        etag: Some(ETag(attachment.version)),
        body: attachment.into(),
    })
}

/// Says what is coming, if there is room for it.
async fn announce(
    api: &Api,
    caller: &Caller,
    (id, topic): (Uuid, TopicId),
    name: &str,
    size: Option<u64>,
) -> Result<WorkspaceId, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let opened = topics::open(&mut tx, caller, topic, Action::UpdateDocument, now_ms).await?;
    // Somebody who was let in by an application attaches on behalf of whoever let them in.
    let created_by = caller.0.basis.user.or(caller.0.user()).ok_or(FORBIDDEN)?;
    let size = size.ok_or(LENGTH_REQUIRED)?;
    if size == 0 {
        return Err(EMPTY);
    }
    if size > api.files.max_bytes {
        return Err(read::TOO_LARGE);
    }
    let mut tenant = tx.workspace(opened.workspace).await?;
    let taken = u64::try_from(tenant.attachment_bytes().await?).unwrap_or(u64::MAX);
    if taken.saturating_add(size) > api.files.max_workspace_bytes {
        return Err(QUOTA_EXCEEDED);
    }
    let new = NewAttachment {
        id,
        document_id: opened.document.id,
        task_id: opened.topic().task_id,
        name,
        content_type: kind::UNKNOWN,
        size_bytes: i64::try_from(size).map_err(|_| read::TOO_LARGE)?,
        created_by,
        now_ms,
    };
    tenant.announce_attachment(new).await?;
    tx.commit().await?;
    Ok(opened.workspace)
}

/// Stores the bytes as they come. Also gives the first of them.
async fn store(
    api: &Api,
    workspace: WorkspaceId,
    id: Uuid,
    body: Body,
) -> Result<(StoredObject, Vec<u8>), Problem> {
    let deadline = Instant::now() + api.files.upload;
    let begun = api.files.objects.begin(key_of(workspace, id)).await;
    let mut upload = begun.map_err(|error| storage_problem(&error))?;
    let mut chunks = body.into_data_stream();
    let mut first = Vec::with_capacity(kind::SNIFFED_BYTES);
    loop {
        let next = timeout_at(deadline, timeout(MAX_SILENCE, chunks.next())).await;
        let chunk: Bytes = match next {
            Ok(Ok(Some(chunk))) => chunk.map_err(|_| read::UNREADABLE)?,
            Ok(Ok(None)) => break,
            Ok(Err(_)) | Err(_) => return Err(read::TOO_SLOW),
        };
        let missing = kind::SNIFFED_BYTES - first.len();
        first.extend_from_slice(&chunk[..chunk.len().min(missing)]);
        upload
            .write(chunk)
            .await
            .map_err(|error| storage_problem(&error))?;
    }
    let stored = upload.finish().await.map_err(|error| storage_problem(&error))?;
    Ok((stored, first))
}

/// Says that the bytes are there, unless the document is no longer to be changed.
async fn finish(
    api: &Api,
    caller: &Caller,
    (id, topic): (Uuid, TopicId),
    content_type: &str,
    stored: &StoredObject,
) -> Result<Attachment, Problem> {
    let mut tx = api.records.write().await?;
    let now_ms = api.clock.now_ms();
    let opened = topics::open(&mut tx, caller, topic, Action::UpdateDocument, now_ms).await?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let is_there = tenant
        .finish_attachment(id, content_type, &stored.checksum)
        .await?;
    if !is_there {
        return Err(NOT_FOUND);
    }
    let attachment = tx.attachment(id).await?.ok_or(NOT_FOUND)?;
    if u64::try_from(attachment.size_bytes) != Ok(stored.size_bytes) {
        return Err(read::UNREADABLE);
    }
    let happened = opened.happened("attachment.created", told(&attachment));
    record(&mut tx, opened.workspace, caller, [happened], now_ms).await?;
    tx.commit().await?;
    Ok(attachment)
}

/// Clears away what did not come to an end. What remains after a failure here is swept.
async fn forget(api: &Api, workspace: WorkspaceId, id: Uuid) {
    let forgetting = async {
        let mut tx = api.records.write().await?;
        tx.workspace(workspace).await?.remove_attachment(id).await?;
        tx.commit().await
    };
    if let Err(error) = forgetting.await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a broken upload remains"
        );
    }
    if let Err(error) = api.files.objects.remove(key_of(workspace, id)).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a broken upload remains"
        );
    }
}
