//! `POST /v1/auth/logout`.

use axum::extract::State;

use super::Failure;
use crate::auth::permission::{Action, Resource, UserRelation};
use crate::http::rest::NoContent;
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Logs out.
///
/// Ends the session that the access token belongs to: its tokens count no more, and sockets that it opened close. API
/// keys belong to no session, so they stay.
#[utoipa::path(
    post, path = "/v1/auth/logout", tag = "Sessions",
    responses((status = 204, description = "The session has ended")),
)]
pub(super) async fn log_out(State(api): State<Api>, caller: Caller) -> Result<NoContent, Failure> {
    let user = caller.user()?;
    caller.require(Action::UpdateUser, &Resource::User(UserRelation::Myself))?;
    if let Some(session) = caller.0.basis.session {
        api.accounts.end_session(user, session, "logged out").await?;
    }
    Ok(NoContent)
}
