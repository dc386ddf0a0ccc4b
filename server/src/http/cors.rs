//! Which pages of other origins may use the API: those that are listed, each spelled out.
//!
//! Invariant: credentials that browsers add by themselves are never allowed across origins, and a change that comes with
//! a cookie from a page that is not allowed is refused before anything looks at it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{OriginPolicy, is_api};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, accept, if-match, if-none-match, idempotency-key, x-request-id, traceparent",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "etag, location, retry-after, ratelimit, ratelimit-policy, x-ratelimit-limit, x-ratelimit-remaining, \
     x-ratelimit-reset, x-request-id, idempotency-replayed, content-disposition",
);
/// How long browsers may remember what a preflight said, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Answers preflights, and marks answers that pages of the request's origin may read.
pub(super) async fn share(State(policy): State<Arc<OriginPolicy>>, request: Request, next: Next) -> Response {
    if !is_api(request.uri().path()) {
        return next.run(request).await;
    }
    let checked = policy.check(request.headers());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = match (&checked, is_preflight(&request)) {
        (Ok(()), true) => preflight(),
        (Err(problem), true) => problem.clone().into_response(),
        (Err(problem), false) if is_change(request.method()) && brings_cookies(request.headers()) => {
            problem.clone().into_response()
        }
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let (Ok(()), Some(origin)) = (checked, origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let answer: [(HeaderName, HeaderValue); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, answer).into_response()
}

fn is_change(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn brings_cookies(headers: &HeaderMap) -> bool {
    headers.contains_key(header::COOKIE)
}
