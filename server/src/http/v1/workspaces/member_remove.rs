//! `DELETE /v1/workspaces/{workspace_id}/members/{user_id}`: to remove somebody, or to leave.

use axum::extract::{Path, State};

use super::member_change::{check_assignable, keep_an_owner};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, IfMatch, NoContent};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{Happened, Membership, commit_rights};
use crate::http::v1::tenancy::{two_ids, workspace_role};

/// Removes somebody from a workspace, or leaves it.
///
/// With their own id everybody may leave. Their teams, projects, shares and keys in the workspace go with them; what
/// they wrote stays. The last owner cannot go.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/members/{user_id}", tag = "Workspaces",
    params(("workspace_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204, description = "They are out"),
        (status = 409, description = "They are the last owner"),
    ),
)]
pub(super) async fn remove_member(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let (id, user) = two_ids(&ids)?;
    let is_self = caller.0.user() == Some(user);
    let mut tx = api.records.write().await?;
    let place = facts::workspace(&mut tx, &caller.0, id).await?;
    let action = if is_self {
        Action::LeaveWorkspace
    } else {
        Action::ManageMembers
    };
    caller.require(action, &place.resource)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let member = tenant.member(user).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(member.version))?;
    let role = workspace_role(&member.role);
    if !is_self {
        check_assignable(&place.resource, role, None)?;
    }
    keep_an_owner(&mut tenant, role).await?;
    tenant.remove_member(user).await?;
    let happened = Happened::to_member(Membership::Workspace, user, Some(role.as_str()), None);
    commit_rights(&api, tx, place.workspace, &caller, happened).await?;
    Ok(NoContent)
}
