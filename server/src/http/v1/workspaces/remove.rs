//! `DELETE /v1/workspaces/{workspace_id}` and `:restore`.

use axum::extract::State;
use axum::response::Response;

use super::shapes::WorkspaceView;
use crate::access::facts;
use crate::audit::{Act, Deed};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, IfMatch, NoContent, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{NEEDS_IF_MATCH, commit_rights};

/// Puts a workspace in the trash.
///
/// Everything in it is closed at once, to everybody. With other members or with teams, `If-Match` is required.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}", tag = "Workspaces",
    params(("workspace_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204, description = "It is in the trash"),
        (status = 428, description = "It is not empty, and `If-Match` is missing"),
    ),
)]
pub(super) async fn delete_workspace(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let mut tx = api.records.write().await?;
    let place = facts::workspace(&mut tx, &caller.0, id).await?;
    caller.require(Action::DeleteWorkspace, &place.resource)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let workspace = tenant.workspace().await?.ok_or(NOT_FOUND)?;
    match &if_match {
        Some(condition) => condition.check(ETag(workspace.version))?,
        None if tenant.is_in_use().await? => return Err(NEEDS_IF_MATCH),
        None => {}
    }
    let now_ms = api.clock.now_ms();
    tenant.trash_workspace(Some(now_ms)).await?;
    Act::new(Deed::WorkspaceDeleted, id)
        .write(&mut tx, place.workspace, now_ms)
        .await?;
    commit_rights(&api, tx, place.workspace).await?;
    Ok(NoContent)
}

/// Takes a workspace out of the trash.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/~restore", tag = "Workspaces",
    params(("workspace_id" = Uuid, Path)),
    responses((status = 200, body = WorkspaceView, headers(("ETag" = String)))),
)]
pub(super) async fn restore_workspace(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let place = facts::trashed_workspace(&mut tx, &caller.0, id).await?;
    caller.require(Action::DeleteWorkspace, &place.resource)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    tenant.trash_workspace(None).await?;
    let workspace = tenant.workspace().await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(workspace.version)),
        body: WorkspaceView::from(&workspace),
    };
    Act::new(Deed::WorkspaceRestored, id)
        .write(&mut tx, place.workspace, now_ms)
        .await?;
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    commit_rights(&api, tx, place.workspace).await?;
    Ok(answer)
}
