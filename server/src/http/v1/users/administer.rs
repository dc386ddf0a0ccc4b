//! `PATCH` and `DELETE /v1/users/{user_id}`.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use weft_storage::WorkspaceId;
use weft_storage::records::UserStanding;

use super::me::{Profile, ProfilePatch, check_free};
use super::shapes::{UserRole, UserStatus, UserView};
use crate::auth::permission::{Action, Resource, UserRelation};
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{
    AnyCase, Change, Clearable, ETag, Found, Id, IfMatch, Line, MergePatch, NoContent, Once,
};
use crate::http::v1::Api;
use crate::http::v1::auth::Failure;
use crate::http::v1::caller::Caller;

/// What an account is to its administrators: seen, whoever it is.
const ANYBODY: Resource = Resource::User(UserRelation::Stranger);

/// What shall change of somebody's account.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct UserPatch {
    first_name: Change<Line<100>>,
    last_name: Change<Line<100>>,
    #[schema(value_type = Option<String>, min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$")]
    username: Clearable<Line<50>>,
    phone_number: Clearable<Line<30>>,
    role: Change<AnyCase<UserRole>>,
    /// `inactive` disables the account, and ends its sessions at once.
    status: Change<AnyCase<UserStatus>>,
}

/// Changes somebody's account.
///
/// For administrators.
#[utoipa::path(
    patch, path = "/v1/users/{user_id}", tag = "Users",
    params(("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = UserPatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, body = UserView, headers(("ETag" = String))),
        (status = 409, description = "Somebody has this username, or no administrator would be left"),
    ),
)]
pub(super) async fn change_user(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<UserPatch>,
) -> Result<Response, Failure> {
    caller.require(Action::AdministerUser, &ANYBODY)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    // Administrators take turns, so that two of them do not take the last one's role away together.
    tx.workspace(WorkspaceId::DEFAULT).await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let before = tx.user(id).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(before.version))?;
    let role = patch.role.into_option().map(|role| role.0.as_str());
    let status = patch.status.into_option().map(|status| status.0.as_str());
    let mut profile = Profile::of(&before).patched(ProfilePatch {
        first_name: patch.first_name,
        last_name: patch.last_name,
        username: patch.username,
        phone_number: patch.phone_number,
    })?;
    check_free(&mut tx, &before, profile.username()).await?;
    let standing = UserStanding {
        server_role: role.unwrap_or(&before.server_role),
        status: status.unwrap_or(&before.status),
    };
    api.accounts
        .administer(&mut tx, &before, profile.row(), standing)
        .await?;
    let after = tx.user(id).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(after.version)),
        body: UserView::from(after),
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    tx.commit().await?;
    api.changes.announce();
    Ok(answer)
}

/// Deletes somebody's account.
///
/// For administrators. What somebody wrote stays, without their name; workspaces that nobody else is in go into the
/// trash. The address can be used again.
#[utoipa::path(
    delete, path = "/v1/users/{user_id}", tag = "Users",
    params(("user_id" = Uuid, Path)),
    responses(
        (status = 204, description = "The account is gone"),
        (status = 409, description = "No administrator, or no owner of a workspace, would be left"),
    ),
)]
pub(super) async fn delete_user(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<NoContent, Failure> {
    caller.require(Action::AdministerUser, &ANYBODY)?;
    api.accounts.delete_account(id).await?;
    Ok(NoContent)
}
