//! `POST /v1/projects/{project_id}:duplicate`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;
use weft_storage::records::{MemberChange, ProjectContent};

use super::shapes::{Duplication, ProjectStatus, ProjectView};
use super::{gate, happened};
use crate::access::facts;
use crate::auth::permission::{Action, ContentState, DocumentRole, Facts, Resource, may};
use crate::http::Problem;
use crate::http::rest::{Body, Created, ETag, Id, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::commit_rights;

/// They see the project, but may not make one beside it.
const MAY_NOT_CREATE: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "FORBIDDEN",
    "your role does not allow you to make a project in its team",
);

/// Makes a new project like another one, in the same team.
///
/// The description and the dates are copied and, if asked for, who is in it. Documents are not. The copy is active, and
/// you own it.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/~duplicate", tag = "Projects",
    params(("project_id" = Uuid, Path)),
    request_body = Duplication,
    responses((status = 201, body = ProjectView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(super) async fn duplicate_project(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(form): Body<Duplication>,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let opened = gate::open(&mut tx, &caller, id, Action::ViewProject).await?;
    let live = Facts {
        state: ContentState::Live,
        ..opened.facts
    };
    if form.include_members {
        caller.require(Action::ManageProjectMembers, &Resource::Project(live))?;
    }
    let original = opened.project;
    let team = facts::team(&mut tx, &caller.0, original.team_id).await?;
    if !may(&caller.0.facts, Action::CreateProject, &team.resource).is_allowed() {
        return Err(MAY_NOT_CREATE);
    }
    let user = caller.user()?;
    let copy = Uuid::now_v7();
    let content = ProjectContent {
        name: form.name.into_string(),
        status: ProjectStatus::Active.as_str().to_owned(),
        task_key: None,
        ..original.content
    };
    let owner = MemberChange {
        user_id: user,
        role: DocumentRole::Owner.as_str(),
        now_ms,
    };
    let mut tenant = tx.workspace(opened.workspace).await?;
    tenant
        .create_project(copy, original.team_id, user, &content, now_ms)
        .await?;
    tenant.put_project_member(copy, owner).await?;
    if form.include_members {
        tenant.copy_project_members(id, copy, now_ms).await?;
    }
    let project = tenant.project(copy).await?.ok_or(Problem::INTERNAL)?;
    let created = Created {
        location: format!("/v1/projects/{copy}"),
        etag: Some(ETag(project.version)),
        body: ProjectView::from(&project),
    };
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    let happened = happened::made(&project);
    commit_rights(&api, tx, opened.workspace, &caller, happened).await?;
    Ok(answer)
}
