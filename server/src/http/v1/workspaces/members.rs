//! `GET /v1/workspaces/{workspace_id}/members`, and of one of them.

use axum::extract::{Path, State};
use axum::response::Response;

use super::shapes::{MemberFilters, MemberView};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, IfNoneMatch, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{part, person_key, total, two_ids};

/// Lists who is in a workspace.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/members", tag = "Workspaces",
    params(("workspace_id" = Uuid, Path), Listing<MemberFilters>),
    responses((status = 200, body = List<MemberView>)),
)]
pub(super) async fn list_members(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<MemberFilters>,
) -> Result<List<MemberView>, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::workspace(&mut tx, &caller.0, id).await?;
    caller.require(Action::ListMembers, &place.resource)?;
    let part = part(&listing, place.workspace.0)?;
    let role = listing.filters.role.map(|role| role.0.as_str());
    let mut tenant = tx.workspace(place.workspace).await?;
    let rows = tenant.people(role, &part.span).await?;
    if part.is_counted {
        let count = tenant.count_people(role).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    Ok(listing.walked(place.workspace.0, rows, person_key, |row| (&row).into()))
}

/// Reads somebody's membership of a workspace.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/members/{user_id}", tag = "Workspaces",
    params(("workspace_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = MemberView, headers(("ETag" = String))), (status = 304, description = "You have it")),
)]
pub(super) async fn get_member(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let (id, user) = two_ids(&ids)?;
    let mut tx = api.records.read().await?;
    let place = facts::workspace(&mut tx, &caller.0, id).await?;
    // Everybody may see their own.
    let action = if caller.0.user() == Some(user) {
        Action::ViewWorkspace
    } else {
        Action::ListMembers
    };
    caller.require(action, &place.resource)?;
    let person = tx.workspace(place.workspace).await?.person(user).await?;
    let person = person.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(person.member.version)),
        body: MemberView::from(&person),
    };
    Ok(found.unless(&known))
}
