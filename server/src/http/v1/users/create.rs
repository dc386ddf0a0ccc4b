//! `POST /v1/users`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shapes::{UserRole, UserView, check_username};
use crate::accounts::NewAccount;
use crate::auth::permission::{Action, Resource};
use crate::http::rest::{AnyCase, Body, Created, ETag, Email, Line};
use crate::http::v1::Api;
use crate::http::v1::auth::{Failure, FromClient};
use crate::http::v1::caller::Caller;

/// An account for somebody else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser)]
pub(super) struct NewUserForm {
    email: Email,
    first_name: Line<100>,
    last_name: Line<100>,
    #[schema(min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$")]
    username: Option<String>,
    /// Without one, a mail brings them to set one.
    #[schema(format = Password, min_length = 8, max_length = 256)]
    password: Option<String>,
    /// `user` if it is left out.
    role: Option<AnyCase<UserRole>>,
}

/// Makes an account for somebody.
///
/// For administrators, and for API keys of theirs with the scope `user:create`.
#[utoipa::path(
    post, path = "/v1/users", tag = "Users",
    request_body = NewUserForm,
    responses(
        (status = 201, body = UserView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "There is an account with this address or name"),
    ),
)]
pub(super) async fn create_user(
    State(api): State<Api>,
    caller: Caller,
    FromClient(client): FromClient,
    Body(form): Body<NewUserForm>,
) -> Result<Created<UserView>, Failure> {
    caller.require(Action::CreateUser, &Resource::Server)?;
    form.username.as_deref().map_or(Ok(()), check_username)?;
    let is_admin = form.role.is_some_and(|role| role.0 == UserRole::Admin);
    if is_admin {
        // Who may make accounts does not therefore make administrators.
        caller.require(Action::ListUsers, &Resource::Server)?;
    }
    let new = NewAccount {
        email: &form.email.0,
        username: form.username.as_deref(),
        password: form.password.as_deref().unwrap_or_default(),
        first_name: &form.first_name,
        last_name: &form.last_name,
    };
    let user = api.accounts.create_for(new, is_admin, &client).await?;
    Ok(Created {
        location: format!("/v1/users/{}", user.id),
        etag: Some(ETag(user.version)),
        body: user.into(),
    })
}
