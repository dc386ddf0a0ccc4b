//! `PATCH /v1/comments/{comment_id}`.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use weft_storage::records::{Comment, CommentChange, Tx};

use super::gate::{self, Found};
use super::read::shown;
use super::shapes::{CommentPatch, CommentView};
use super::{anchor::Anchor, mentions};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Change, Clearable, ETag, Id, IfMatch, MergePatch, Once, invalid};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::record;

/// Changes a comment.
///
/// Its text and who is mentioned is its author's to change; only those hear of it who were not mentioned before. Its
/// anchor may be moved by everybody who may change the document.
#[utoipa::path(
    patch, path = "/v1/comments/{comment_id}", tag = "Comments",
    params(("comment_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = CommentPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = CommentView, headers(("ETag" = String)))),
)]
pub(super) async fn change_comment(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<CommentPatch>,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let found = gate::find_living(&mut tx, &caller, id, Action::CommentDocument, now_ms).await?;
    check_rights(&found, &caller, &patch)?;
    let before = &found.comment;
    IfMatch::check_if_given(if_match.as_ref(), ETag(before.version))?;
    let after = apply(&mut tx, before, patch, now_ms).await?;
    let mut tenant = tx.workspace(before.workspace).await?;
    let is_changed = after != *before;
    if is_changed {
        let change = CommentChange {
            body: &after.body,
            mentions: &after.mentions,
            anchor: after.anchor.as_deref(),
            edited_at_ms: after.edited_at_ms,
        };
        tenant.change_comment(id, change).await?;
    }
    let is_new = |user: &&uuid::Uuid| !before.mentions.contains(*user);
    let added: Vec<_> = after.mentions.iter().filter(is_new).copied().collect();
    for user in &added {
        tenant.subscribe(before.topic, *user, "mentioned", now_ms).await?;
    }
    let stored = tx.comment(id).await?.ok_or(NOT_FOUND)?;
    let mut tenant = tx.workspace(before.workspace).await?;
    let answer = shown(&mut tenant, &caller, &stored).await?;
    let answer = once.finish(&mut tx, &caller.0, answer).await?;
    if is_changed {
        let data = json!({
            "comment_id": id,
            "parent_id": before.parent_id,
            "excerpt": mentions::read(&after.body)?.excerpt,
            "mentions": after.mentions,
            "added_mentions": added,
        });
        let happened = found.opened.happened("comment.updated", data);
        record(&mut tx, before.workspace, &caller, [happened], now_ms).await?;
    }
    tx.commit().await?;
    Ok(answer)
}

fn check_rights(found: &Found, caller: &Caller, patch: &CommentPatch) -> Result<(), Problem> {
    let is_only_moved = patch.body == Change::Keep
        && patch.mentions == Change::Keep
        && patch.anchor != Clearable::Keep
        && found.allows(caller, Action::EditContent);
    if is_only_moved {
        return Ok(());
    }
    found.require_author(caller)
}

/// The comment as it is to be.
async fn apply(tx: &mut Tx, before: &Comment, patch: CommentPatch, now_ms: i64) -> Result<Comment, Problem> {
    let mut after = before.clone();
    match patch.anchor {
        Clearable::Keep => {}
        Clearable::Clear => after.anchor = None,
        Clearable::Set(anchor) => after.anchor = Some(moved(before, &anchor)?),
    }
    let (is_said, is_named) = (patch.body != Change::Keep, patch.mentions != Change::Keep);
    if is_said || is_named {
        if let Some(body) = patch.body.into_option() {
            after.body = body.into_string();
        }
        let named = patch.mentions.into_option().unwrap_or_default();
        let said = mentions::read(&after.body)?;
        after.mentions = mentions::check(tx, before.topic.document_id, &said, &named, now_ms).await?;
        if after.body != before.body {
            after.edited_at_ms = Some(now_ms);
        }
    }
    Ok(after)
}

fn moved(before: &Comment, anchor: &Anchor) -> Result<String, Problem> {
    if before.topic.task_id.is_some() || before.parent_id.is_some() {
        return Err(invalid(
            "anchor",
            "NOT_SUPPORTED",
            "must be left out for tasks and for replies",
        ));
    }
    anchor.to_stored()
}
