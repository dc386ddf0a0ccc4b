//! `PUT` and `PATCH /v1/projects/{project_id}`.

use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;
use weft_storage::records::ProjectContent;

use super::shapes::{ProjectForm, ProjectPatch, ProjectStatus, ProjectView};
use super::{gate, happened};
use crate::auth::permission::{Action, Resource};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, ETag, Found, Id, IfMatch, MergePatch, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{commit_rights, record};

/// Replaces what may be changed of a project.
///
/// What is left out gets the value that a new project has. Only owners may archive.
#[utoipa::path(
    put, path = "/v1/projects/{project_id}", tag = "Projects",
    params(("project_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = ProjectForm,
    responses(
        (status = 200, body = ProjectView, headers(("ETag" = String))),
        (status = 409, description = "It is archived"),
    ),
)]
pub(super) async fn replace_project(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    Body(form): Body<ProjectForm>,
) -> Result<Response, Problem> {
    let once = Once::default();
    let changes = |before: &ProjectContent| {
        Ok(ProjectContent {
            task_key: before.task_key.clone(),
            ..form.into_content()?
        })
    };
    change(&api, &caller, id, if_match.as_ref(), &once, changes).await
}

/// Changes a project.
///
/// Only owners may archive.
#[utoipa::path(
    patch, path = "/v1/projects/{project_id}", tag = "Projects",
    params(("project_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = ProjectPatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, body = ProjectView, headers(("ETag" = String))),
        (status = 409, description = "It is archived"),
    ),
)]
pub(super) async fn change_project(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<ProjectPatch>,
) -> Result<Response, Problem> {
    let changes = |before: &ProjectContent| patch.apply(before);
    change(&api, &caller, id, if_match.as_ref(), &once, changes).await
}

async fn change(
    api: &Api,
    caller: &Caller,
    id: Uuid,
    if_match: Option<&IfMatch>,
    once: &Once,
    changes: impl FnOnce(&ProjectContent) -> Result<ProjectContent, Problem> + Send,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let opened = gate::open(&mut tx, caller, id, Action::UpdateProject).await?;
    IfMatch::check_if_given(if_match, ETag(opened.project.version))?;
    let before = &opened.project.content;
    let after = changes(before)?;
    let archives = after.status == ProjectStatus::Archived.as_str();
    if archives {
        caller.require(Action::ArchiveProject, &Resource::Project(opened.facts))?;
    }
    let mut tenant = tx.workspace(opened.workspace).await?;
    if after != *before {
        tenant.change_project(id, &after, now_ms).await?;
    }
    let project = tenant.project(id).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(project.version)),
        body: ProjectView::from(&project),
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    let happened = happened::changed(&opened.project, &project);
    if archives {
        commit_rights(api, tx, opened.workspace, caller, happened).await?;
    } else {
        record(&mut tx, opened.workspace, caller, happened, now_ms).await?;
        tx.commit().await?;
    }
    Ok(answer)
}
