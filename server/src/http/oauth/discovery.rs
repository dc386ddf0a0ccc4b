//! What applications read to find their way.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::auth::oauth::{authorization_server_metadata, openid_configuration};
use crate::http::v1::Api;

/// Clients may keep it for five minutes.
const CACHING: &str = "public, max-age=300";

/// Describes the OpenID provider.
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "OAuth", operation_id = "get_openid_configuration",
    security(()),
    responses((status = 200, body = Object)),
)]
pub(super) async fn get_openid_configuration(State(api): State<Api>) -> Response {
    answer(openid_configuration(
        &api.accounts.access_tokens().settings().issuer,
    ))
}

/// Describes the authorization server (RFC 8414).
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "OAuth",
    operation_id = "get_authorization_server_metadata",
    security(()),
    responses((status = 200, body = Object)),
)]
pub(super) async fn get_authorization_server_metadata(State(api): State<Api>) -> Response {
    answer(authorization_server_metadata(
        &api.accounts.access_tokens().settings().issuer,
    ))
}

/// Public, whatever page asks.
fn answer(metadata: Value) -> Response {
    let mut response = (StatusCode::OK, axum::Json(metadata)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, CACHING),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
