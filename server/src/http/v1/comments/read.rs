//! `GET /v1/comments/{comment_id}`.

use axum::extract::State;
use axum::response::Response;
use weft_storage::records::{Comment, Tenant};

use super::gate;
use super::shapes::CommentView;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{ETag, Found, Id, IfNoneMatch};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Reads a comment.
#[utoipa::path(
    get, path = "/v1/comments/{comment_id}", tag = "Comments",
    params(("comment_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = CommentView, headers(
            ("ETag" = String, description = "Stands for all but `reactions` and `reply_count`"),
        )),
        (status = 304, description = "You have it"),
    ),
)]
pub(super) async fn get_comment(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let found = gate::find(&mut tx, &caller, id, Action::ReadContent, api.clock.now_ms()).await?;
    let mut tenant = tx.workspace(found.comment.workspace).await?;
    Ok(shown(&mut tenant, &caller, &found.comment).await?.unless(&known))
}

/// A comment as the caller sees it.
///
/// # Errors
/// 503.
pub(super) async fn shown(
    tenant: &mut Tenant<'_>,
    caller: &Caller,
    comment: &Comment,
) -> Result<Found<CommentView>, Problem> {
    let reactions = tenant.reactions_to(comment.id, caller.0.user()).await?;
    Ok(Found {
        etag: Some(ETag(comment.version)),
        body: CommentView::new(comment, reactions),
    })
}
