//! `POST /v1/setup`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Failure;
use crate::accounts::{NewAccount, RegisterError};
use crate::http::rest::{Body, Created, ETag, Email, Line};
use crate::http::v1::Api;
use crate::http::v1::users::UserView;

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Setup {
    /// What the server printed when it was started.
    #[schema(min_length = 1, max_length = 256)]
    token: String,
    email: Email,
    #[schema(format = Password, min_length = 8, max_length = 256)]
    password: String,
    first_name: Line<100>,
    last_name: Line<100>,
}

/// Makes the first administrator.
///
/// Counts once, with the token that the server printed, and only while there is no administrator.
#[utoipa::path(
    post, path = "/v1/setup", tag = "Sessions", security(()),
    request_body = Setup,
    responses(
        (status = 201, body = UserView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "There is an account with this address"),
    ),
)]
pub(super) async fn set_up(
    State(api): State<Api>,
    Body(setup): Body<Setup>,
) -> Result<Created<UserView>, Failure> {
    let new = NewAccount {
        email: &setup.email.0,
        username: None,
        password: &setup.password,
        first_name: &setup.first_name,
        last_name: &setup.last_name,
    };
    let made = api.accounts.set_up(&setup.token, new).await;
    let user = made.map_err(|error| match error {
        RegisterError::Account(error) => Failure::about("token", error),
        other => other.into(),
    })?;
    Ok(Created {
        location: format!("/v1/users/{}", user.id),
        etag: Some(ETag(user.version)),
        body: user.into(),
    })
}
