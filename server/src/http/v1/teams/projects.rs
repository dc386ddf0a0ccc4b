//! `GET` and `POST /v1/teams/{team_id}/projects`.

use axum::extract::State;
use axum::response::Response;

use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Body, Id, List, Listing, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::projects::{
    MyProjectView, ProjectForm, ProjectView, TeamProjectFilters, create, list_projects_of,
};

/// Lists the projects of a team that you may see.
#[utoipa::path(
    get, path = "/v1/teams/{team_id}/projects", tag = "Teams",
    params(("team_id" = Uuid, Path), Listing<TeamProjectFilters>),
    responses((status = 200, body = List<MyProjectView>)),
)]
pub(super) async fn list_team_projects(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<TeamProjectFilters>,
) -> Result<List<MyProjectView>, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::team(&mut tx, &caller.0, id).await?;
    caller.require(Action::ViewTeam, &place.resource)?;
    list_projects_of(&mut tx, &caller, id, &listing).await
}

/// Makes a project in a team.
#[utoipa::path(
    post, path = "/v1/teams/{team_id}/projects", tag = "Teams",
    params(("team_id" = Uuid, Path)),
    request_body = ProjectForm,
    responses((status = 201, body = ProjectView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(super) async fn create_team_project(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(form): Body<ProjectForm>,
) -> Result<Response, Problem> {
    create(&api, &caller, id, form, &once).await
}
