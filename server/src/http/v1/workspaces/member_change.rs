//! `PUT` and `PATCH /v1/workspaces/{workspace_id}/members/{user_id}`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;
use weft_storage::records::{MemberChange, RecordError, Tenant};

use super::shapes::{MemberForm, MemberPatch, MemberView};
use crate::access::facts;
use crate::auth::permission::{Action, Resource, WorkspaceRole, may_assign};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, ETag, Found, IfMatch, MergePatch, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{Happened, Membership, commit_rights};
use crate::http::v1::tenancy::{ROLE_NOT_ASSIGNABLE, two_ids, workspace_role};

/// The change would leave a workspace without an owner.
const LAST_OWNER: Problem = Problem::new(
    StatusCode::CONFLICT,
    "LAST_OWNER",
    "a workspace needs an owner: make somebody else an owner first",
);

/// Sets somebody's role in a workspace.
///
/// It changes those who are in it; others are invited. The last owner stays one.
#[utoipa::path(
    put, path = "/v1/workspaces/{workspace_id}/members/{user_id}", tag = "Workspaces",
    params(("workspace_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = MemberForm,
    responses(
        (status = 200, body = MemberView, headers(("ETag" = String))),
        (status = 409, description = "They are the last owner"),
    ),
)]
pub(super) async fn replace_member(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    Body(form): Body<MemberForm>,
) -> Result<Response, Problem> {
    let ids = two_ids(&ids)?;
    change(
        &api,
        &caller,
        ids,
        if_match.as_ref(),
        Some(form.role),
        &Once::default(),
    )
    .await
}

/// Changes somebody's role in a workspace.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/members/{user_id}", tag = "Workspaces",
    params(("workspace_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = MemberPatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, body = MemberView, headers(("ETag" = String))),
        (status = 409, description = "They are the last owner"),
    ),
)]
pub(super) async fn change_member(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<MemberPatch>,
) -> Result<Response, Problem> {
    let ids = two_ids(&ids)?;
    change(
        &api,
        &caller,
        ids,
        if_match.as_ref(),
        patch.role.into_option(),
        &once,
    )
    .await
}

async fn change(
    api: &Api,
    caller: &Caller,
    (id, user): (Uuid, Uuid),
    if_match: Option<&IfMatch>,
    role: Option<WorkspaceRole>,
    once: &Once,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let place = facts::workspace(&mut tx, &caller.0, id).await?;
    caller.require(Action::ManageMembers, &place.resource)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let before = tenant.member(user).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match, ETag(before.version))?;
    let from = workspace_role(&before.role);
    let to = role.filter(|to| *to != from);
    if let Some(to) = to {
        check_assignable(&place.resource, from, Some(to))?;
        keep_an_owner(&mut tenant, from).await?;
        let change = MemberChange {
            user_id: user,
            role: to.as_str(),
            now_ms,
        };
        tenant.put_member(change).await?;
    }
    let person = tenant.person(user).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(person.member.version)),
        body: MemberView::from(&person),
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    if to.is_some() {
        let (before, after) = (Some(from.as_str()), to.map(WorkspaceRole::as_str));
        let happened = Happened::to_member(Membership::Workspace, user, before, after);
        commit_rights(api, tx, place.workspace, caller, happened).await?;
    } else {
        tx.commit().await?;
    }
    Ok(answer)
}

/// Lets through who may change a member from one role to another, or (`None`) remove them.
pub(super) fn check_assignable(
    workspace: &Resource,
    from: WorkspaceRole,
    to: Option<WorkspaceRole>,
) -> Result<(), Problem> {
    let Resource::Workspace {
        role: Some(actor), ..
    } = workspace
    else {
        return Err(NOT_FOUND);
    };
    if may_assign(*actor, Some(from), to) {
        Ok(())
    } else {
        Err(ROLE_NOT_ASSIGNABLE)
    }
}

/// Lets somebody who has role `from` lose it, unless they are the last owner. Nobody else writes to the workspace
/// until the transaction ends, so what is counted here is still so when it commits.
pub(super) async fn keep_an_owner(tenant: &mut Tenant<'_>, from: WorkspaceRole) -> Result<(), Problem> {
    if from == WorkspaceRole::Owner && count_owners(tenant).await? <= 1 {
        return Err(LAST_OWNER);
    }
    Ok(())
}

async fn count_owners(tenant: &mut Tenant<'_>) -> Result<i64, RecordError> {
    tenant.count_members(WorkspaceRole::Owner.as_str()).await
}
