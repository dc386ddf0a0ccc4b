//! Errors as `application/problem+json` (RFC 9457), with the members `code`, `message` and `details` beside its own.
//!
//! Texts are constant: nothing of a request or of the inside of the server is repeated in them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A failure as clients see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// The stable name for machines, `UPPER_SNAKE`.
    pub code: &'static str,
    /// One sentence for people.
    pub message: &'static str,
    /// What is wrong where in the request.
    pub details: Vec<Detail>,
    /// The names of the limits that a request is over.
    violated_policies: Vec<&'static str>,
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Detail {
    /// Where, as a path into the request.
    pub field: String,
    /// The stable name for machines, `UPPER_SNAKE`.
    pub code: &'static str,
    /// The rule, for people. It never repeats the request.
    pub message: String,
}

impl Problem {
    /// Something is wrong with the server. What it is stands in the log alone.
    pub const INTERNAL: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "INTERNAL",
        "something went wrong here; it was noted",
    );

    /// A problem with these members.
    pub const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
            details: Vec::new(),
            violated_policies: Vec::new(),
        }
    }

    /// The same problem, as one of the limits with these names.
    #[must_use]
    pub fn violating(mut self, policies: Vec<&'static str>) -> Self {
        self.violated_policies = policies;
        self
    }

    /// The same problem, with one thing that is wrong.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.details.push(detail);
        self
    }

    /// The whole answer.
    pub(super) fn render(&self, instance: Option<&str>) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.message,
            "code": self.code,
            "message": self.message,
            "details": self.details,
        });
        if let Some(instance) = instance {
            body["instance"] = instance.into();
        }
        if !self.violated_policies.is_empty() {
            body["type"] = "https://iana.org/assignments/http-problem-types#quota-exceeded".into();
            body["violated-policies"] = self.violated_policies.clone().into();
        }
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.render(None);
        // The outermost layer knows the request's id and writes the answer again with it.
        response.extensions_mut().insert(self);
        response
    }
}

/// No such path.
pub const NOT_FOUND: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "NOT_FOUND",
    "there is nothing at this address",
);

/// The path exists, but not for this method.
pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "this address does not take this method",
    )
}
