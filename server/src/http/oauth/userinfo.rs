//! `/oauth/userinfo`: who somebody is, as far as the application may know.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer::{Failure, json};
use super::token::{full_name, verified_email};
use crate::auth::permission::Scope;
use crate::http::Problem;
use crate::http::v1::{Api, Caller};

const INSUFFICIENT_SCOPE: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "INSUFFICIENT_SCOPE",
    "this token was not granted openid",
);
const INVALID_TOKEN: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "UNAUTHORIZED",
    "a valid token is required: send it as `Authorization: Bearer …`",
);

/// Somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserInfo)]
pub(super) struct UserInfo {
    /// Who: the same as in their id tokens.
    sub: Uuid,
    /// With the scope `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300, nullable = false)]
    name: Option<String>,
    /// With the scope `email`, if it is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Email, nullable = false)]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email_verified: Option<bool>,
}

/// Says who the token speaks for.
#[utoipa::path(
    get, path = "/oauth/userinfo", tag = "OAuth", operation_id = "get_oauth_userinfo",
    responses((status = 200, body = UserInfo)),
)]
pub(super) async fn get_oauth_userinfo(
    State(api): State<Api>,
    caller: Result<Caller, Problem>,
) -> Result<Response, Response> {
    userinfo(&api, caller).await.map_err(challenge)
}

/// Says who the token speaks for, to those who ask by POST.
#[utoipa::path(
    post, path = "/oauth/userinfo", tag = "OAuth", operation_id = "post_oauth_userinfo",
    responses((status = 200, body = UserInfo)),
)]
pub(super) async fn post_oauth_userinfo(
    State(api): State<Api>,
    caller: Result<Caller, Problem>,
) -> Result<Response, Response> {
    userinfo(&api, caller).await.map_err(challenge)
}

async fn userinfo(api: &Api, caller: Result<Caller, Problem>) -> Result<Response, Failure> {
    let caller = caller?;
    let user = caller.user()?;
    let scopes = caller.0.facts.scopes;
    if !scopes.names(Scope::OpenId) {
        return Err(INSUFFICIENT_SCOPE.into());
    }
    let mut tx = api.records.read().await?;
    let user = tx.user(user).await?.ok_or(INVALID_TOKEN)?;
    let email = verified_email(&user).filter(|_| scopes.names(Scope::Email));
    let info = UserInfo {
        sub: user.id,
        name: Some(full_name(&user)).filter(|_| scopes.names(Scope::Profile)),
        email_verified: email.as_ref().map(|_| true),
        email,
    };
    Ok(json(StatusCode::OK, &info))
}

/// Says in the way of RFC 6750 what is wrong with the token.
fn challenge(failure: Failure) -> Response {
    let mut response = failure.into_response();
    let challenge = match response.status() {
        StatusCode::UNAUTHORIZED => "Bearer error=\"invalid_token\"",
        StatusCode::FORBIDDEN => "Bearer error=\"insufficient_scope\", scope=\"openid\"",
        _ => return response,
    };
    let challenge = HeaderValue::from_static(challenge);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}
