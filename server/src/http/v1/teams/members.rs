//! `GET /v1/teams/{team_id}/members`, and of one of them.

use axum::extract::{Path, State};
use axum::response::Response;

use super::shapes::{TeamMemberFilters, TeamMemberView};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, IfNoneMatch, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{part, person_key, total, two_ids};

/// Lists who is in a team.
#[utoipa::path(
    get, path = "/v1/teams/{team_id}/members", tag = "Teams",
    params(("team_id" = Uuid, Path), Listing<TeamMemberFilters>),
    responses((status = 200, body = List<TeamMemberView>)),
)]
pub(super) async fn list_team_members(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<TeamMemberFilters>,
) -> Result<List<TeamMemberView>, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::team(&mut tx, &caller.0, id).await?;
    caller.require(Action::ViewTeam, &place.resource)?;
    let part = part(&listing, place.workspace.0)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let rows = tenant.team_members(id, &part.span).await?;
    if part.is_counted {
        let count = tenant.count_team_members(id).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    Ok(listing.walked(place.workspace.0, rows, person_key, |row| (&row).into()))
}

/// Reads somebody's membership of a team.
#[utoipa::path(
    get, path = "/v1/teams/{team_id}/members/{user_id}", tag = "Teams",
    params(("team_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = TeamMemberView, headers(("ETag" = String))),
        (status = 304, description = "You have it"),
    ),
)]
pub(super) async fn get_team_member(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let (id, user) = two_ids(&ids)?;
    let mut tx = api.records.read().await?;
    let place = facts::team(&mut tx, &caller.0, id).await?;
    caller.require(Action::ViewTeam, &place.resource)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let person = tenant.team_person(id, user).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(person.member.version)),
        body: TeamMemberView::from(&person),
    };
    Ok(found.unless(&known))
}
