//! `POST /v1/teams`.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;
use weft_storage::records::{MemberChange, NewTeam as NewRow};

use super::shapes::{NewTeam, TeamView};
use crate::access::facts;
use crate::auth::permission::{Action, TeamRole};
use crate::http::Problem;
use crate::http::rest::{Body, Created, ETag, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{Happened, Membership, commit_rights};

/// Makes a team, which you then look after.
#[utoipa::path(
    post, path = "/v1/teams", tag = "Teams",
    request_body = NewTeam,
    responses(
        (status = 201, body = TeamView, headers(("ETag" = String), ("Location" = String))),
        (status = 404, description = "There is no such workspace for you"),
        (status = 409, description = "The workspace has a team with this name"),
    ),
)]
pub(super) async fn create_team(
    State(api): State<Api>,
    caller: Caller,
    once: Once,
    Body(form): Body<NewTeam>,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let place = facts::workspace(&mut tx, &caller.0, form.workspace_id).await?;
    caller.require(Action::CreateTeam, &place.resource)?;
    let user = caller.user()?;
    let id = Uuid::now_v7();
    let mut tenant = tx.workspace(place.workspace).await?;
    let row = NewRow {
        id,
        name: &form.name,
        description: &form.description,
        owner_user_id: user,
        now_ms,
    };
    tenant.create_team(row).await?;
    let member = MemberChange {
        user_id: user,
        role: TeamRole::Admin.as_str(),
        now_ms,
    };
    tenant.put_team_member(id, member).await?;
    let team = tenant.team(id).await?.ok_or(Problem::INTERNAL)?;
    let created = Created {
        location: format!("/v1/teams/{id}"),
        etag: Some(ETag(team.version)),
        body: TeamView::from(&team),
    };
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    let happened = Happened {
        kind: "team.created",
        team: Some(id),
        data: json!({ "after": { "name": team.name } }),
        ..Happened::default()
    };
    let joined = Happened::to_member(Membership::Team(id), user, None, Some(TeamRole::Admin.as_str()));
    let happened = [Some(happened), joined].into_iter().flatten();
    commit_rights(&api, tx, place.workspace, &caller, happened).await?;
    Ok(answer)
}
