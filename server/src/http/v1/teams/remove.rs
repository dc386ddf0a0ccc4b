//! `DELETE /v1/teams/{team_id}`.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Id, IfMatch, NoContent};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{Happened, commit_rights};

const NOT_EMPTY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TEAM_NOT_EMPTY",
    "the team still has projects: delete them first",
);

/// Deletes a team that has no projects.
#[utoipa::path(
    delete, path = "/v1/teams/{team_id}", tag = "Teams",
    params(("team_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "It still has projects"),
    ),
)]
pub(super) async fn delete_team(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let mut tx = api.records.write().await?;
    let place = facts::team(&mut tx, &caller.0, id).await?;
    caller.require(Action::DeleteTeam, &place.resource)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let team = tenant.team(id).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(team.version))?;
    if tenant.count_team_projects(id).await? > 0 {
        return Err(NOT_EMPTY);
    }
    tenant.trash_team(id, api.clock.now_ms()).await?;
    let happened = Happened {
        kind: "team.deleted",
        team: Some(id),
        data: json!({ "before": { "name": team.name } }),
        ..Happened::default()
    };
    commit_rights(&api, tx, place.workspace, &caller, [happened]).await?;
    Ok(NoContent)
}
