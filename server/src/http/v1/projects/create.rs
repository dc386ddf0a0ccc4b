//! `POST /v1/projects`, and the same under a team.

use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;
use weft_storage::records::MemberChange;

use super::happened;
use super::shapes::{NewProject, ProjectForm, ProjectView};
use crate::access::facts;
use crate::auth::permission::{Action, DocumentRole};
use crate::http::Problem;
use crate::http::rest::{Body, Created, ETag, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::record;

/// Makes a project, which you then own.
#[utoipa::path(
    post, path = "/v1/projects", tag = "Projects",
    request_body = NewProject,
    responses(
        (status = 201, body = ProjectView, headers(("ETag" = String), ("Location" = String))),
        (status = 404, description = "There is no such team for you"),
    ),
)]
pub(super) async fn create_project(
    State(api): State<Api>,
    caller: Caller,
    once: Once,
    Body(form): Body<NewProject>,
) -> Result<Response, Problem> {
    let (team, form) = form.split();
    create(&api, &caller, team, form, &once).await
}

/// Makes a project in `team`.
///
/// # Errors
/// 401, 403, 404, 422.
pub(in crate::http::v1) async fn create(
    api: &Api,
    caller: &Caller,
    team: Uuid,
    form: ProjectForm,
    once: &Once,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let place = facts::team(&mut tx, &caller.0, team).await?;
    caller.require(Action::CreateProject, &place.resource)?;
    let user = caller.user()?;
    let content = form.into_content()?;
    let id = Uuid::now_v7();
    let mut tenant = tx.workspace(place.workspace).await?;
    tenant.create_project(id, team, user, &content, now_ms).await?;
    let owner = MemberChange {
        user_id: user,
        role: DocumentRole::Owner.as_str(),
        now_ms,
    };
    tenant.put_project_member(id, owner).await?;
    let project = tenant.project(id).await?.ok_or(Problem::INTERNAL)?;
    let created = Created {
        location: format!("/v1/projects/{id}"),
        etag: Some(ETag(project.version)),
        body: ProjectView::from(&project),
    };
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    record(&mut tx, place.workspace, caller, happened::made(&project), now_ms).await?;
    tx.commit().await?;
    Ok(answer)
}
