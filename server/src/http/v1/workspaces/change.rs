//! `PUT` and `PATCH /v1/workspaces/{workspace_id}`.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;
use weft_storage::records::WorkspaceChange;

use super::shapes::{WorkspaceForm, WorkspacePatch, WorkspaceView};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, ETag, Found, Id, IfMatch, MergePatch, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{Happened, difference, record};

/// Replaces what may be changed of a workspace.
#[utoipa::path(
    put, path = "/v1/workspaces/{workspace_id}", tag = "Workspaces",
    params(("workspace_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = WorkspaceForm,
    responses((status = 200, body = WorkspaceView, headers(("ETag" = String)))),
)]
pub(super) async fn replace_workspace(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    Body(form): Body<WorkspaceForm>,
) -> Result<Response, Problem> {
    let patch = WorkspacePatch {
        name: crate::http::rest::Change::Set(form.name),
    };
    change(&api, &caller, id, if_match.as_ref(), patch, &Once::default()).await
}

/// Changes a workspace.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}", tag = "Workspaces",
    params(("workspace_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = WorkspacePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = WorkspaceView, headers(("ETag" = String)))),
)]
pub(super) async fn change_workspace(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<WorkspacePatch>,
) -> Result<Response, Problem> {
    change(&api, &caller, id, if_match.as_ref(), patch, &once).await
}

async fn change(
    api: &Api,
    caller: &Caller,
    id: Uuid,
    if_match: Option<&IfMatch>,
    patch: WorkspacePatch,
    once: &Once,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let place = facts::workspace(&mut tx, &caller.0, id).await?;
    caller.require(Action::UpdateWorkspace, &place.resource)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let before = tenant.workspace().await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match, ETag(before.version))?;
    let name = patch.name.into_option().filter(|name| **name != before.name);
    if name.is_some() {
        let change = WorkspaceChange {
            name: name.as_deref(),
            settings: None,
        };
        tenant.change_workspace(change, now_ms).await?;
    }
    let after = tenant.workspace().await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(after.version)),
        body: WorkspaceView::from(&after),
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    let (before, after) = (json!({ "name": before.name }), json!({ "name": after.name }));
    let happened = difference(&before, &after).map(|data| Happened {
        kind: "workspace.updated",
        data,
        ..Happened::default()
    });
    record(&mut tx, place.workspace, caller, happened, now_ms).await?;
    tx.commit().await?;
    Ok(answer)
}
