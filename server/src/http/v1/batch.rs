//! `POST /v1/batch`: several requests in one, for clients whose way to the server is long.

use std::collections::BTreeMap;

use axum::Extension;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::caller::{Caller, UNAUTHORIZED};
use crate::access::Subject;
use crate::http::Problem;
use crate::http::batch::{Dispatch, SubRequest};
use crate::http::rest::{Body, json, respond};

/// How many requests one may hold.
const MAX_REQUESTS: usize = 20;
/// How large their answers may be together, in bytes.
const MAX_ANSWERS_BYTES: usize = 4 * 1024 * 1024;
/// The longest path, in bytes.
const MAX_PATH_BYTES: usize = 2_048;
/// What a request may say in headers. Who asks is the same for all.
const HEADERS: [&str; 5] = [
    "accept",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
];
/// What of an answer's headers is told.
const TOLD: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    HeaderName::from_static("idempotency-replayed"),
];

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default().routes(routes!(run_batch))
}

/// Requests to run one after another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Batch)]
struct NewBatch {
    #[schema(min_items = 1, max_items = 20)]
    requests: Vec<BatchRequest>,
}

/// A request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BatchRequest {
    method: BatchMethod,
    /// A path under `/v1/`, with its query.
    #[schema(min_length = 5, max_length = 2_048, pattern = "^/v1/")]
    path: String,
    /// `accept`, `content-type`, `idempotency-key`, `if-match` and `if-none-match`, in small letters.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Its body, if it has one.
    body: Option<Value>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
enum BatchMethod {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What became of the requests, in their order.
#[derive(Debug, Serialize, ToSchema)]
struct BatchAnswers {
    #[schema(max_items = 20)]
    data: Vec<BatchAnswer>,
}

/// The answer to a request.
#[derive(Debug, Serialize, ToSchema)]
struct BatchAnswer {
    #[schema(minimum = 100, maximum = 599)]
    status: u16,
    /// `content-type`, `etag`, `location`, `retry-after` and `idempotency-replayed`, as far as they are there.
    headers: BTreeMap<String, String>,
    /// JSON as it is, other text as a string; null if there is none, or if it is left out.
    #[schema(required = true)]
    body: Option<Value>,
    /// Whether the body is left out: it is no text, or the answers together would be larger than 4 MiB.
    body_omitted: bool,
}

/// Runs up to 20 requests in order.
///
/// Each is counted, checked and answered as if it had come by itself; what one of them changed, later ones see. They are
/// not one transaction: a request that fails stops none of the others and undoes nothing. Keys for repeating belong to
/// the single requests. A batch cannot hold batches.
#[utoipa::path(
    post, path = "/v1/batch", tag = "Batch",
    request_body = NewBatch,
    responses((status = 200, body = BatchAnswers)),
)]
async fn run_batch(
    Caller(identity): Caller,
    dispatch: Option<Extension<Dispatch>>,
    Body(batch): Body<NewBatch>,
) -> Result<Response, Problem> {
    const NESTED: Problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "BATCH_IN_BATCH",
        "a batch cannot hold batches",
    );
    if identity.subject == Subject::Nobody {
        return Err(UNAUTHORIZED);
    }
    let Extension(dispatch) = dispatch.ok_or(NESTED)?;
    if !(1..=MAX_REQUESTS).contains(&batch.requests.len()) {
        return Err(json::invalid(
            "requests",
            "INVALID_LENGTH",
            "must be 1 to 20 requests",
        ));
    }
    // All of them are understood before the first one runs.
    let requests: Result<Vec<_>, _> = (0..)
        .zip(batch.requests)
        .map(|(at, part)| prepare(at, part))
        .collect();
    let mut budget = MAX_ANSWERS_BYTES;
    let mut data = Vec::new();
    for request in requests? {
        let answer = Box::pin(dispatch.run(request)).await;
        data.push(tell(answer, &mut budget).await);
    }
    Ok(respond::json(StatusCode::OK, &BatchAnswers { data }))
}

fn prepare(at: usize, part: BatchRequest) -> Result<SubRequest, Problem> {
    let refuse = |member: &str, message: &str| {
        json::invalid(&format!("requests[{at}].{member}"), "INVALID_VALUE", message)
    };
    let is_path = part.path.starts_with("/v1/") && part.path.len() <= MAX_PATH_BYTES;
    let uri = Uri::try_from(&part.path).ok().filter(|_| is_path);
    let uri = uri.ok_or_else(|| refuse("path", "must be a path that begins with /v1/"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in &part.headers {
        let known = HEADERS.iter().find(|known| **known == name.as_str());
        let (Some(name), Ok(value)) = (known, HeaderValue::from_str(value)) else {
            return Err(refuse(
                "headers",
                "hold one that is not taken here, or a value that is none",
            ));
        };
        headers.insert(HeaderName::from_static(name), value);
    }
    let body = match part.body {
        None => Bytes::new(),
        Some(body) => {
            headers
                .entry(header::CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("application/json"));
            body.to_string().into()
        }
    };
    Ok(SubRequest {
        method: match part.method {
            BatchMethod::Get => Method::GET,
            BatchMethod::Post => Method::POST,
            BatchMethod::Put => Method::PUT,
            BatchMethod::Patch => Method::PATCH,
            BatchMethod::Delete => Method::DELETE,
        },
        uri,
        headers,
        body,
    })
}

async fn tell(answer: Response, budget: &mut usize) -> BatchAnswer {
    let (parts, body) = answer.into_parts();
    let headers: BTreeMap<_, _> = TOLD
        .iter()
        .filter_map(|name| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        })
        .collect();
    let is_json = headers.get("content-type").is_some_and(|media_type| {
        let essence = media_type.split(';').next().unwrap_or_default();
        essence == "application/json" || essence.ends_with("+json")
    });
    let bytes = axum::body::to_bytes(body, *budget).await.ok();
    *budget -= bytes.as_ref().map_or(0, Bytes::len);
    let text = bytes.and_then(|bytes| String::from_utf8(bytes.into()).ok());
    let body = match &text {
        Some(text) if is_json => serde_json::from_str(text).ok(),
        Some(text) if !text.is_empty() => Some(Value::from(text.as_str())),
        _ => None,
    };
    BatchAnswer {
        status: parts.status.as_u16(),
        headers,
        body,
        body_omitted: text.is_none(),
    }
}
