//! `GET /v1/users/me`.

use axum::extract::State;
use axum::response::Response;

use super::shapes::UserView;
use crate::auth::permission::{Action, Resource, UserRelation};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, IfNoneMatch};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Reads the caller's own account.
#[utoipa::path(
    get, path = "/v1/users/me", tag = "Users",
    responses((status = 200, body = UserView, headers(("ETag" = String)))),
)]
pub(super) async fn get_me(
    State(api): State<Api>,
    caller: Caller,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let id = caller.user()?;
    caller.require(Action::ViewUser, &Resource::User(UserRelation::Myself))?;
    let mut tx = api.records.read().await?;
    let user = tx.user(id).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(user.version)),
        body: UserView::from(user),
    };
    Ok(found.unless(&known))
}
