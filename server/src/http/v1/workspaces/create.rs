//! `POST /v1/workspaces`.

use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{MemberChange, NewWorkspace};

use super::shapes::{WorkspaceForm, WorkspaceView};
use crate::audit::{Act, Deed};
use crate::auth::permission::{Action, Resource, WorkspaceRole};
use crate::http::Problem;
use crate::http::rest::{Body, Created, ETag, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Makes a workspace, which you then own.
#[utoipa::path(
    post, path = "/v1/workspaces", tag = "Workspaces",
    request_body = WorkspaceForm,
    responses((status = 201, body = WorkspaceView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(super) async fn create_workspace(
    State(api): State<Api>,
    caller: Caller,
    once: Once,
    Body(form): Body<WorkspaceForm>,
) -> Result<Response, Problem> {
    let user = caller.user()?;
    caller.require(Action::CreateWorkspace, &Resource::Server)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let id = WorkspaceId(Uuid::now_v7());
    let mut tenant = tx.workspace(id).await?;
    tenant
        .create_workspace(NewWorkspace {
            name: &form.name,
            created_by: Some(user),
            now_ms,
        })
        .await?;
    tenant
        .put_member(MemberChange {
            user_id: user,
            role: WorkspaceRole::Owner.as_str(),
            now_ms,
        })
        .await?;
    let workspace = tenant.workspace().await?.ok_or(Problem::INTERNAL)?;
    let created = Created {
        location: format!("/v1/workspaces/{}", id.0),
        etag: Some(ETag(workspace.version)),
        body: WorkspaceView::from(&workspace),
    };
    Act::new(Deed::WorkspaceCreated, id.0)
        .write(&mut tx, id, now_ms)
        .await?;
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    tx.commit().await?;
    Ok(answer)
}
