//! `POST /v1/auth/email/verify`, `…/resend`, `…/change`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Failure, FromClient};
use crate::auth::permission::{Action, Resource, UserRelation};
use crate::http::rest::{Body, Email, Found, NoContent};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::users::UserView;

/// The code out of a mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailVerification {
    #[schema(min_length = 1, max_length = 256)]
    token: String,
}

/// Verifies an address with the code that was sent to it.
#[utoipa::path(
    post, path = "/v1/auth/email/verify", tag = "Sessions", security(()),
    request_body = EmailVerification,
    responses((status = 200, body = UserView)),
)]
pub(super) async fn verify_email(
    State(api): State<Api>,
    Body(verification): Body<EmailVerification>,
) -> Result<Found<UserView>, Failure> {
    let verified = api.accounts.verify_email(&verification.token).await;
    let user = verified.map_err(|error| Failure::about("token", error))?;
    Ok(Found {
        etag: None,
        body: user.into(),
    })
}

/// Sends the caller another code for their address.
///
/// Earlier codes count no more. If the address is verified already, nothing is sent.
#[utoipa::path(
    post, path = "/v1/auth/email/resend", tag = "Sessions",
    responses((status = 204, description = "It will be sent if it is needed")),
)]
pub(super) async fn resend_verification(
    State(api): State<Api>,
    caller: Caller,
    FromClient(client): FromClient,
) -> Result<NoContent, Failure> {
    let user = caller.user()?;
    caller.require(Action::UpdateUser, &Resource::User(UserRelation::Myself))?;
    api.accounts.resend_verification(user, &client).await?;
    Ok(NoContent)
}

/// Another address for an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailChange {
    email: Email,
    /// The account's password.
    #[schema(format = Password, min_length = 1, max_length = 256)]
    password: String,
}

/// Asks for another address for the caller's account.
///
/// The new address gets a code; the account has it when the code is verified. The answer does not tell whether another
/// account has the address.
#[utoipa::path(
    post, path = "/v1/auth/email/change", tag = "Sessions",
    request_body = EmailChange,
    responses((status = 204, description = "A mail will be sent to the new address")),
)]
pub(super) async fn change_email(
    State(api): State<Api>,
    caller: Caller,
    FromClient(client): FromClient,
    Body(change): Body<EmailChange>,
) -> Result<NoContent, Failure> {
    let user = caller.user()?;
    caller.require(Action::UpdateUser, &Resource::User(UserRelation::Myself))?;
    api.accounts
        .change_email(user, &change.password, &change.email.0, &client)
        .await
        .map_err(|error| Failure::about("password", error))?;
    Ok(NoContent)
}
