//! `POST /v1/projects/{project_id}:archive` and `:restore`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;
use weft_storage::records::ProjectContent;

use super::gate::{self, Opened};
use super::happened;
use super::shapes::{ProjectStatus, ProjectView};
use crate::access::facts;
use crate::auth::permission::{Action, ContentState, Resource};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, IfMatch, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::commit_rights;

/// There is no place to put it back.
const TEAM_GONE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TEAM_GONE",
    "the project's team was deleted, so it cannot be restored",
);

/// Archives a project: it and its documents are kept, and changed no more.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/~archive", tag = "Projects",
    params(("project_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = ProjectView, headers(("ETag" = String)))),
)]
pub(super) async fn archive_project(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let opened = gate::open(&mut tx, &caller, id, Action::ArchiveProject).await?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(opened.project.version))?;
    if opened.facts.state != ContentState::Archived {
        let content = with_status(&opened, ProjectStatus::Archived);
        let mut tenant = tx.workspace(opened.workspace).await?;
        tenant.change_project(id, &content, now_ms).await?;
    }
    answer(&api, tx, &caller, &once, (opened, id)).await
}

/// Takes a project out of the trash, or out of the archive.
///
/// From the trash it comes back as it was; from the archive it comes back active.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/~restore", tag = "Projects",
    params(("project_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = ProjectView, headers(("ETag" = String))),
        (status = 409, description = "Its team is gone"),
    ),
)]
pub(super) async fn restore_project(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let place = facts::project(&mut tx, &caller.0, id).await?;
    let is_trashed =
        matches!(place.resource, Resource::Project(facts) if facts.state == ContentState::Trashed);
    let action = if is_trashed {
        Action::RestoreProject
    } else {
        Action::ArchiveProject
    };
    let opened = gate::open(&mut tx, &caller, id, action).await?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(opened.project.version))?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    match opened.facts.state {
        ContentState::Trashed => {
            if tenant.team(opened.project.team_id).await?.is_none() {
                return Err(TEAM_GONE);
            }
            tenant.trash_project(id, None).await?;
        }
        ContentState::Archived => {
            let content = with_status(&opened, ProjectStatus::Active);
            tenant.change_project(id, &content, now_ms).await?;
        }
        ContentState::Live => {}
    }
    answer(&api, tx, &caller, &once, (opened, id)).await
}

fn with_status(opened: &Opened, status: ProjectStatus) -> ProjectContent {
    ProjectContent {
        status: status.as_str().to_owned(),
        ..opened.project.content.clone()
    }
}

/// Commits, and shows the project as it is then.
async fn answer(
    api: &Api,
    mut tx: weft_storage::records::Tx,
    caller: &Caller,
    once: &Once,
    (opened, id): (Opened, Uuid),
) -> Result<Response, Problem> {
    let project = tx.workspace(opened.workspace).await?.project(id).await?;
    let project = project.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(project.version)),
        body: ProjectView::from(&project),
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    let archived = ProjectStatus::Archived.as_str();
    let is_archived = project.content.status == archived;
    let happened = match opened.facts.state {
        ContentState::Live if is_archived => Some("project.archived"),
        ContentState::Archived if !is_archived => Some("project.unarchived"),
        ContentState::Trashed => Some("project.restored"),
        ContentState::Live | ContentState::Archived => None,
    };
    let happened = happened.map(|kind| happened::turned(kind, &project));
    commit_rights(api, tx, opened.workspace, caller, happened).await?;
    Ok(answer)
}
