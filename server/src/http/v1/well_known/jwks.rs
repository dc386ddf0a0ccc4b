//! `GET /.well-known/jwks.json`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::v1::Api;

/// The public keys with which this server's tokens are verified (RFC 7517).
#[derive(Serialize, ToSchema)]
#[schema(as = KeySet)]
pub(super) struct KeySetView {
    #[schema(max_items = 16)]
    keys: Vec<KeyView>,
}

/// A public key (RFC 8037).
#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
pub(super) struct KeyView {
    #[schema(max_length = 10)]
    kty: String,
    #[schema(max_length = 20)]
    crv: String,
    #[serde(rename = "use")]
    #[schema(max_length = 10)]
    usage: String,
    #[schema(max_length = 20)]
    alg: String,
    #[schema(max_length = 100)]
    kid: String,
    #[schema(max_length = 100)]
    x: String,
}

/// Reads the public keys of this server.
///
/// A key is here before it signs anything, for at least as long as `Cache-Control` lets anybody keep the answer.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "Sessions", security(()),
    responses((status = 200, body = KeySetView, headers(("Cache-Control" = String)))),
)]
pub(super) async fn get_jwks(State(api): State<Api>) -> Response {
    let keyring = api.accounts.keyring();
    let mut response = Json(keyring.jwks()).into_response();
    let value = format!("public, max-age={}", keyring.keys().cache_seconds());
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}
