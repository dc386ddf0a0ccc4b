//! `PUT` and `PATCH /v1/teams/{team_id}`.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;
use weft_storage::records::Team;

use super::shapes::{TeamForm, TeamPatch, TeamView};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Change, ETag, Found, Id, IfMatch, MergePatch, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{Happened, difference, record};

/// Replaces what may be changed of a team.
#[utoipa::path(
    put, path = "/v1/teams/{team_id}", tag = "Teams",
    params(("team_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = TeamForm,
    responses(
        (status = 200, body = TeamView, headers(("ETag" = String))),
        (status = 409, description = "The workspace has another team with this name"),
    ),
)]
pub(super) async fn replace_team(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    Body(form): Body<TeamForm>,
) -> Result<Response, Problem> {
    let patch = TeamPatch {
        name: Change::Set(form.name),
        description: Change::Set(form.description),
    };
    change(&api, &caller, id, if_match.as_ref(), patch, &Once::default()).await
}

/// Changes a team.
#[utoipa::path(
    patch, path = "/v1/teams/{team_id}", tag = "Teams",
    params(("team_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = TeamPatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, body = TeamView, headers(("ETag" = String))),
        (status = 409, description = "The workspace has another team with this name"),
    ),
)]
pub(super) async fn change_team(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<TeamPatch>,
) -> Result<Response, Problem> {
    change(&api, &caller, id, if_match.as_ref(), patch, &once).await
}

async fn change(
    api: &Api,
    caller: &Caller,
    id: Uuid,
    if_match: Option<&IfMatch>,
    patch: TeamPatch,
    once: &Once,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let place = facts::team(&mut tx, &caller.0, id).await?;
    caller.require(Action::UpdateTeam, &place.resource)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let before = tenant.team(id).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match, ETag(before.version))?;
    let name = patch.name.into_option().filter(|name| **name != before.name);
    let description = patch.description.into_option();
    let description = description.filter(|description| **description != before.description);
    if name.is_some() || description.is_some() {
        tenant
            .change_team(id, name.as_deref(), description.as_deref(), now_ms)
            .await?;
    }
    let after = tenant.team(id).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(after.version)),
        body: TeamView::from(&after),
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    let told = |team: &Team| json!({ "name": team.name, "description": team.description });
    let happened = difference(&told(&before), &told(&after)).map(|data| Happened {
        kind: "team.updated",
        team: Some(id),
        data,
        ..Happened::default()
    });
    record(&mut tx, place.workspace, caller, happened, now_ms).await?;
    tx.commit().await?;
    Ok(answer)
}
