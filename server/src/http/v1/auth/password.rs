//! `POST /v1/auth/password/forgot`, `…/reset`, `…/change`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Failure, FromClient};
use crate::auth::permission::{Action, Resource, UserRelation};
use crate::http::rest::{Body, Email, NoContent};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Whose password is forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForgottenPassword {
    email: Email,
}

/// Sends a mail with which somebody sets a new password.
///
/// The answer is the same whether or not there is an account with this address.
#[utoipa::path(
    post, path = "/v1/auth/password/forgot", tag = "Sessions", security(()),
    request_body = ForgottenPassword,
    responses((status = 204, description = "If there is such an account, a mail will be sent")),
)]
pub(super) async fn forgot_password(
    State(api): State<Api>,
    FromClient(client): FromClient,
    Body(forgotten): Body<ForgottenPassword>,
) -> Result<NoContent, Failure> {
    api.accounts.forgot_password(&forgotten.email.0, &client).await?;
    Ok(NoContent)
}

/// The code out of a mail, and a new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordReset {
    #[schema(min_length = 1, max_length = 256)]
    token: String,
    #[schema(format = Password, min_length = 8, max_length = 256)]
    password: String,
}

/// Sets a new password with the code that was sent.
///
/// The code counts once and for ten minutes. All sessions of the account end.
#[utoipa::path(
    post, path = "/v1/auth/password/reset", tag = "Sessions", security(()),
    request_body = PasswordReset,
    responses((status = 204, description = "The new password counts")),
)]
pub(super) async fn reset_password(
    State(api): State<Api>,
    FromClient(client): FromClient,
    Body(reset): Body<PasswordReset>,
) -> Result<NoContent, Failure> {
    api.accounts
        .reset_password(&reset.token, &reset.password, &client)
        .await
        .map_err(|error| Failure::about("token", error))?;
    Ok(NoContent)
}

/// The password as it is, and as it shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    #[schema(format = Password, min_length = 1, max_length = 256)]
    current_password: String,
    #[schema(format = Password, min_length = 8, max_length = 256)]
    password: String,
}

/// Changes the caller's password.
///
/// Their other sessions end.
#[utoipa::path(
    post, path = "/v1/auth/password/change", tag = "Sessions",
    request_body = PasswordChange,
    responses((status = 204, description = "The new password counts")),
)]
pub(super) async fn change_password(
    State(api): State<Api>,
    caller: Caller,
    FromClient(client): FromClient,
    Body(change): Body<PasswordChange>,
) -> Result<NoContent, Failure> {
    let user = caller.user()?;
    caller.require(Action::UpdateUser, &Resource::User(UserRelation::Myself))?;
    let who = (user, caller.0.basis.session);
    api.accounts
        .change_password(who, &change.current_password, &change.password, &client)
        .await
        .map_err(|error| Failure::about("current_password", error))?;
    Ok(NoContent)
}
