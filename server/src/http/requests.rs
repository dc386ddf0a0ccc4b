//! The id of a request, its line in the log, and its place in a trace.
//!
//! The log line never holds a query string, since tokens travel there, nor any header but the ids.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::Instrument as _;
use uuid::Uuid;

use super::Problem;
use crate::metrics::Metrics;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The longest id that is taken from a client, in characters.
const MAX_ID_CHARS: usize = 128;

/// The id of a request: an extension of it, the header `x-request-id` of its answer, and in every log line about it.
/// The client's if it sent a good one, else a new one. It names the request and proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

impl RequestId {
    fn of(headers: &HeaderMap) -> Self {
        let mut ids = headers.get_all(REQUEST_ID).iter();
        let id = match (ids.next().and_then(|id| id.to_str().ok()), ids.next()) {
            (Some(id), None) if is_safe(id) => id.into(),
            _ => Uuid::now_v7().to_string().into(),
        };
        Self(id)
    }

    /// As the URN of a problem's `instance`.
    pub(super) fn urn(&self) -> String {
        if Uuid::try_parse(&self.0).is_ok() {
            format!("urn:uuid:{}", self.0)
        } else {
            format!("urn:weft:request:{}", self.0)
        }
    }
}

/// Whether a client's id can stand in a header, a URN and a log line without meaning anything there.
fn is_safe(id: &str) -> bool {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~+=@".contains(&byte);
    (1..=MAX_ID_CHARS).contains(&id.len()) && id.bytes().all(is_safe)
}

/// The trace that a request is part of (W3C Trace Context), if its header is good.
fn trace_of(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(TRACEPARENT)?.to_str().ok()?;
    let mut parts = value.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == length && text.bytes().all(is_digit)
    };
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let good = is_hex(version, 2)
        && version != "ff"
        && (version != "00" || parts.next().is_none())
        && is_hex(trace, 32)
        && !is_zero(trace)
        && is_hex(parent, 16)
        && !is_zero(parent)
        && is_hex(flags, 2);
    good.then_some(trace)
}

/// Gives a request its id, logs it when it is answered, and puts the id into problems.
pub(super) async fn follow(
    State(metrics): State<Arc<Metrics>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(request.headers());
    let span = match trace_of(request.headers()) {
        Some(trace) => tracing::info_span!("http", request.id = &*id.0, trace.id = trace),
        None => tracing::info_span!("http", request.id = &*id.0),
    };
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(problem) = response.extensions().get::<Problem>().cloned() {
        let rendered = problem.render(Some(&id.urn()));
        let headers = std::mem::take(response.headers_mut());
        response = with_headers(rendered, headers);
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    metrics.http_requests.with(class_of(status)).add(1);
    let ms = began.elapsed().as_millis();
    let method = method.as_str();
    span.in_scope(|| {
        if path == "/healthz" || path == "/readyz" {
            tracing::debug!(method, path, status, ms, "request");
        } else {
            tracing::info!(method, path, status, ms, "request");
        }
    });
    response
}

/// Keeps headers that inner layers set, apart from those of the body that was replaced.
fn with_headers(mut rendered: Response, headers: HeaderMap) -> Response {
    let own: Vec<_> = rendered.headers().keys().cloned().collect();
    for (name, value) in &headers {
        if *name != header::CONTENT_LENGTH && !own.contains(name) {
            rendered.headers_mut().append(name, value.clone());
        }
    }
    rendered
}

fn class_of(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_clients_are_taken_if_they_can_mean_nothing_else() {
        let taken = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(REQUEST_ID, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            values.first() == Some(&&*RequestId::of(&headers).0)
        };
        let longest = "a".repeat(128);
        for good in [
            "a",
            "0193e5a0-0000-7000-8000-00000000000a",
            "job:7@host",
            &longest,
        ] {
            assert!(taken(&[good]), "{good}");
        }
        let too_long = "a".repeat(129);
        for bad in [
            "", "a b", "a\tb", "ä", "a\"b", "<a>", "a%0Ab", "a;b", "{}", &too_long,
        ] {
            assert!(!taken(&[bad]), "{bad}");
        }
        assert!(!taken(&["a", "b"]));
    }

    #[test]
    fn traces_are_those_of_the_standard() {
        let trace = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(TRACEPARENT, value.parse().unwrap());
            trace_of(&headers).map(str::to_owned)
        };
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = "00f067aa0ba902b7";
        assert_eq!(trace(&format!("00-{id}-{parent}-01")).as_deref(), Some(id));
        assert_eq!(trace(&format!("cc-{id}-{parent}-01-later")).as_deref(), Some(id));
        for bad in [
            String::new(),
            format!("ff-{id}-{parent}-01"),
            format!("00-{id}-{parent}-01-more"),
            format!("00-{}-{parent}-01", id.to_uppercase()),
            format!("00-{}-{parent}-01", "0".repeat(32)),
            format!("00-{id}-{}-01", "0".repeat(16)),
            format!("00-{id}-{parent}"),
            format!("00-{id}x-{parent}-01"),
        ] {
            assert_eq!(trace(&bad), None, "{bad}");
        }
    }
}
