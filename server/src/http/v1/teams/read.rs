//! `GET /v1/teams/{team_id}`.

use axum::extract::State;
use axum::response::Response;

use super::shapes::TeamView;
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, IfNoneMatch};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Reads a team.
#[utoipa::path(
    get, path = "/v1/teams/{team_id}", tag = "Teams",
    params(("team_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = TeamView, headers(("ETag" = String))), (status = 304, description = "You have it")),
)]
pub(super) async fn get_team(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::team(&mut tx, &caller.0, id).await?;
    caller.require(Action::ViewTeam, &place.resource)?;
    let team = tx.workspace(place.workspace).await?.team(id).await?;
    let team = team.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(team.version)),
        body: TeamView::from(&team),
    };
    Ok(found.unless(&known))
}
