//! What every answer has in common: headers that keep browsers strict, and an answer even if a handler panics.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;

use super::{Problem, is_api};

const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
     style-src 'self' 'unsafe-inline'; font-src 'self' data:; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";
/// Two years, for this name and those below it.
const TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");

/// Whether browsers reach this server by https, and shall never do otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// They do.
    Secure,
    /// They may, or may not.
    Any,
}

impl Transport {
    /// As the server's public address says.
    pub(super) fn of(public_url: &str) -> Self {
        if public_url.starts_with("https://") {
            Self::Secure
        } else {
            Self::Any
        }
    }
}

/// Headers that keep browsers strict, and caches from keeping what the API answers.
pub(super) async fn security_headers(
    State(transport): State<Transport>,
    request: Request,
    next: Next,
) -> Response {
    let is_api = is_api(request.uri().path());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        // A page that says itself how strict it is knows better.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if transport == Transport::Secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TRANSPORT_SECURITY);
    }
    if is_api && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Answers for a handler that panicked. What it said stands in the log alone.
pub(super) async fn survive(request: Request, next: Next) -> Response {
    let running = AssertUnwindSafe(next.run(request)).catch_unwind();
    running
        .await
        .unwrap_or_else(|_| Problem::INTERNAL.into_response())
}

/// Refuses requests that say their length twice in different ways, and reuses no connection after one whose length a
/// proxy may have understood differently: what follows it might be somebody else's request, or none (RFC 9112, 6.1).
pub(super) async fn one_length(request: Request, next: Next) -> Response {
    const TWO_LENGTHS: Problem = Problem::new(
        StatusCode::BAD_REQUEST,
        "AMBIGUOUS_LENGTH",
        "a request has either Content-Length or Transfer-Encoding",
    );
    let headers = request.headers();
    if !headers.contains_key(header::TRANSFER_ENCODING) {
        return next.run(request).await;
    }
    let mut response = if headers.contains_key(header::CONTENT_LENGTH) {
        TWO_LENGTHS.into_response()
    } else {
        next.run(request).await
    };
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

/// Makes problems of refusals that libraries word as plain text.
pub(super) async fn only_problems(request: Request, next: Next) -> Response {
    let is_api = is_api(request.uri().path());
    let response = next.run(request).await;
    let status = response.status();
    let is_failure = status.is_client_error() || status.is_server_error();
    let media_type = response.headers().get(header::CONTENT_TYPE);
    let is_text = media_type.is_none_or(|media_type| media_type.as_bytes().starts_with(b"text/plain"));
    if !(is_api && is_failure && is_text) {
        return response;
    }
    let (code, message) = match status {
        StatusCode::UPGRADE_REQUIRED => ("UPGRADE_REQUIRED", "this address is for WebSockets alone"),
        _ if status.is_server_error() => ("INTERNAL", "something went wrong here; it was noted"),
        _ => ("BAD_REQUEST", "the request cannot be understood"),
    };
    let mut problem = Problem::new(status, code, message).into_response();
    let headers = response
        .headers()
        .iter()
        .filter(|(name, _)| !matches!(**name, header::CONTENT_TYPE | header::CONTENT_LENGTH));
    for (name, value) in headers {
        problem.headers_mut().append(name, value.clone());
    }
    problem
}
