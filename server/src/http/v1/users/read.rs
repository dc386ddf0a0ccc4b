//! `GET /v1/users/{user_id}`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;
use weft_storage::records::Tx;

use super::shapes::{PublicUserView, UserView};
use crate::auth::permission::{Action, Resource, ServerRole, UserRelation, WorkspaceRole};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::workspace_role;

/// Reads an account.
///
/// People see colleagues: those with whom they share a workspace whose members they may list. Administrators see
/// everybody, and all of an account.
#[utoipa::path(
    get, path = "/v1/users/{user_id}", tag = "Users",
    params(("user_id" = Uuid, Path)),
    responses((status = 200, body = PublicUserView, headers(("ETag" = String)))),
)]
pub(super) async fn get_user(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let relation = relation(&mut tx, &caller, id).await?;
    caller.require(Action::ViewUser, &Resource::User(relation))?;
    let user = tx.user(id).await?.ok_or(NOT_FOUND)?;
    let sees_all = relation == UserRelation::Myself || is_admin(&caller);
    let etag = Some(ETag(user.version));
    Ok(if sees_all {
        let body = UserView::from(user);
        Found { etag, body }.into_response()
    } else {
        let body = PublicUserView::from(user);
        // The version would tell when something changed that they do not see.
        Found { etag: None, body }.into_response()
    })
}

/// Whether the caller administers accounts, with this credential.
fn is_admin(caller: &Caller) -> bool {
    let server = Resource::Server;
    caller.0.facts.server_role == ServerRole::Admin && caller.require(Action::ListUsers, &server).is_ok()
}

/// What an account is to the caller.
async fn relation(tx: &mut Tx, caller: &Caller, id: Uuid) -> Result<UserRelation, Problem> {
    let Some(me) = caller.0.user() else {
        return Ok(UserRelation::Stranger);
    };
    if me == id {
        return Ok(UserRelation::Myself);
    }
    let shared = tx.shared_workspaces(me, id).await?;
    // A credential for one workspace knows nobody from the others.
    let is_colleague = shared.iter().any(|(workspace, role)| {
        let is_open = caller.0.facts.confined_to.is_none_or(|only| only == workspace.0);
        is_open && workspace_role(role) >= WorkspaceRole::Member
    });
    Ok(if is_colleague {
        UserRelation::Colleague
    } else {
        UserRelation::Stranger
    })
}
