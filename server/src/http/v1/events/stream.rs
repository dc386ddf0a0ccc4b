//! `GET /v1/events/stream`: the same as `GET /v1/events`, as it happens, by server-sent events; and what all streams of a
//! node share.
//!
//! Invariant: nothing waits for a reader, and streams have places, of which everybody has a few.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use weft_storage::records::Event;

use super::feed::Who;
use super::list::Asked;
use super::reader::{Part, Reader};
use super::shapes::{EventStreamParams, EventView};
use crate::caps::{Caps, Place};
use crate::http::Problem;
use crate::http::batch::InBatch;
use crate::http::rest::Query;
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// How many streams one node serves at a time.
const MAX_STREAMS: usize = 1_000;
/// How many of them for one account, or for a client that acts for itself.
const MAX_STREAMS_OF_ONE: usize = 20;
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
    sockets: TaskTracker,
}

impl Streams {
    /// None yet; all of them end with `stopping`. Those over sockets are among the tasks of `sockets`.
    pub(crate) fn new(stopping: CancellationToken, sockets: TaskTracker) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(MAX_STREAMS)),
            own: Caps::new(MAX_STREAMS_OF_ONE),
            stopping,
            sockets,
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

    /// Where those over sockets run.
    pub(super) fn sockets(&self) -> &TaskTracker {
        &self.sockets
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
    let whoever = Who::of(&api.feed, caller, &headers, params.ticket.as_ref()).await?;
    let reader = Reader::open(api.feed, whoever, Asked::of_stream(params, last)).await?;
    Ok(stream_of(futures_util::stream::unfold(
        reader,
        |mut reader| async move {
            let part = match reader.next().await.ok()? {
                Part::Events(events) => events.iter().map(part).collect(),
                // With the place, so that nobody looks through what they may not see again.
                Part::Quiet(place) => format!("id: {place}\n\n"),
            };
            Some((Bytes::from(part), reader))
        },
    )))
}

fn part(event: &Event) -> String {
    let data = serde_json::to_string(&EventView::from(event)).unwrap_or_default();
    format!("id: {}\nevent: {}\ndata: {data}\n\n", event.seq, event.kind)
}
