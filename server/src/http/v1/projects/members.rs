//! `GET /v1/projects/{project_id}/members`, and of one of them.

use axum::extract::{Path, State};
use axum::response::Response;

use super::gate;
use super::shapes::{ProjectMemberFilters, ProjectMemberView};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, IfNoneMatch, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{part, person_key, total, two_ids};

/// Lists who is in a project.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/members", tag = "Projects",
    params(("project_id" = Uuid, Path), Listing<ProjectMemberFilters>),
    responses((status = 200, body = List<ProjectMemberView>)),
)]
pub(super) async fn list_project_members(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<ProjectMemberFilters>,
) -> Result<List<ProjectMemberView>, Problem> {
    let mut tx = api.records.read().await?;
    let place = gate::open(&mut tx, &caller, id, Action::ViewProject).await?;
    let part = part(&listing, place.workspace.0)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let rows = tenant.project_members(id, &part.span).await?;
    if part.is_counted {
        let count = tenant.count_project_members(id).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    Ok(listing.walked(place.workspace.0, rows, person_key, |row| (&row).into()))
}

/// Reads somebody's membership of a project.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/members/{user_id}", tag = "Projects",
    params(("project_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = ProjectMemberView, headers(("ETag" = String))),
        (status = 304, description = "You have it"),
    ),
)]
pub(super) async fn get_project_member(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let (id, user) = two_ids(&ids)?;
    let mut tx = api.records.read().await?;
    let place = gate::open(&mut tx, &caller, id, Action::ViewProject).await?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let person = tenant.project_person(id, user).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(person.member.version)),
        body: ProjectMemberView::from(&person),
    };
    Ok(found.unless(&known))
}
