//! `GET /v1/events/ws`: the same as `GET /v1/events/stream`, over a WebSocket.
//!
//! Invariant: as of all streams, nothing waits for a reader. At most one part of what it is told waits for it; one that takes
//! nothing of that for a minute, or gives no sign of life, is closed and goes on where it was.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::SinkExt as _;
use serde::Serialize;
use tokio::time::{Instant, timeout};
use weft_protocol::close::CloseReason;

use super::feed::Who;
use super::list::Asked;
use super::reader::{Ended, Part, Reader};
use super::shapes::{EventStreamParams, EventView};
use super::stream::{NOT_IN_BATCH, SLOW};
use crate::http::Problem;
use crate::http::batch::InBatch;
use crate::http::rest::Query;
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// The largest frame that a reader may send, in bytes: it has nothing to say.
const MAX_HEARD_BYTES: usize = 1_024;
/// How long the other side may take to say good-bye, too.
const FAREWELL: Duration = Duration::from_secs(5);
/// How much is written before it is waited until it was taken, in bytes.
const FLUSHED_BYTES: usize = 64 * 1_024;

const NO_SOCKET: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "NOT_A_WEBSOCKET",
    "this address is for WebSockets; ask GET /v1/events/stream, or GET /v1/events",
);

/// Tells what happens in a workspace as it happens over a WebSocket, oldest first, as far as you may see it.
///
/// Each frame is a text: an event as in `/v1/events`, or `{"last_sequence": …}`, up to where everything was told: at the
/// beginning, and when nothing happens for a while. It begins behind `after`; without it with what happens from now on.
/// Whoever comes back goes on behind the last `sequence` or `last_sequence`. It closes with 1012 when the server stops,
/// 4401 or 4403 when your right ends, 4503 when it cannot be read now, and 4514 when you take nothing for a minute.
#[utoipa::path(
    get, path = "/v1/events/ws", tag = "Events",
    params(EventStreamParams),
    responses(
        (status = 101, description = "The socket is open"),
        (status = 400, description = "It is no WebSocket that is asked for"),
        (status = 404, description = "There is no such workspace for you"),
        (status = 409, description = "You have as many streams as anybody may have"),
        (status = 503, description = "The server has as many streams as it serves"),
    ),
)]
pub(super) async fn socket_events(
    State(api): State<Api>,
    caller: Caller,
    batch: Option<Extension<InBatch>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    Query(params): Query<EventStreamParams>,
) -> Result<Response, Problem> {
    if batch.is_some() {
        return Err(NOT_IN_BATCH);
    }
    let sockets = api.feed.streams().sockets().clone();
    let whoever = Who::of(&api.feed, caller, &headers, params.ticket.as_ref()).await?;
    let reader = Reader::open(api.feed, whoever, Asked::of_stream(params, None)).await?;
    let upgrade = upgrade.map_err(|_| NO_SOCKET)?;
    Ok(upgrade
        .max_message_size(MAX_HEARD_BYTES)
        .max_frame_size(MAX_HEARD_BYTES)
        .on_upgrade(async move |socket| drop(sockets.spawn(follow(socket, reader)))))
}

/// Up to where everything was told.
#[derive(Serialize)]
struct Place {
    last_sequence: i64,
}

impl Place {
    fn message(last_sequence: i64) -> Message {
        text(&Self { last_sequence })
    }
}

fn text(said: &impl Serialize) -> Message {
    Message::text(serde_json::to_string(said).unwrap_or_default())
}

/// Tells a reader everything until one side ends it.
async fn follow(mut socket: WebSocket, mut reader: Reader) {
    let begin = vec![Place::message(reader.place())];
    let ended = match give(&mut socket, begin, SLOW).await {
        Ok(()) => tell(&mut socket, &mut reader).await,
        Err(gone) => gone,
    };
    // Its place is given back before the farewell, which may take a moment.
    drop(reader);
    if let Some(reason) = ended {
        farewell(&mut socket, reason).await;
    }
}

/// Tells what happens; why it ended, or nothing if the reader has gone.
async fn tell(socket: &mut WebSocket, reader: &mut Reader) -> Option<CloseReason> {
    // Since when it was asked for a sign of life and gave none.
    let mut unanswered: Option<Instant> = None;
    loop {
        // Whoever says too much keeps nobody from noticing that the server stops.
        let part = tokio::select! {
            said = socket.recv() => match said {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                    unanswered = None;
                    continue;
                }
                Some(Ok(Message::Text(_) | Message::Binary(_))) => return Some(CloseReason::ProtocolError),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            },
            part = reader.next() => part,
        };
        let messages = match part {
            Ok(Part::Events(events)) => events.iter().map(|event| text(&EventView::from(event))).collect(),
            Ok(Part::Quiet(_)) if unanswered.is_some_and(|since| since.elapsed() > SLOW) => {
                return Some(CloseReason::Unresponsive);
            }
            Ok(Part::Quiet(place)) => {
                unanswered.get_or_insert_with(Instant::now);
                vec![Place::message(place), Message::Ping(Vec::new().into())]
            }
            Err(ended) => return Some(reason(&ended)),
        };
        if let Err(gone) = give(socket, messages, SLOW).await {
            return gone;
        }
    }
}

/// Writes messages as quickly as they are taken. If nothing is taken for `patience`, or the reader has gone, why it ends.
async fn give(
    socket: &mut WebSocket,
    messages: Vec<Message>,
    patience: Duration,
) -> Result<(), Option<CloseReason>> {
    let (mut waiting, mut left) = (0, messages.len());
    for message in messages {
        (waiting, left) = (waiting + message.to_text().map_or(0, str::len), left - 1);
        let writing = async {
            socket.feed(message).await?;
            if waiting >= FLUSHED_BYTES || left == 0 {
                waiting = 0;
                socket.flush().await?;
            }
            Ok::<_, axum::Error>(())
        };
        match timeout(patience, writing).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(None),
            Err(_) => return Err(Some(CloseReason::Unresponsive)),
        }
    }
    Ok(())
}

/// Says why it ends, and waits a moment until the other side has heard it.
async fn farewell(socket: &mut WebSocket, reason: CloseReason) {
    let frame = CloseFrame {
        code: reason.code(),
        reason: reason.as_str().into(),
    };
    let said = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = timeout(FAREWELL, said).await;
}

fn reason(ended: &Ended) -> CloseReason {
    match ended {
        Ended::Stopping => CloseReason::Restart,
        Ended::Slow => CloseReason::Unresponsive,
        Ended::Refused(problem) => match problem.status {
            StatusCode::UNAUTHORIZED => CloseReason::Unauthorized,
            status if status.is_client_error() => CloseReason::AccessRevoked,
            _ => CloseReason::StorageUnavailable,
        },
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::any;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn who_takes_nothing_is_told_no_more_and_costs_one_part() {
        const SIZE: usize = 256 * 1_024;
        let (report, mut reports) = mpsc::channel(1);
        let gives = async move |upgrade: WebSocketUpgrade| {
            upgrade.on_upgrade(async move |mut socket| {
                let patience = Duration::from_millis(300);
                for given in 0..1_000 {
                    let part = vec![Message::text("x".repeat(SIZE))];
                    if let Err(why) = give(&mut socket, part, patience).await {
                        report.send((given, why)).await.unwrap();
                        return;
                    }
                }
            })
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tasks = tokio_util::task::TaskTracker::new();
        let serving = axum::serve(listener, Router::new().route("/", any(gives))).into_future();
        let serving = tokio_util::task::AbortOnDropHandle::new(tasks.spawn(serving));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                       sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        // Reads the answer and then nothing: what the system holds is full before everything was given.
        stream.read_exact(&mut [0; 64]).await.unwrap();
        let (given, why) = reports.recv().await.unwrap();
        assert_eq!(why, Some(CloseReason::Unresponsive));
        assert!(given < 100, "{given} parts of {SIZE} bytes went to nobody");
        drop(serving);
    }

    #[test]
    fn an_end_says_whether_to_come_back() {
        let refused = |status| Ended::Refused(Problem::new(status, "X", "x"));
        for (ended, code) in [
            (Ended::Stopping, 1012),
            (Ended::Slow, 4514),
            (refused(StatusCode::UNAUTHORIZED), 4401),
            (refused(StatusCode::NOT_FOUND), 4403),
            (refused(StatusCode::FORBIDDEN), 4403),
            (refused(StatusCode::SERVICE_UNAVAILABLE), 4503),
        ] {
            assert_eq!(reason(&ended).code(), code, "{ended:?}");
        }
    }
}
