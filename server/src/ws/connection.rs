//! The loop of one socket: frames in, messages to rooms, frames out.
//!
//! Invariants: everything that waits for the client is written before more is read; at most one received frame's
//! messages wait for rooms; every wait for the client has an end. It must never wait for a room without writing meanwhile.

use std::collections::VecDeque;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, Sleep, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tokio_util::task::TaskTracker;
use weft_protocol::close::CloseReason;

use super::Gateway;
use super::admission::Admissions;
use super::feeds::Feeds;
use super::handshake::Socket;
use super::membership::Post;
use super::protocol::{Ended, Protocol};
use super::rates::Rates;
use crate::auth::throttle::AddressKey;
use crate::caps::Place;
use crate::rooms::{Outbox, Outgoing, RoomMessage};

/// Frames of one member that are written before the next member has its turn.
const FRAMES_PER_TURN: usize = 64;
/// The slowest client that is waited for, in bytes per second; it counts for large frames.
const SLOWEST_BYTES_PER_SECOND: usize = 8 * 1024;
/// A larger message leaves in pieces of so many bytes: what is on its way to a socket is a copy, and a document of 20 MB on
/// its way to a hundred of them would be a hundred copies.
const PIECE_BYTES: usize = 16 * 1024;
/// How long a client may take to answer a close before the connection is dropped.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);
/// The longest time between two looks at rights that end: the wall clock may be set.
const MAX_EXPIRY_CHECK_SECONDS: u64 = 60;

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The server closes.
    Close(CloseReason),
    /// The client closed, or its network is gone.
    Lost,
}

impl From<CloseReason> for End {
    fn from(reason: CloseReason) -> Self {
        Self::Close(reason)
    }
}

/// One socket and what it is about.
pub(super) struct Connection<P> {
    gateway: Arc<Gateway>,
    socket: Socket,
    /// Whether the client has the beginning of a message and not its end.
    is_amid: bool,
    protocol: P,
    post: Post,
    admissions: Admissions,
    feeds: Feeds,
    rates: Rates,
    /// Nothing is read before this moment.
    paused_until: Option<Instant>,
    opened: Instant,
    last_received: Instant,
    last_sent: Instant,
    last_ping: Instant,
    /// Whether a right has come that may end before the timer.
    has_new_right: bool,
    /// Its place among the sockets of its address.
    _place: Option<Place<AddressKey>>,
}

impl<P: Protocol> Connection<P> {
    /// A connection that has just opened.
    pub(super) fn new(
        gateway: Arc<Gateway>,
        socket: Socket,
        protocol: P,
        post: Post,
        place: Option<Place<AddressKey>>,
    ) -> Self {
        let now = Instant::now();
        let limits = &gateway.limits;
        let rates = Rates::new(
            (limits.messages_per_second, limits.messages_burst),
            (limits.bytes_per_second, limits.bytes_burst),
            now,
        );
        Self {
            gateway,
            socket,
            is_amid: false,
            protocol,
            post,
            admissions: Admissions::default(),
            feeds: Feeds::default(),
            rates,
            paused_until: None,
            opened: now,
            last_received: now,
            last_sent: now,
            last_ping: now,
            has_new_right: false,
            _place: place,
        }
    }

    /// Where its task belongs.
    pub(super) fn tracker(&self) -> &TaskTracker {
        &self.gateway.connections
    }

    /// Serves the client until one side ends it.
    pub(super) async fn run(mut self) {
        self.gateway.metrics.ws_connections.add(1);
        let end = self.serve().await;
        self.protocol.leave_all(&mut self.post);
        self.post.deliver_all().await;
        let reason = match end {
            End::Close(reason) => {
                let mut last = VecDeque::new();
                if !self.is_amid {
                    last.append(&mut self.post.to_client);
                    // Some providers reconnect at once if a socket closes before it has said anything.
                    last.extend(self.protocol.keep_alive());
                }
                close_socket(&mut self.socket, last, reason).await;
                reason.as_str()
            }
            End::Lost => "client",
        };
        self.gateway.metrics.ws_closed.with(reason).add(1);
        self.gateway.metrics.ws_connections.sub(1);
        tracing::debug!(reason, "connection ended");
    }

    async fn serve(&mut self) -> End {
        let mut timer = Box::pin(sleep_until(self.next_deadline()));
        // One registration for the life of the connection: all of them share a lock.
        let mut stopping = Box::pin(self.gateway.stopping.clone().cancelled_owned());
        loop {
            let more = match self.write_turn().await {
                Ok(more) => more,
                Err(end) => return end,
            };
            if std::mem::take(&mut self.has_new_right) {
                timer.as_mut().reset(self.next_deadline());
            }
            if let Err(end) = self.wait(timer.as_mut(), stopping.as_mut(), more).await {
                return end;
            }
        }
    }

    /// Waits for the next thing to do, and does what does not need the socket for writing.
    async fn wait(
        &mut self,
        mut timer: Pin<&mut Sleep>,
        stopping: Pin<&mut WaitForCancellationFutureOwned>,
        more: bool,
    ) -> Result<(), End> {
        while let Some(question) = self.post.questions.pop_front() {
            self.admissions.ask(&self.gateway, question);
        }
        while let Some(subscription) = self.post.subscriptions.pop_front() {
            self.feeds.follow(subscription);
        }
        let undelivered = self.post.is_waiting();
        let asks = self.admissions.is_waiting();
        let is_full = asks && self.protocol.is_full(&self.gateway.limits);
        let reads = !undelivered && !is_full && self.paused_until.is_none();
        let wake = Arc::clone(&self.post.wake);
        tokio::select! {
            biased;
            () = stopping => Err(CloseReason::Restart.into()),
            () = timer.as_mut() => {
                let result = self.on_timer(Instant::now());
                timer.as_mut().reset(self.next_deadline());
                result
            }
            () = self.post.deliver_one(), if undelivered => Ok(()),
            Some(answer) = self.admissions.next(), if asks => {
                self.has_new_right = true;
                Ok(self.protocol.answered(&self.gateway, answer, &mut self.post)?)
            }
            Some(frames) = self.feeds.next(), if self.feeds.is_waiting() => {
                self.post.to_client.extend(frames);
                Ok(())
            }
            received = self.socket.next(), if reads => {
                let result = self.on_message(received);
                if let Some(until) = self.paused_until {
                    timer.as_mut().reset(until.min(self.next_deadline()));
                }
                result
            }
            () = wake.notified() => Ok(()),
            () = ready_if(more) => Ok(()),
        }
    }

    fn on_message(&mut self, received: Option<Result<Message, SocketError>>) -> Result<(), End> {
        let message = match received {
            None => return Err(End::Lost),
            Some(Err(error)) => return Err(read_error(&error)),
            Some(Ok(message)) => message,
        };
        let now = Instant::now();
        self.last_received = now;
        match message {
            Message::Binary(frame) => {
                self.gateway.metrics.ws_messages.with("in").add(1);
                self.gateway.metrics.ws_bytes.with("in").add(frame.len() as u64);
                if let Some(pause) = self.rates.take(frame.len(), now) {
                    self.gateway.metrics.ratelimited.with(pause.policy).add(1);
                    self.paused_until = Some(pause.until);
                }
                if frame.len() > self.gateway.limits.max_message_bytes {
                    return Err(CloseReason::MessageTooLarge.into());
                }
                Ok(self.protocol.receive(&self.gateway, frame, &mut self.post)?)
            }
            Message::Text(_) => Err(CloseReason::TextFrame.into()),
            Message::Close(_) => Err(End::Lost),
            // The library answers pings by itself. They are paid for like messages.
            Message::Ping(_) | Message::Pong(_) => {
                self.paused_until = self.rates.take(0, now).map(|pause| pause.until);
                Ok(())
            }
            // Never read.
            Message::Frame(_) => Ok(()),
        }
    }

    /// Writes a bounded part of what waits. Returns whether more may wait.
    async fn write_turn(&mut self) -> Result<bool, End> {
        let mut wrote = false;
        let mut more = false;
        while let Some(frame) = self.post.to_client.pop_front() {
            self.feed(frame).await?;
            wrote = true;
        }
        let mut position = 0;
        while let Some(outbox) = self.outbox_at(position) {
            let mut turns = 0;
            let mut ended = None;
            while let Some(outgoing) = outbox.next() {
                wrote = true;
                match self.outgoing(position, outgoing).await? {
                    Flow::Goes => {}
                    Flow::Ended(reason) => {
                        ended = Some(reason);
                        break;
                    }
                }
                turns += 1;
                if turns == FRAMES_PER_TURN {
                    more = true;
                    break;
                }
            }
            match ended.map(|reason| self.protocol.ended(position, reason, &mut self.post)) {
                Some(Ended::Connection(reason)) => return Err(reason.into()),
                // The others have moved up; what there is to say about it is said in the next turn.
                Some(Ended::Membership) => more = true,
                None => position += 1,
            }
        }
        if wrote {
            self.last_sent = Instant::now();
            self.flush(0).await?;
        }
        Ok(more)
    }

    fn outbox_at(&mut self, position: usize) -> Option<Arc<Outbox>> {
        self.protocol
            .memberships()
            .nth(position)
            .map(|membership| Arc::clone(&membership.outbox))
    }

    async fn outgoing(&mut self, position: usize, outgoing: Outgoing) -> Result<Flow, End> {
        let frame = match outgoing {
            Outgoing::Frame(frame) => {
                if let Some(membership) = self.protocol.memberships().nth(position) {
                    membership.greeted = true;
                }
                Some(frame)
            }
            Outgoing::Status(status) => self.protocol.status(position, status),
            Outgoing::Granted(grant) => {
                self.has_new_right = true;
                self.protocol.regranted(position, &grant, &mut self.post);
                None
            }
            Outgoing::CatchUp => {
                self.gateway.metrics.slow_consumer.add(1);
                // Everything that was queued must be on its way before the room makes the diff.
                self.flush(0).await?;
                if let Some(membership) = self.protocol.memberships().nth(position) {
                    membership.post(
                        RoomMessage::CatchUp {
                            member: membership.id,
                        },
                        &mut self.post,
                    );
                }
                None
            }
            Outgoing::Closed(reason) => return Ok(Flow::Ended(reason)),
        };
        if let Some(frame) = frame {
            self.feed(frame).await?;
        }
        Ok(Flow::Goes)
    }

    async fn feed(&mut self, frame: Bytes) -> Result<(), End> {
        self.gateway.metrics.ws_messages.with("out").add(1);
        self.gateway.metrics.ws_bytes.with("out").add(frame.len() as u64);
        let until = Instant::now() + self.allowance(frame.len());
        let Self { socket, gateway, .. } = self;
        if frame.len() <= PIECE_BYTES {
            return within(until, gateway, socket.feed(Message::Binary(frame))).await;
        }
        self.is_amid = true;
        for piece in pieces(&frame) {
            within(until, gateway, socket.feed(piece)).await?;
        }
        self.is_amid = false;
        Ok(())
    }

    async fn flush(&mut self, bytes: usize) -> Result<(), End> {
        let until = Instant::now() + self.allowance(bytes);
        let Self { socket, gateway, .. } = self;
        within(until, gateway, socket.flush()).await
    }

    /// How long the client may take to accept `bytes`.
    fn allowance(&self, bytes: usize) -> Duration {
        self.gateway.limits.unresponsive() + Duration::from_secs((bytes / SLOWEST_BYTES_PER_SECOND) as u64)
    }

    fn on_timer(&mut self, now: Instant) -> Result<(), End> {
        let limits = &self.gateway.limits;
        if self.paused_until.is_some_and(|until| until <= now) {
            self.paused_until = None;
            // While it was not read, the client could not show that it lives.
            self.last_received = now;
        }
        if !self.protocol.is_authenticated() && now >= self.opened + limits.authentication_timeout() {
            return Err(CloseReason::AuthenticationTimeout.into());
        }
        if self.paused_until.is_none() && now >= self.last_received + limits.unresponsive() {
            return Err(CloseReason::Unresponsive.into());
        }
        if now >= self.last_sent + limits.keep_alive() {
            self.last_sent = now;
            self.post.to_client.extend(self.protocol.keep_alive());
        }
        let seconds = self.gateway.now_seconds();
        self.protocol.expire(seconds, &mut self.post)?;
        self.ping_if_silent(now)
    }

    fn ping_if_silent(&mut self, now: Instant) -> Result<(), End> {
        let every = self.gateway.limits.ping();
        if now >= self.last_received + every && now >= self.last_ping + every {
            self.last_ping = now;
            // Only queued here; the next turn flushes it.
            let Self { socket, .. } = self;
            let queued = futures_util::FutureExt::now_or_never(socket.send(Message::Ping(Bytes::new())));
            if let Some(Err(_)) = queued {
                return Err(End::Lost);
            }
        }
        Ok(())
    }

    /// The next moment at which [`Self::on_timer`] has something to do.
    fn next_deadline(&mut self) -> Instant {
        let limits = &self.gateway.limits;
        let mut next = (self.last_sent + limits.keep_alive()).min(self.last_received + limits.unresponsive());
        next = next.min((self.last_received + limits.ping()).max(self.last_ping + limits.ping()));
        if !self.protocol.is_authenticated() {
            next = next.min(self.opened + limits.authentication_timeout());
        }
        if let Some(until) = self.paused_until {
            next = next.min(until);
        }
        let ends = self.protocol.memberships().filter_map(|one| one.expires_at).min();
        if let Some(at) = ends {
            let left = at.saturating_sub(self.gateway.now_seconds());
            next = next.min(Instant::now() + Duration::from_secs(left.clamp(1, MAX_EXPIRY_CHECK_SECONDS)));
        }
        next
    }
}

/// Says the last frames and why, and gives the client a moment to hear it: closing a socket with unread bytes would
/// throw the close frame away on its way.
pub(super) async fn close_socket(socket: &mut Socket, last: VecDeque<Bytes>, reason: CloseReason) {
    let frame = CloseFrame {
        code: reason.code().into(),
        reason: reason.as_str().into(),
    };
    let farewell = async {
        for frame in last {
            let _ = socket.feed(Message::Binary(frame)).await;
        }
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    let _ = timeout(CLOSE_PATIENCE, farewell).await;
}

/// A message as fragments (RFC 6455, 5.4).
fn pieces(message: &Bytes) -> impl Iterator<Item = Message> {
    (0..message.len()).step_by(PIECE_BYTES).map(|begin| {
        let end = (begin + PIECE_BYTES).min(message.len());
        let kind = if begin == 0 { Data::Binary } else { Data::Continue };
        let frame = Frame::message(
            message.slice(begin..end),
            OpCode::Data(kind),
            end == message.len(),
        );
        Message::Frame(frame)
    })
}

enum Flow {
    Goes,
    Ended(CloseReason),
}

/// Awaits a write until `until`, or until the server stops.
async fn within(
    until: Instant,
    gateway: &Gateway,
    write: impl Future<Output = Result<(), SocketError>>,
) -> Result<(), End> {
    let mut write = pin!(write);
    // Nearly always the socket takes it at once, and nothing else has to be looked at.
    let first = poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await;
    if let Poll::Ready(written) = first {
        return written.map_err(|_| End::Lost);
    }
    tokio::select! {
        biased;
        written = timeout_at(until, write) => match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Lost),
            Err(_) => Err(CloseReason::Unresponsive.into()),
        },
        () = gateway.stopping.cancelled() => Err(CloseReason::Restart.into()),
    }
}

fn read_error(error: &SocketError) -> End {
    match error {
        SocketError::Capacity(_) => CloseReason::MessageTooLarge.into(),
        SocketError::Protocol(_) | SocketError::Utf8(_) => CloseReason::ProtocolError.into(),
        _ => End::Lost,
    }
}

async fn ready_if(condition: bool) {
    if condition {
        ready(()).await
    } else {
        pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_message_is_fragments_of_which_only_the_last_ends_it() {
        let message: Bytes = (0..PIECE_BYTES * 2 + 1).map(|byte| byte as u8).collect();
        let frames: Vec<Frame> = pieces(&message)
            .map(|piece| match piece {
                Message::Frame(frame) => frame,
                other => panic!("{other:?}"),
            })
            .collect();
        let kinds: Vec<_> = frames
            .iter()
            .map(|frame| (frame.header().opcode, frame.header().is_final))
            .collect();
        let (first, next) = (OpCode::Data(Data::Binary), OpCode::Data(Data::Continue));
        assert_eq!(kinds, [(first, false), (next, false), (next, true)]);
        let together: Vec<u8> = frames.iter().flat_map(|frame| frame.payload().to_vec()).collect();
        assert_eq!(together, message);
    }
}
