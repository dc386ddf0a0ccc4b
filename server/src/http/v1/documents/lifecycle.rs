//! `DELETE /v1/documents/{document_id}`, `:restore`, `:archive` and `:unarchive`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;
use weft_storage::records::{DocumentRow, Tenant};

use super::gate::{self, Opened};
use super::happened;
use super::views::DocumentView;
use crate::access::documents::document_facts;
use crate::auth::permission::{Action, DocumentRole, effective_role};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, IfMatch, NoContent, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::commit_rights;

/// A document cannot come back into a project that is in the trash.
const PROJECT_IN_TRASH: Problem = Problem::new(
    StatusCode::CONFLICT,
    "PROJECT_IN_TRASH",
    "its project is in the trash: restore that first",
);

/// Puts a document in the trash.
///
/// It closes for everybody at once. Its owners can restore it for thirty days; then it is gone, with its attachments.
#[utoipa::path(
    delete, path = "/v1/documents/{document_id}", tag = "Documents",
    params(("document_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is in the trash")),
)]
pub(super) async fn delete_document(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    trash(&api, &caller, id, if_match.as_ref()).await
}

/// Puts the document `id` in the trash.
///
/// # Errors
/// 401, 403, 404, 409, 412.
pub(in crate::http::v1) async fn trash(
    api: &Api,
    caller: &Caller,
    id: Uuid,
    if_match: Option<&IfMatch>,
) -> Result<NoContent, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let opened = gate::open(&mut tx, caller, id, Action::DeleteDocument, now_ms).await?;
    IfMatch::check_if_given(if_match, ETag(opened.document.version))?;
    tx.workspace(opened.workspace)
        .await?
        .trash_document(id, Some(now_ms), caller.0.user())
        .await?;
    let happened = happened::trashed(&opened.document);
    commit_rights(api, tx, opened.workspace, caller, [happened]).await?;
    Ok(NoContent)
}

/// What happens to a document as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http::v1) enum Turn {
    /// Out of the trash.
    Restore,
    /// Into the archive.
    Archive,
    /// Out of the archive.
    Unarchive,
}

/// Takes a document out of the trash.
#[utoipa::path(
    post, path = "/v1/documents/{document_id}/~restore", tag = "Documents",
    params(("document_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = DocumentView, headers(("ETag" = String))),
        (status = 409, description = "It is not in the trash, or its project is too"),
    ),
)]
pub(super) async fn restore_document(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
) -> Result<Response, Problem> {
    let turning = (id, Turn::Restore);
    let view = DocumentView::of_project;
    turn(&api, &caller, turning, if_match.as_ref(), &once, view).await
}

/// Archives a document: it can be read and no longer changed.
#[utoipa::path(
    post, path = "/v1/documents/{document_id}/~archive", tag = "Documents",
    params(("document_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = DocumentView, headers(("ETag" = String)))),
)]
pub(super) async fn archive_document(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
) -> Result<Response, Problem> {
    let turning = (id, Turn::Archive);
    let view = DocumentView::of_project;
    turn(&api, &caller, turning, if_match.as_ref(), &once, view).await
}

/// Brings a document back out of the archive.
#[utoipa::path(
    post, path = "/v1/documents/{document_id}/~unarchive", tag = "Documents",
    params(("document_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = DocumentView, headers(("ETag" = String)))),
)]
pub(super) async fn unarchive_document(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
) -> Result<Response, Problem> {
    let turning = (id, Turn::Unarchive);
    let view = DocumentView::of_project;
    turn(&api, &caller, turning, if_match.as_ref(), &once, view).await
}

/// Carries out a turn in the life of a document, and shows it as `view` does.
///
/// # Errors
/// 401, 403, 404, 409, 412, 422.
pub(in crate::http::v1) async fn turn<V: Serialize>(
    api: &Api,
    caller: &Caller,
    (id, turn): (Uuid, Turn),
    if_match: Option<&IfMatch>,
    once: &Once,
    view: impl Fn(&DocumentRow, Option<DocumentRole>) -> V + Send,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let action = match turn {
        Turn::Restore => Action::RestoreDocument,
        Turn::Archive | Turn::Unarchive => Action::ArchiveDocument,
    };
    let opened = gate::open(&mut tx, caller, id, action, now_ms).await?;
    IfMatch::check_if_given(if_match, ETag(opened.document.version))?;
    take(&mut tx.workspace(opened.workspace).await?, &opened, turn, now_ms).await?;
    let found = document_facts(&mut tx, &caller.0, id, now_ms).await?;
    let (_, document, facts) = found.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(document.version)),
        body: view(&document, effective_role(&facts)),
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    let happened = happened::changed(&opened.document, &document);
    commit_rights(api, tx, opened.workspace, caller, happened).await?;
    Ok(answer)
}

async fn take(tenant: &mut Tenant<'_>, opened: &Opened, turn: Turn, now_ms: i64) -> Result<(), Problem> {
    let document = &opened.document;
    match turn {
        // It is in the trash with its project alone.
        Turn::Restore if document.deleted_at_ms.is_none() => return Err(PROJECT_IN_TRASH),
        Turn::Restore => {
            let project = tenant.project(document.project_id).await?;
            if project.is_none_or(|project| project.deleted_at_ms.is_some()) {
                return Err(PROJECT_IN_TRASH);
            }
            tenant.trash_document(document.id, None, None).await?;
        }
        Turn::Archive if document.archived_at_ms.is_none() => {
            tenant.archive_document(document.id, Some(now_ms)).await?;
        }
        Turn::Unarchive if document.archived_at_ms.is_some() => {
            tenant.archive_document(document.id, None).await?;
        }
        Turn::Archive | Turn::Unarchive => {}
    }
    Ok(())
}
