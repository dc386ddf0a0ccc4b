//! `GET /v1/workspaces/{workspace_id}`.

use axum::extract::State;
use axum::response::Response;

use super::shapes::WorkspaceView;
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, IfNoneMatch};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Reads a workspace.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}", tag = "Workspaces",
    params(("workspace_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = WorkspaceView, headers(("ETag" = String))), (status = 304, description = "You have it")),
)]
pub(super) async fn get_workspace(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::workspace(&mut tx, &caller.0, id).await?;
    caller.require(Action::ViewWorkspace, &place.resource)?;
    let workspace = tx.workspace(place.workspace).await?.workspace().await?;
    let workspace = workspace.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(workspace.version)),
        body: WorkspaceView::from(&workspace),
    };
    Ok(found.unless(&known))
}
