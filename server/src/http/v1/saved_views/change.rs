//! `GET`, `PATCH` and `DELETE /v1/views/{view_id}`.

use axum::extract::State;
use axum::response::Response;

use super::gate;
use super::shapes::{ViewPatch, ViewView, Visibility};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, IfMatch, IfNoneMatch, MergePatch, NoContent, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Reads a saved view.
#[utoipa::path(
    get, path = "/v1/views/{view_id}", tag = "Views",
    params(("view_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = ViewView, headers(("ETag" = String))), (status = 304, description = "You have it")),
)]
pub(super) async fn get_view(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let view = gate::find(&mut tx, &caller, id).await?;
    let found = Found {
        etag: Some(ETag(view.version)),
        body: ViewView::from(&view),
    };
    Ok(found.unless(&known))
}

/// Changes a saved view: your own, or one of the project if you may change the project.
#[utoipa::path(
    patch, path = "/v1/views/{view_id}", tag = "Views",
    params(("view_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = ViewPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = ViewView, headers(("ETag" = String)))),
)]
pub(super) async fn change_view(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<ViewPatch>,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let before = gate::find_own(&mut tx, &caller, id).await?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(before.version))?;
    let after = patch.apply(&before.content)?;
    let shares = after.visibility != before.content.visibility
        && Visibility::of(&after.visibility) == Visibility::Project;
    if shares {
        gate::require_shared(&mut tx, &caller, before.project_id).await?;
    }
    if after != before.content {
        let mut tenant = tx.workspace(before.workspace).await?;
        tenant.change_saved_view(id, &after, now_ms).await?;
    }
    let view = tx.saved_view(id).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(view.version)),
        body: ViewView::from(&view),
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    tx.commit().await?;
    Ok(answer)
}

/// Removes a saved view: your own, or one of the project if you may change the project.
#[utoipa::path(
    delete, path = "/v1/views/{view_id}", tag = "Views",
    params(("view_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete_view(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let mut tx = api.records.write().await?;
    let view = gate::find_own(&mut tx, &caller, id).await?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(view.version))?;
    let mut tenant = tx.workspace(view.workspace).await?;
    tenant.remove_saved_view(id).await?;
    tx.commit().await?;
    Ok(NoContent)
}
