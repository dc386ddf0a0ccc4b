//! Bodies of requests, read within bounds of size and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::http::Problem;

/// How long a client may take to send a body.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much of a body that is too large is thrown away before the connection closes, in bytes.
const MAX_EXCESS_BYTES: usize = 64 * 1024 * 1024;

pub(crate) const TOO_LARGE: Problem = Problem::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "BODY_TOO_LARGE",
    "the body is larger than this server takes",
);
pub(crate) const UNREADABLE: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "BODY_UNREADABLE",
    "the body could not be read",
);
pub(crate) const TOO_SLOW: Problem = Problem::new(
    StatusCode::REQUEST_TIMEOUT,
    "BODY_TOO_SLOW",
    "the body took too long",
);

/// Reads a body of at most `max_bytes`. What is above that is thrown away as it comes, within bounds too, because a
/// client that is still sending when its connection closes never reads the answer.
///
/// # Errors
/// 413 if it is larger, 408 if it takes more than a minute, 400 if it breaks off.
pub async fn read(body: Body, max_bytes: usize) -> Result<Bytes, Problem> {
    // A length that was declared decides before a byte is kept.
    let declared = http_body::Body::size_hint(&body).lower();
    let mut is_too_large = declared > max_bytes as u64;
    if declared > (max_bytes + MAX_EXCESS_BYTES) as u64 {
        return Err(TOO_LARGE);
    }
    let mut chunks = body.into_data_stream();
    let reading = async {
        let mut bytes = BytesMut::new();
        let mut excess = 0;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| UNREADABLE)?;
            if is_too_large || bytes.len() + chunk.len() > max_bytes {
                is_too_large = true;
                bytes = BytesMut::new();
                excess += chunk.len();
                if excess > MAX_EXCESS_BYTES {
                    break;
                }
            } else {
                bytes.extend_from_slice(&chunk);
            }
        }
        if is_too_large {
            Err(TOO_LARGE)
        } else {
            Ok(bytes.freeze())
        }
    };
    timeout(PATIENCE, reading).await.unwrap_or(Err(TOO_SLOW))
}
