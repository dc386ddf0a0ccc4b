//! A receiver of webhooks: takes deliveries, checks their signatures, notes when each message first came.
//!
//! Invariant: it answers at once, after it has noted what came; a delivery whose signature is wrong is counted as wrong
//! and as nothing else. It listens on loopback only.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use ring::hmac;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// The largest delivery that is taken.
const MAX_BODY_BYTES: usize = 1 << 20;

/// What came.
#[derive(Debug, Default)]
pub struct Deliveries {
    /// The place of each message in `told`, by its id.
    known: HashMap<String, usize>,
    /// The messages, each once, in the order in which they came first.
    pub told: Vec<Told>,
    /// Attempts altogether.
    pub attempts: u64,
    /// Attempts whose signature was wrong or missing, or that told no event.
    pub wrong: u64,
}

/// A message, when it came first.
#[derive(Clone, Debug)]
pub struct Told {
    /// When that was.
    pub at: Instant,
    /// How long after the moment that the message itself says, by the clock of this machine.
    pub after_event: Duration,
    /// The type of what it tells.
    pub kind: String,
    /// The place of the event in what happened in the workspace.
    pub sequence: i64,
    /// The document that it is about.
    pub document: Option<String>,
}

/// What is read of a message.
#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    timestamp: String,
    data: Event,
}

/// What is read of an event.
#[derive(Deserialize)]
struct Event {
    sequence: i64,
    document_id: Option<String>,
}

/// A receiver that listens until it is dropped.
#[derive(Debug)]
pub struct Receiver {
    /// Where.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

#[derive(Debug, Default)]
struct Shared {
    /// A std mutex: held while a delivery is noted, never over an await.
    deliveries: Mutex<Deliveries>,
    secret: Mutex<Option<hmac::Key>>,
}

impl Receiver {
    /// Listens on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub async fn listen() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (shared, stop) = (Arc::new(Shared::default()), CancellationToken::new());
        let serving = serve(listener, Arc::clone(&shared));
        let (tasks, stopped) = (TaskTracker::new(), stop.clone());
        tasks.spawn(async move { stopped.run_until_cancelled(serving).await });
        Ok(Self {
            address,
            shared,
            _stop: stop.drop_guard(),
        })
    }

    /// The secret with which deliveries are signed from now on, `whsec_` and Base64.
    ///
    /// # Errors
    /// If it is not of that form.
    pub fn expect_secret(&self, secret: &str) -> anyhow::Result<()> {
        let encoded = secret
            .strip_prefix("whsec_")
            .ok_or_else(|| anyhow::anyhow!("a secret begins with whsec_"))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(encoded)?);
        *self.shared.secret.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
        Ok(())
    }

    /// What has come so far.
    pub fn deliveries(&self) -> MutexGuard<'_, Deliveries> {
        self.shared
            .deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let tasks = TaskTracker::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tasks.spawn(async move {
            let service = service_fn(|request| answer(request, &shared));
            // A sender that breaks off has nobody to be told.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>, shared: &Shared) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let mut response = Response::new(Empty::new());
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(response);
    };
    if !shared.note(&head.headers, &body.to_bytes()) {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    Ok(response)
}

impl Shared {
    /// Notes a delivery; false if it is not what it says.
    fn note(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let read = read(body);
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let id = header("webhook-id");
        let is_signed = self
            .secret
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .is_some_and(|key| {
                let parts = id
                    .zip(header("webhook-timestamp"))
                    .zip(header("webhook-signature"));
                parts.is_some_and(|((id, timestamp), signatures)| {
                    is_signed(key, &format!("{id}.{timestamp}."), body, signatures)
                })
            });
        let mut deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        deliveries.attempts += 1;
        match id.filter(|_| is_signed).zip(read) {
            Some((id, told)) => {
                let next = deliveries.told.len();
                if *deliveries.known.entry(id.to_owned()).or_insert(next) == next {
                    deliveries.told.push(told);
                }
                true
            }
            None => {
                deliveries.wrong += 1;
                false
            }
        }
    }
}

/// Reads a message that comes at this moment; `None` if it tells no event.
#[expect(
    clippy::disallowed_methods,
    reason = "events say when they happened by the clock of this machine, which the server reads, too"
)]
fn read(body: &[u8]) -> Option<Told> {
    let at = Instant::now();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let message: Message = serde_json::from_slice(body).ok()?;
    let event: jiff::Timestamp = message.timestamp.parse().ok()?;
    let event = u64::try_from(event.as_millisecond()).unwrap_or(0);
    Some(Told {
        at,
        after_event: now.saturating_sub(Duration::from_millis(event)),
        kind: message.kind,
        sequence: message.data.sequence,
        document: message.data.document_id,
    })
}

/// Whether one of `signatures` is right for what was sent (Standard Webhooks, version `v1`).
fn is_signed(key: &hmac::Key, before: &str, body: &[u8], signatures: &str) -> bool {
    let content = [before.as_bytes(), body].concat();
    signatures.split(' ').any(|signature| {
        let encoded = signature.strip_prefix("v1,").unwrap_or_default();
        let decoded = STANDARD.decode(encoded).unwrap_or_default();
        hmac::verify(key, &content, &decoded).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vector of the specification's libraries.
    const SECRET: &str = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const BEFORE: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk.1649367553.";
    const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

    #[test]
    fn a_signature_is_taken_only_for_what_it_signs() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(SECRET).expect("valid"));
        assert!(is_signed(&key, BEFORE, BODY, SIGNATURE));
        assert!(is_signed(&key, BEFORE, BODY, &format!("v1,AAAA {SIGNATURE}")));
        assert!(!is_signed(&key, BEFORE, b"{}", SIGNATURE));
        assert!(!is_signed(&key, "msg_2.1649367553.", BODY, SIGNATURE));
        assert!(!is_signed(&key, BEFORE, BODY, "v1, v1a,AAAA"));
    }
}
