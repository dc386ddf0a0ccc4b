//! `DELETE /v1/comments/{comment_id}`.

use axum::extract::State;
use serde_json::json;

use super::gate;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{ETag, Id, IfMatch, NoContent};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::record;

/// Deletes a comment: one's own, or as an owner of the document that of somebody else.
///
/// What it said is gone for good. If there are replies its place stays, as deleted, until the last of them is gone.
#[utoipa::path(
    delete, path = "/v1/comments/{comment_id}", tag = "Comments",
    params(("comment_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is deleted")),
)]
pub(super) async fn delete_comment(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let found = gate::find_living(&mut tx, &caller, id, Action::CommentDocument, now_ms).await?;
    if !found.allows(&caller, Action::ModerateComments) {
        found.require_author(&caller)?;
    }
    let comment = &found.comment;
    IfMatch::check_if_given(if_match.as_ref(), ETag(comment.version))?;
    let mut tenant = tx.workspace(comment.workspace).await?;
    tenant.delete_comment(comment, now_ms).await?;
    let data = json!({
        "comment_id": id,
        "parent_id": comment.parent_id,
        "author_user_id": comment.author.user_id,
    });
    let happened = found.opened.happened("comment.deleted", data);
    record(&mut tx, comment.workspace, &caller, [happened], now_ms).await?;
    tx.commit().await?;
    Ok(NoContent)
}
