//! `POST /v1/users/register`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shapes::{UserView, check_username};
use crate::accounts::NewAccount;
use crate::http::rest::{Body, Created, ETag, Email, Line};
use crate::http::v1::Api;
use crate::http::v1::auth::Failure;

/// Somebody who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    email: Email,
    #[schema(format = Password, min_length = 8, max_length = 256)]
    password: String,
    first_name: Line<100>,
    last_name: Line<100>,
    /// A name that others may find the account by.
    #[schema(min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$")]
    username: Option<String>,
}

/// Makes an account.
///
/// Also makes a workspace of its own for it, and sends a mail to its address. Until the address is verified the account
/// can look after itself, and nothing else.
#[utoipa::path(
    post, path = "/v1/users/register", tag = "Users", security(()),
    request_body = Registration,
    responses(
        (status = 201, body = UserView, headers(("ETag" = String), ("Location" = String))),
        (status = 403, description = "Not everybody may register here"),
        (status = 409, description = "There is an account with this address or name"),
    ),
)]
pub(super) async fn register_user(
    State(api): State<Api>,
    Body(registration): Body<Registration>,
) -> Result<Created<UserView>, Failure> {
    if let Some(username) = &registration.username {
        check_username(username)?;
    }
    let user = api
        .accounts
        .register(NewAccount {
            email: &registration.email.0,
            username: registration.username.as_deref(),
            password: &registration.password,
            first_name: &registration.first_name,
            last_name: &registration.last_name,
        })
        .await?;
    Ok(Created {
        location: format!("/v1/users/{}", user.id),
        etag: Some(ETag(user.version)),
        body: user.into(),
    })
}
