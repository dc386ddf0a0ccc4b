//! `POST /v1/comments/{comment_id}:resolve` and `:reopen`.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;

use super::gate::{self, NOT_A_THREAD};
use super::read::shown;
use super::shapes::CommentView;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Id, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::record;

/// What becomes of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Resolve,
    Reopen,
}

/// Resolves a thread: everybody who may comment may.
#[utoipa::path(
    post, path = "/v1/comments/{comment_id}/~resolve", tag = "Comments",
    params(("comment_id" = Uuid, Path)),
    responses(
        (status = 200, body = CommentView, headers(("ETag" = String))),
        (status = 409, description = "It is a reply"),
    ),
)]
pub(super) async fn resolve_comment(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
) -> Result<Response, Problem> {
    turn(&api, &caller, id, Turn::Resolve, &once).await
}

/// Opens a thread again that was resolved.
#[utoipa::path(
    post, path = "/v1/comments/{comment_id}/~reopen", tag = "Comments",
    params(("comment_id" = Uuid, Path)),
    responses(
        (status = 200, body = CommentView, headers(("ETag" = String))),
        (status = 409, description = "It is a reply"),
    ),
)]
pub(super) async fn reopen_comment(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
) -> Result<Response, Problem> {
    turn(&api, &caller, id, Turn::Reopen, &once).await
}

async fn turn(api: &Api, caller: &Caller, id: Uuid, turn: Turn, once: &Once) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    // Also of a comment that was deleted: its replies are a thread still.
    let found = gate::find(&mut tx, caller, id, Action::CommentDocument, now_ms).await?;
    if found.comment.parent_id.is_some() {
        return Err(NOT_A_THREAD);
    }
    let workspace = found.comment.workspace;
    let is_changed = found.comment.resolved_at_ms.is_some() != (turn == Turn::Resolve);
    if is_changed {
        let resolved = (turn == Turn::Resolve).then(|| (caller.0.user(), now_ms));
        let mut tenant = tx.workspace(workspace).await?;
        tenant.resolve_comment(id, resolved).await?;
    }
    let stored = tx.comment(id).await?.ok_or(NOT_FOUND)?;
    let mut tenant = tx.workspace(workspace).await?;
    let answer = shown(&mut tenant, caller, &stored).await?;
    let answer = once.finish(&mut tx, &caller.0, answer).await?;
    if is_changed {
        let kind = match turn {
            Turn::Resolve => "comment.resolved",
            Turn::Reopen => "comment.reopened",
        };
        let data = json!({ "comment_id": id, "author_user_id": found.comment.author.user_id });
        record(
            &mut tx,
            workspace,
            caller,
            [found.opened.happened(kind, data)],
            now_ms,
        )
        .await?;
    }
    tx.commit().await?;
    Ok(answer)
}
