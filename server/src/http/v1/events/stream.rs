//! `GET /v1/events/stream`: the same as `GET /v1/events`, as it happens, by server-sent events.
//!
//! Invariant: nothing waits for a reader. Events are read when the reader takes them and from where it is, so a slow one
//! costs no memory; one that took nothing for a minute is let go as soon as it takes something, and goes on where it was.
//! Until then it holds one of its owner's places, of which everybody has a few. Who asks, and what they may see, is decided
//! anew for every part.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_storage::records::Event;

use super::list::{self, Asked};
use super::shapes::{EventStreamParams, EventView};
use crate::caps::{Caps, Place};
use crate::http::Problem;
use crate::http::batch::InBatch;
use crate::http::rest::Query;
use crate::http::v1::Api;
use crate::http::v1::caller::{Caller, bearer};

/// How many streams one node serves at a time.
const MAX_STREAMS: usize = 1_000;
/// How many of them for one account, or for a client that acts for itself.
const MAX_STREAMS_OF_ONE: usize = 20;
/// How many events are read at a time.
const AT_ONCE: u32 = 100;
/// How often it is looked for events that nobody told of, and for rights that have gone.
pub(in crate::http::v1) const POLL: Duration = Duration::from_secs(1);
/// How long events gather after the first of them.
pub(in crate::http::v1) const GATHER: Duration = Duration::from_millis(20);
/// A stream that says nothing for so long says that it is there.
pub(in crate::http::v1) const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A reader that takes nothing for so long is let go.
pub(in crate::http::v1) const SLOW: Duration = Duration::from_secs(60);

const TOO_MANY: Problem = Problem::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "TOO_MANY_STREAMS",
    "this server has as many streams as it serves; ask GET /v1/events, or try again",
);
const TOO_MANY_OWN: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TOO_MANY_OWN_STREAMS",
    "you have as many streams here as anybody may have: end one of them",
);
pub(in crate::http::v1) const NOT_IN_BATCH: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "STREAM_IN_BATCH",
    "a stream has no end and cannot be part of a batch",
);

/// What all streams of a node share.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    slots: Arc<Semaphore>,
    own: Arc<Caps<Uuid>>,
    stopping: CancellationToken,
}

impl Streams {
    /// None yet; all of them end with `stopping`.
    pub(crate) fn new(stopping: CancellationToken) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(MAX_STREAMS)),
            own: Caps::new(MAX_STREAMS_OF_ONE),
            stopping,
        }
    }

    /// A place among those of the server and of `who`, if that is somebody.
    ///
    /// # Errors
    /// 409 or 503 if all are taken.
    pub(in crate::http::v1) fn seat(&self, who: Option<Uuid>) -> Result<Seat, Problem> {
        let own = match who {
            Some(who) => Some(self.own.take(who).ok_or(TOO_MANY_OWN)?),
            None => None,
        };
        let slot = Arc::clone(&self.slots).try_acquire_owned();
        Ok(Seat {
            _slot: slot.map_err(|_| TOO_MANY)?,
            _own: own,
        })
    }

    /// Cancelled when all of them end.
    pub(in crate::http::v1) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }
}

/// The place that a stream holds until it ends.
#[derive(Debug)]
pub(in crate::http::v1) struct Seat {
    _slot: OwnedSemaphorePermit,
    _own: Option<Place<Uuid>>,
}

/// The answer that is told part by part.
pub(in crate::http::v1) fn stream_of(parts: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let mut response = Response::new(Body::from_stream(parts.map(Ok::<_, Infallible>)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A reader, and where it is.
struct Reader {
    api: Api,
    credential: Option<String>,
    asked: Asked,
    after: i64,
    ear: watch::Receiver<u64>,
    /// When the reader was last given something.
    given: Instant,
    _seat: Seat,
}

/// Tells what happens in a workspace as it happens, oldest first, as far as you may see it.
///
/// Each event is a server-sent event: its `id` is the place, its `event` the type, its `data` as in `/v1/events`. It begins
/// behind `after` or, when a client comes back, behind `Last-Event-ID`; without either with what happens from now on. The
/// stream ends when the server stops, when your right ends, or when you are too slow; go on where you were.
#[utoipa::path(
    get, path = "/v1/events/stream", tag = "Events",
    params(EventStreamParams, ("Last-Event-ID" = Option<String>, Header)),
    responses(
        (status = 200, content_type = "text/event-stream", body = Vec<u8>),
        (status = 404, description = "There is no such workspace for you"),
        (status = 409, description = "You have as many streams as anybody may have"),
        (status = 503, description = "The server has as many streams as it serves"),
    ),
)]
pub(super) async fn stream_events(
    State(api): State<Api>,
    caller: Caller,
    batch: Option<Extension<InBatch>>,
    headers: HeaderMap,
    Query(params): Query<EventStreamParams>,
) -> Result<Response, Problem> {
    if batch.is_some() {
        return Err(NOT_IN_BATCH);
    }
    let last = headers.get("last-event-id");
    let last = last.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let (asked, after) = Asked::of_stream(params, last);
    let seat = api.streams.seat(caller.0.user().or(caller.0.facts.confined_to));
    let ear = api.records.event_bell().listen();
    // What is wrong is said before the stream begins.
    let first = list::read(&api, &caller, &asked, after.unwrap_or(0), Some(1)).await?;
    let credential = headers.get(header::AUTHORIZATION);
    let credential = credential.and_then(|value| value.to_str().ok().and_then(bearer));
    let reader = Reader {
        credential: credential.map(str::to_owned),
        asked,
        after: after.unwrap_or(first.last_of_all),
        ear,
        given: Instant::now(),
        _seat: seat?,
        api,
    };
    Ok(stream_of(futures_util::stream::unfold(
        Some(reader),
        |reader| async move {
            let mut reader = reader?;
            let part = reader.next().await?;
            Some((part, Some(reader)))
        },
    )))
}

impl Reader {
    /// The next part of the stream, once there is one; `None` ends it.
    async fn next(&mut self) -> Option<Bytes> {
        if self.given.elapsed() > SLOW {
            return None;
        }
        let stopping = self.api.streams.stopping.clone();
        loop {
            let before = self.after;
            // A failure is no reason to leave something out: the reader comes back and goes on.
            let events = stopping.run_until_cancelled(self.read()).await?.ok()?;
            let told: String = events.iter().map(part).collect();
            if !told.is_empty() {
                self.given = Instant::now();
                return Some(told.into());
            }
            if self.after == before {
                let idle = self.given.elapsed();
                if idle >= KEEP_ALIVE {
                    self.given = Instant::now();
                    // With the place, so that nobody looks through what they may not see again.
                    return Some(format!("id: {}\n\n", self.after).into());
                }
                tokio::select! {
                    () = stopping.cancelled() => return None,
                    _ = self.ear.changed() => sleep(GATHER).await,
                    () = sleep(POLL) => {}
                }
            }
        }
    }

    /// What follows, as whoever shows the credential may see it at this moment.
    async fn read(&mut self) -> Result<Vec<Event>, Problem> {
        let identity = self.api.identities.identify(self.credential.as_deref()).await;
        let caller = Caller(Arc::new(identity.map_err(|_| Problem::INTERNAL)?));
        let page = list::read(&self.api, &caller, &self.asked, self.after, Some(AT_ONCE)).await?;
        self.after = page.last_sequence;
        Ok(page.events)
    }
}

fn part(event: &Event) -> String {
    let data = serde_json::to_string(&EventView::from(event)).unwrap_or_default();
    format!("id: {}\nevent: {}\ndata: {data}\n\n", event.seq, event.kind)
}
