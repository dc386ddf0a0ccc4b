//! Credentials in addresses: refused before anything else looks at the request, because addresses end up in logs and
//! histories. Whoever sent one hears that it is to be replaced.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::auth::tokens::api_key::ApiKey;
use crate::http::Problem;

const CREDENTIAL_IN_ADDRESS: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "CREDENTIAL_IN_ADDRESS",
    "an API key stands in the address, where logs keep it: revoke it, and send keys in the Authorization header",
);

/// Refuses requests with an API key in their address.
pub(super) async fn refuse(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let has_key = form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| ApiKey::is_one(&value) || ApiKey::is_one(&name));
    if has_key {
        return CREDENTIAL_IN_ADDRESS.into_response();
    }
    next.run(request).await
}
