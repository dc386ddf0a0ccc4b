//! The playground's defence against DNS rebinding: a page of a foreign name that resolves to this machine may not
//! talk to a server that asks nobody for a token.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Problem;

/// Lets requests through that name this machine as a loopback host.
pub(super) async fn require_loopback_host(request: Request, next: Next) -> Response {
    if host(request.headers()).is_some_and(is_loopback_host) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "HOST_NOT_ALLOWED",
        "the playground only answers to localhost, 127.0.0.1 and [::1]",
    )
    .into_response()
}

/// The `Host` of a request, if there is exactly one.
pub(super) fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

/// Whether `host` (with or without a port) can only be this machine.
pub(super) fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(address, _)| address),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
