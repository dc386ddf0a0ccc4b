//! `Idempotency-Key`: a request that is sent again has its effect once and its answer twice.
//!
//! Invariant: the answer commits in the transaction of the effect, so whatever happens between the commit and the
//! reply, a retry finds it. A handler that takes [`Once`] does four things, in this order:
//!
//! ```text
//! let mut tx = api.records.write().await?;
//! if let Some(answer) = once.begin(&mut tx, &caller).await? { return Ok(answer); }  // dropping tx undoes nothing
//! …                                                                              // the effect, all of it in tx
//! let answer = once.finish(&mut tx, Created { … }).await?;
//! tx.commit().await?;
//! Ok(answer)
//! ```
//!
//! Without the header both steps do nothing. Requests that fail are undone, their key with them; a retry runs again.
//! Two requests with one key at the same time: the second waits for the first and gets its answer.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use weft_storage::records::{AnswerKey, Claim, StoredAnswer, Tx};

use super::read;
use crate::access::{Identity, Subject};
use crate::http::Problem;

/// The longest key, in characters.
const MAX_KEY_CHARS: usize = 255;
/// How long an answer is given again, in milliseconds.
const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;
/// The largest body of an answer that can be given again, in bytes.
pub const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// The largest body of a request with a key, in bytes: its hash is needed before it runs.
const MAX_REQUEST_BYTES: usize = 32 * 1024 * 1024;
/// The headers that belong to an answer.
const KEPT_HEADERS: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::LOCATION,
    header::ETAG,
    header::CACHE_CONTROL,
];

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

const INVALID_KEY: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "INVALID_IDEMPOTENCY_KEY",
    "Idempotency-Key holds 1 to 255 visible characters, once",
);
const KEY_REUSED: Problem = Problem::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "IDEMPOTENCY_KEY_REUSED",
    "this Idempotency-Key was used for another request",
);

/// What a handler needs to have its effect once; see the module. Without `Idempotency-Key` it does nothing.
#[derive(Debug, Clone, Default)]
pub struct Once(Option<Keyed>);

#[derive(Debug, Clone)]
struct Keyed {
    /// Method, path and the client's key.
    key: String,
    fingerprint: [u8; 32],
}

/// Reads the key of a request, and its body, of which it keeps the hash.
pub async fn read_key(request: Request, next: Next) -> Response {
    match prepare(request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn prepare(request: Request) -> Result<Request, Problem> {
    let takes_keys = matches!(*request.method(), Method::POST | Method::PATCH);
    if !takes_keys || !request.headers().contains_key(KEY) {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let mut keys = parts.headers.get_all(KEY).iter();
    let key = match (keys.next().and_then(|key| key.to_str().ok()), keys.next()) {
        (Some(key), None) => key.trim(),
        _ => return Err(INVALID_KEY),
    };
    let is_good = (1..=MAX_KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_good {
        return Err(INVALID_KEY);
    }
    let bytes = read::read(body, MAX_REQUEST_BYTES).await?;
    let mut hash = Sha256::new();
    for part in [
        parts.uri.query().unwrap_or_default().as_bytes(),
        parts
            .headers
            .get(header::CONTENT_TYPE)
            .map_or(&[], |value| value.as_bytes()),
        parts
            .headers
            .get(header::IF_MATCH)
            .map_or(&[], |value| value.as_bytes()),
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(&bytes);
    let once = Once(Some(Keyed {
        key: format!("{} {} {key}", parts.method, parts.uri.path()),
        fingerprint: hash.finalize().into(),
    }));
    parts.extensions.insert(once);
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

impl<S: Send + Sync> FromRequestParts<S> for Once {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

impl Once {
    /// Whether the request came with a key.
    pub fn is_keyed(&self) -> bool {
        self.0.is_some()
    }

    /// The id of the `index`-th thing that this request makes, if it came with a key: the same whenever `who` sends it
    /// again. Effects that no transaction of records can hold are found by it.
    pub fn id(&self, who: &Identity, index: u32) -> Option<Uuid> {
        let request = self.0.as_ref()?;
        let mut hash = Sha256::new();
        for part in [name(&who.subject).as_bytes(), request.key.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(index.to_be_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Some(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Claims the key for `who`. If the request was answered before: that answer, and nothing is to be done.
    ///
    /// # Errors
    /// 422 if the key was used for another request; 503.
    pub async fn begin(&self, tx: &mut Tx, who: &Identity, now_ms: i64) -> Result<Option<Response>, Problem> {
        let Some(request) = &self.0 else {
            return Ok(None);
        };
        let principal = name(&who.subject);
        let claimed = tx
            .claim_answer(request.key(&principal), now_ms, now_ms.saturating_add(KEPT_MS))
            .await?;
        match claimed {
            Claim::Fresh => Ok(None),
            Claim::Answered(answer) => Ok(Some(again(answer))),
            Claim::Mismatch => Err(KEY_REUSED),
        }
    }

    /// Stores `answer` with the effect; give back what this returns.
    ///
    /// # Errors
    /// 503; 500 if the answer is larger than 256 KiB.
    pub async fn finish(
        &self,
        tx: &mut Tx,
        who: &Identity,
        answer: impl IntoResponse,
    ) -> Result<Response, Problem> {
        let answer = answer.into_response();
        let Some(request) = &self.0 else {
            return Ok(answer);
        };
        let (parts, body) = answer.into_parts();
        let Ok(body) = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await else {
            tracing::error!("an answer is too large to be given again");
            return Err(Problem::INTERNAL);
        };
        let headers: BTreeMap<&str, &str> = KEPT_HEADERS
            .iter()
            .filter_map(|name| Some((name.as_str(), parts.headers.get(name)?.to_str().ok()?)))
            .collect();
        let stored = StoredAnswer {
            status: parts.status.as_u16(),
            headers: serde_json::to_string(&headers).unwrap_or_default(),
            body: body.to_vec(),
        };
        let principal = name(&who.subject);
        tx.store_answer(request.key(&principal), &stored).await?;
        Ok(Response::from_parts(parts, Body::from(body)))
    }
}

impl Keyed {
    fn key<'a>(&'a self, principal: &'a str) -> AnswerKey<'a> {
        AnswerKey {
            principal,
            key: &self.key,
            fingerprint: &self.fingerprint,
        }
    }
}

fn name(subject: &Subject) -> String {
    match subject {
        Subject::Nobody => "nobody".to_owned(),
        Subject::User(id) => format!("user:{id}"),
        Subject::Client(id) => format!("client:{id}"),
        Subject::Named(name) => format!("named:{name}"),
    }
}

fn again(answer: StoredAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    let headers: BTreeMap<String, String> = serde_json::from_str(&answer.headers).unwrap_or_default();
    for (name, value) in &headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

#[cfg(test)]
#[path = "once_tests.rs"]
mod tests;
