//! `GET /v1/documents/{document_id}/attachments`, the same for tasks, `GET` and `DELETE /v1/attachments/{attachment_id}`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_storage::records::{Attachment, Tx};

use super::{AttachmentView, card, key_of, told};
use crate::auth::permission::{Action, Facts, Resource};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Filters, Found, Id, IfMatch, List, Listing, NoContent};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::documents::gate;
use crate::http::v1::happened::{Happened, record};
use crate::http::v1::tenancy::{Key, part, total};
use crate::http::v1::topics::{self, TopicId};

/// The list of attachments has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AttachmentFilters {}

impl Filters for AttachmentFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// Lists the files that are attached to a document, those of the tasks of a board among them.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}/attachments", tag = "Attachments",
    params(("document_id" = Uuid, Path), Listing<AttachmentFilters>),
    responses((status = 200, body = List<AttachmentView>)),
)]
pub(super) async fn list_document_attachments(
    State(api): State<Api>,
    caller: Caller,
    Id(document): Id,
    listing: Listing<AttachmentFilters>,
) -> Result<List<AttachmentView>, Problem> {
    list(&api, &caller, TopicId::Document(document), document, &listing).await
}

/// Lists the files that are attached to a task.
#[utoipa::path(
    get, path = "/v1/tasks/{task_id}/attachments", tag = "Attachments",
    params(("task_id" = Uuid, Path), Listing<AttachmentFilters>),
    responses((status = 200, body = List<AttachmentView>)),
)]
pub(super) async fn list_task_attachments(
    State(api): State<Api>,
    caller: Caller,
    Id(task): Id,
    listing: Listing<AttachmentFilters>,
) -> Result<List<AttachmentView>, Problem> {
    list(&api, &caller, TopicId::Task(task), task, &listing).await
}

async fn list(
    api: &Api,
    caller: &Caller,
    topic: TopicId,
    scope: Uuid,
    listing: &Listing<AttachmentFilters>,
) -> Result<List<AttachmentView>, Problem> {
    let mut tx = api.records.read().await?;
    let opened = topics::open(&mut tx, caller, topic, Action::ReadContent, api.clock.now_ms()).await?;
    let part = part(listing, scope)?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let rows = tenant.attachments(opened.topic(), &part.span).await?;
    if part.is_counted {
        let count = tenant.count_attachments(opened.topic()).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    let key = |row: &Attachment| Key::Number(row.created_at_ms, row.id);
    Ok(listing.walked(scope, rows, key, |row| (&row).into()))
}

/// An attachment whose document the caller may do `action` to.
///
/// # Errors
/// 401, 403, 404, 409.
pub(super) async fn find(
    tx: &mut Tx,
    caller: &Caller,
    id: Uuid,
    action: Action,
    now_ms: i64,
) -> Result<Attachment, Problem> {
    let Some(attachment) = tx.attachment(id).await? else {
        // As for one of strangers.
        caller.require(action, &Resource::Document(Facts::stranger(Uuid::nil())))?;
        return Err(NOT_FOUND);
    };
    gate::open(tx, caller, attachment.document_id, action, now_ms).await?;
    Ok(attachment)
}

/// Reads what is known of an attached file.
#[utoipa::path(
    get, path = "/v1/attachments/{attachment_id}", tag = "Attachments",
    params(("attachment_id" = Uuid, Path)),
    responses((status = 200, body = AttachmentView, headers(("ETag" = String)))),
)]
pub(super) async fn get_attachment(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<AttachmentView>, Problem> {
    let mut tx = api.records.read().await?;
    let attachment = find(&mut tx, &caller, id, Action::ReadContent, api.clock.now_ms()).await?;
    Ok(Found {
        etag: Some(ETag(attachment.version)),
        body: (&attachment).into(),
    })
}

/// Removes an attached file for good.
#[utoipa::path(
    delete, path = "/v1/attachments/{attachment_id}", tag = "Attachments",
    params(("attachment_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete_attachment(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let mut tx = api.records.read().await?;
    let now_ms = api.clock.now_ms();
    let attachment = find(&mut tx, &caller, id, Action::UpdateDocument, now_ms).await?;
    drop(tx);
    IfMatch::check_if_given(if_match.as_ref(), ETag(attachment.version))?;
    card::forget(&api, &caller, &attachment).await?;
    remove(&api, &caller, &attachment).await?;
    Ok(NoContent)
}

/// Removes an attachment and tells of it. The bytes are swept if they cannot be removed now.
///
/// # Errors
/// 401, 403, 404, 409 if the caller may not, or not any more; 503.
pub(super) async fn remove(api: &Api, caller: &Caller, attachment: &Attachment) -> Result<(), Problem> {
    let (id, now_ms) = (attachment.id, api.clock.now_ms());
    let mut tx = api.records.write().await?;
    let action = Action::UpdateDocument;
    let opened = gate::open(&mut tx, caller, attachment.document_id, action, now_ms).await?;
    let card = match attachment.task_id {
        Some(task) => tx.task_address(task).await?.map(|address| address.card),
        None => None,
    };
    let mut tenant = tx.workspace(attachment.workspace).await?;
    if !tenant.remove_attachment(id).await? {
        return Err(NOT_FOUND);
    }
    let happened = Happened {
        kind: "attachment.deleted",
        project: Some(opened.document.project_id),
        document: Some(opened.document.id),
        task: attachment.task_id.zip(card.as_deref()),
        data: told(attachment),
        ..Happened::default()
    };
    record(&mut tx, attachment.workspace, caller, [happened], now_ms).await?;
    tx.commit().await?;
    // Nobody finds it any more; if it cannot be removed now, it is swept.
    if let Err(error) = api.files.objects.remove(key_of(attachment.workspace, id)).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a file remains to be swept"
        );
    }
    Ok(())
}
