//! `POST /v1/documents/{document_id}/comments` and `POST /v1/tasks/{task_id}/comments`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;
use weft_storage::records::{CommentFilter, NewComment as NewRow, Tenant};

use super::shapes::{CommentView, NewComment};
use super::{gate, mentions};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Body, Created, ETag, Id, Once, invalid};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::record;
use crate::http::v1::topics::{self, Opened, TopicId};

/// How many comments one topic holds, replies among them.
const MAX_COMMENTS: i64 = 5_000;
/// How many replies one comment has.
const MAX_REPLIES: i64 = 500;

const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TOO_MANY_COMMENTS",
    "there are 5000 comments on this, or 500 replies to this comment: delete some first",
);

/// Comments on a document.
///
/// Whoever is mentioned must be somebody who may see the document; others are refused. You hear of what others say
/// about it from now on, and so do those whom you mention, unless they have muted it.
#[utoipa::path(
    post, path = "/v1/documents/{document_id}/comments", tag = "Comments",
    params(("document_id" = Uuid, Path)),
    request_body = NewComment,
    responses(
        (status = 201, body = CommentView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "The document is archived, or has too many comments"),
    ),
)]
pub(super) async fn create_document_comment(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(wanted): Body<NewComment>,
) -> Result<Response, Problem> {
    create(&api, &caller, TopicId::Document(id), &once, wanted).await
}

/// Comments on a task.
///
/// Whoever is mentioned must be somebody who may see its board; others are refused. You hear of what others say about
/// it from now on, and so do those whom you mention, unless they have muted it.
#[utoipa::path(
    post, path = "/v1/tasks/{task_id}/comments", tag = "Comments",
    params(("task_id" = Uuid, Path)),
    request_body = NewComment,
    responses(
        (status = 201, body = CommentView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "The board is archived, the task in the trash, or it has too many comments"),
    ),
)]
pub(super) async fn create_task_comment(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(wanted): Body<NewComment>,
) -> Result<Response, Problem> {
    create(&api, &caller, TopicId::Task(id), &once, wanted).await
}

async fn create(
    api: &Api,
    caller: &Caller,
    topic: TopicId,
    once: &Once,
    wanted: NewComment,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let opened = topics::open(&mut tx, caller, topic, Action::CommentDocument, now_ms).await?;
    let anchor = anchor_of(&opened, &wanted)?;
    let said = mentions::read(&wanted.body)?;
    let mentions = mentions::check(&mut tx, opened.document.id, &said, &wanted.mentions, now_ms).await?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    check_place(&mut tenant, &opened, wanted.parent_id).await?;
    let author = gate::author(&mut tenant, caller).await?;
    let id = Uuid::now_v7();
    let row = NewRow {
        id,
        topic: opened.topic(),
        parent_id: wanted.parent_id,
        author: &author,
        body: &wanted.body,
        mentions: &mentions,
        anchor: anchor.as_deref(),
        now_ms,
    };
    tenant.create_comment(row).await?;
    if let Some(user) = author.user_id {
        tenant
            .subscribe(opened.topic(), user, "commented", now_ms)
            .await?;
    }
    for user in &mentions {
        tenant
            .subscribe(opened.topic(), *user, "mentioned", now_ms)
            .await?;
    }
    let comment = tx.comment(id).await?.ok_or(Problem::INTERNAL)?;
    let created = Created {
        location: format!("/v1/comments/{id}"),
        etag: Some(ETag(comment.version)),
        body: CommentView::new(&comment, Vec::new()),
    };
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    let data = json!({
        "comment_id": id,
        "parent_id": wanted.parent_id,
        "author_name": author.name,
        "excerpt": said.excerpt,
        "mentions": mentions,
    });
    let happened = opened.happened("comment.created", data);
    record(&mut tx, opened.workspace, caller, [happened], now_ms).await?;
    tx.commit().await?;
    Ok(answer)
}

/// The anchor as it is stored; only a thread about a document has one.
fn anchor_of(opened: &Opened, wanted: &NewComment) -> Result<Option<String>, Problem> {
    let Some(anchor) = &wanted.anchor else {
        return Ok(None);
    };
    if opened.task.is_some() || wanted.parent_id.is_some() {
        return Err(invalid(
            "anchor",
            "NOT_SUPPORTED",
            "must be left out for tasks and for replies",
        ));
    }
    anchor.to_stored().map(Some)
}

/// Whether there is room, and the parent is one.
async fn check_place(tenant: &mut Tenant<'_>, opened: &Opened, parent: Option<Uuid>) -> Result<(), Problem> {
    let all = CommentFilter::default();
    if tenant.count_comments(opened.topic(), all).await? >= MAX_COMMENTS {
        return Err(TOO_MANY);
    }
    let Some(parent) = parent else {
        return Ok(());
    };
    let found = tenant.tx().comment(parent).await?;
    let fits = |parent: &weft_storage::records::Comment| {
        parent.topic == opened.topic() && parent.parent_id.is_none() && parent.deleted_at_ms.is_none()
    };
    match found.filter(fits) {
        Some(parent) if parent.replies >= MAX_REPLIES => Err(TOO_MANY),
        Some(_) => Ok(()),
        None => Err(invalid(
            "parent_id",
            "INVALID_VALUE",
            "must be a comment on the same thing that is no reply",
        )),
    }
}
