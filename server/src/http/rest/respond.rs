//! Answers. All of them may hold what only their reader may see, so no cache keeps them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::etag::{ETag, IfNoneMatch};

/// 201: what was made, where it is, and at which version.
#[derive(Debug, Clone)]
pub struct Created<V> {
    /// Its address, such as `/v1/teams/…`: ASCII without spaces.
    pub location: String,
    /// Its version.
    pub etag: Option<ETag>,
    /// As a read would show it.
    pub body: V,
}

impl<V: Serialize> IntoResponse for Created<V> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::CREATED, &self.body);
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        tag(&mut response, self.etag);
        response
    }
}

/// 200: a resource, and its version if it has one.
#[derive(Debug, Clone)]
pub struct Found<V> {
    /// Its version.
    pub etag: Option<ETag>,
    /// As clients see it.
    pub body: V,
}

impl<V: Serialize> Found<V> {
    /// 304 if the client has this version already.
    pub fn unless(self, known: &IfNoneMatch) -> Response {
        match self.etag {
            Some(etag) if known.has(etag) => {
                let mut response = StatusCode::NOT_MODIFIED.into_response();
                never_kept(&mut response);
                tag(&mut response, Some(etag));
                response
            }
            _ => self.into_response(),
        }
    }
}

impl<V: Serialize> IntoResponse for Found<V> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::OK, &self.body);
        tag(&mut response, self.etag);
        response
    }
}

/// 204.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        never_kept(&mut response);
        response
    }
}

/// `body` as JSON that no cache keeps.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, axum::Json(body)).into_response();
    never_kept(&mut response);
    response
}

fn never_kept(response: &mut Response) {
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
}

fn tag(response: &mut Response, etag: Option<ETag>) {
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag.value());
    }
}
