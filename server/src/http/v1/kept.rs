//! `Idempotency-Key` for effects that happen in a room and not in a transaction of records.
//!
//! Invariant: what a request makes has an id that follows from the key ([`Once::id`]), so a request that is sent again
//! after its effect was durable and before its answer was stored finds what it made. Then the answer is stored, and
//! given again as for every other operation.

use axum::body::Body;
use axum::response::{IntoResponse, Response};

use super::Api;
use super::caller::Caller;
use crate::http::Problem;
use crate::http::rest::Once;
use crate::http::rest::once::MAX_ANSWER_BYTES;

/// The answer that this request was given before, if it was.
///
/// # Errors
/// 422 if the key was used for another request; 503.
pub(super) async fn answered(api: &Api, caller: &Caller, once: &Once) -> Result<Option<Response>, Problem> {
    if !once.is_keyed() {
        return Ok(None);
    }
    let mut tx = api.records.write().await?;
    once.begin(&mut tx, &caller.0, api.clock.now_ms()).await
}

/// Keeps `answer`, to be given again; give back what this returns.
///
/// # Errors
/// 422 if the key was used for another request meanwhile; 503: the effect is there, and found when the request comes
/// again.
pub(super) async fn keep(
    api: &Api,
    caller: &Caller,
    once: &Once,
    answer: impl IntoResponse,
) -> Result<Response, Problem> {
    let answer = answer.into_response();
    if !once.is_keyed() {
        return Ok(answer);
    }
    let (parts, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await;
    let bytes = bytes.map_err(|_| Problem::INTERNAL)?;
    let is_large = bytes.len() > MAX_ANSWER_BYTES;
    let answer = Response::from_parts(parts, Body::from(bytes));
    // What is too large to be kept is worked out again: the effect is had once in any case.
    if is_large {
        return Ok(answer);
    }
    let mut tx = api.records.write().await?;
    if let Some(first) = once.begin(&mut tx, &caller.0, api.clock.now_ms()).await? {
        return Ok(first);
    }
    let answer = once.finish(&mut tx, &caller.0, answer).await?;
    tx.commit().await?;
    Ok(answer)
}
