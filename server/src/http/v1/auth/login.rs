//! `POST /v1/users/login`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Failure, FromClient, TokensView};
use crate::http::rest::{Body, Found};
use crate::http::v1::Api;

/// An address and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    #[schema(format = Email, min_length = 3, max_length = 254)]
    email: String,
    #[schema(format = Password, min_length = 1, max_length = 256)]
    password: String,
}

/// Logs in.
///
/// Begins a session. The access token lives for minutes; the refresh token gets the next pair.
#[utoipa::path(
    post, path = "/v1/users/login", tag = "Sessions", security(()),
    request_body = Login,
    responses(
        (status = 200, body = TokensView),
        (status = 401, description = "The address or the password is wrong"),
        (status = 403, description = "The account is disabled"),
    ),
)]
pub(super) async fn log_in(
    State(api): State<Api>,
    FromClient(client): FromClient,
    Body(login): Body<Login>,
) -> Result<Found<TokensView>, Failure> {
    let logged_in = api.accounts.login(&login.email, &login.password, &client).await?;
    Ok(Found {
        etag: None,
        body: logged_in.into(),
    })
}
