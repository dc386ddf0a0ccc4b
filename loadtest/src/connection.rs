//! One WebSocket to one server: the upgrade, the opening of a document, frames in and out.
//!
//! Invariant: a connection is cheap (4 KiB read buffer, frames written through) and every wait for the server's first
//! words is bounded. It must not interpret content; what a frame means to a swarm member is decided there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::measure::traffic::Traffic;
use crate::target::{Acknowledgement, Target};
use crate::wire::{Inbound, Wire, pong};

/// How long a server may take for the upgrade, and again for the first sync.
const OPENING_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest message a client takes: an initial sync of a large document.
const MAX_MESSAGE_BYTES: usize = 256 << 20;

/// An update without content: no items and no deletions.
const NOTHING: &[u8] = &[0, 0];

/// Why a connection could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The socket or the upgrade failed.
    #[error("socket: {0}")]
    Io(#[from] std::io::Error),
    /// The WebSocket failed.
    #[error("websocket: {0}")]
    WebSocket(#[from] tungstenite::Error),
    /// The server took too long.
    #[error("no answer within {} s", OPENING_TIMEOUT.as_secs())]
    Timeout,
    /// The server closed, for this reason.
    #[error("closed by the server: {0}")]
    Closed(String),
    /// The server refused the document, for this reason.
    #[error("denied: {0}")]
    Denied(String),
    /// The server refused an edit.
    #[error("an edit was refused")]
    Refused,
    /// A frame that is no message of this document.
    #[error("a frame is malformed or addressed elsewhere: {0:02x?}")]
    Malformed(Bytes),
}

/// Buffers as small as the measurement needs them: thousands of connections share one machine with the server.
#[must_use]
pub fn small_buffers() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES))
}

/// How a client comes.
#[derive(Clone, Debug, Default)]
pub struct Coming {
    /// What it holds of the document already: characters of Yjs clients.
    pub held: Vec<(u64, u64)>,
    /// The most bytes that the kernel keeps for it while it does not read; 0 for the system's choice.
    pub receive_buffer_bytes: u32,
}

/// A client's socket with one document open on it.
#[derive(Debug)]
pub struct Connection {
    socket: WebSocketStream<TcpStream>,
    wire: Wire,
    traffic: Arc<Traffic>,
    acknowledgement: Acknowledgement,
    token: String,
}

impl Connection {
    /// Connects, upgrades and asks for `document`; the answer is awaited by [`Connection::synced`].
    ///
    /// # Errors
    /// If the server does not take the connection in time.
    pub async fn open(target: &Target, document: &str) -> Result<Self, ConnectionError> {
        Self::open_as(target, document, &Coming::default()).await
    }

    /// The same, for a client that comes in a certain way.
    ///
    /// # Errors
    /// If the server does not take the connection in time.
    pub async fn open_as(target: &Target, document: &str, coming: &Coming) -> Result<Self, ConnectionError> {
        let connecting = async {
            let stream = connect(target, coming).await?;
            stream.set_nodelay(true)?;
            let mut request = target.url(document).into_client_request()?;
            if let Some(token) = &target.token
                && let Ok(value) = HeaderValue::try_from(format!("Bearer {token}"))
            {
                request.headers_mut().insert(header::AUTHORIZATION, value);
            }
            let (socket, _) = client_async_with_config(request, stream, Some(small_buffers())).await?;
            let mut connection = Self {
                socket,
                wire: Wire::new(target.protocol, document),
                traffic: Arc::clone(&target.traffic),
                acknowledgement: target.acknowledgement,
                token: target.token.clone().unwrap_or_default(),
            };
            connection.ask(&coming.held).await?;
            Ok(connection)
        };
        timeout(OPENING_TIMEOUT, connecting)
            .await
            .map_err(|_| ConnectionError::Timeout)?
    }

    /// Turns to another document on the same socket (protocol B): gives the old one up and asks for the new one.
    ///
    /// # Errors
    /// If the socket fails.
    pub async fn turn_to(&mut self, document: &str) -> Result<(), ConnectionError> {
        let close = self.wire.close();
        self.send(close).await?;
        self.wire = Wire::new(self.wire.protocol(), document);
        self.ask(&[]).await
    }

    async fn ask(&mut self, held: &[(u64, u64)]) -> Result<(), ConnectionError> {
        if let Some(auth) = self.wire.auth(&self.token) {
            self.send(auth).await?;
        }
        let step1 = self.wire.step1_of(held);
        self.send(step1).await
    }

    /// Waits until the server has sent what it has; answers its own question with "nothing".
    ///
    /// Returns the server's content, as updates, and how many of the sent messages will be acknowledged later.
    ///
    /// # Errors
    /// If the server refuses, closes or takes too long.
    pub async fn synced(&mut self) -> Result<(Vec<Bytes>, u32), ConnectionError> {
        timeout(OPENING_TIMEOUT, self.sync_steps())
            .await
            .map_err(|_| ConnectionError::Timeout)?
    }

    /// The same for a document that has content. A server that acknowledges nothing may answer before it has read its
    /// database, as y-websocket does: then the content is what it sends next.
    ///
    /// # Errors
    /// If the server refuses, closes or takes too long.
    pub async fn loaded(&mut self) -> Result<(Vec<Bytes>, u32), ConnectionError> {
        let (state, earlier) = self.synced().await?;
        if self.acknowledgement != Acknowledgement::None || state.iter().any(|update| update != NOTHING) {
            return Ok((state, earlier));
        }
        let content = timeout(OPENING_TIMEOUT, self.first_update()).await;
        let content = content.map_err(|_| ConnectionError::Timeout)??;
        Ok((vec![content], earlier))
    }

    /// Waits until the server has asked what this client has, if it has not (`earlier` is 0), and answers "nothing": a
    /// server may ask after it has answered. How many of the sent messages will be acknowledged later.
    ///
    /// # Errors
    /// If the server closes or takes too long.
    pub async fn asked(&mut self, earlier: u32) -> Result<u32, ConnectionError> {
        if earlier > 0 {
            return Ok(earlier);
        }
        let asking = async {
            loop {
                let frame = self.next().await?;
                if let Some(Inbound::Step1) = self.wire.read(&frame) {
                    let nothing = self.wire.step2(NOTHING);
                    return self.send(nothing).await;
                }
            }
        };
        timeout(OPENING_TIMEOUT, asking)
            .await
            .map_err(|_| ConnectionError::Timeout)??;
        Ok(1)
    }

    async fn first_update(&mut self) -> Result<Bytes, ConnectionError> {
        loop {
            let frame = self.next().await?;
            if let Some(Inbound::Update(update)) = self.wire.read(&frame)
                && update != NOTHING
            {
                return Ok(frame.slice_ref(update));
            }
        }
    }

    async fn sync_steps(&mut self) -> Result<(Vec<Bytes>, u32), ConnectionError> {
        let mut answered: u32 = 0;
        let mut state = Vec::new();
        loop {
            let frame = self.next().await?;
            match self.wire.read(&frame) {
                Some(Inbound::Step1) => {
                    let nothing = self.wire.step2(NOTHING);
                    self.send(nothing).await?;
                    answered += 1;
                }
                Some(Inbound::Update(update)) => state.push(frame.slice_ref(update)),
                Some(Inbound::Step2(update)) => {
                    state.push(frame.slice_ref(update));
                    return Ok((state, answered));
                }
                Some(Inbound::Status(true)) => answered = answered.saturating_sub(1),
                Some(Inbound::Denied(reason)) => return Err(ConnectionError::Denied(reason)),
                Some(Inbound::Ping) => self.send(pong()).await?,
                // A frame of the document that this socket was turned away from may still arrive.
                _ => {}
            }
        }
    }

    /// The next binary frame.
    ///
    /// # Errors
    /// If the server closes or the socket fails.
    pub async fn next(&mut self) -> Result<Bytes, ConnectionError> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(frame))) => {
                    self.traffic.received(frame.len());
                    return Ok(frame);
                }
                Some(Ok(Message::Close(reason))) => {
                    let reason = reason.map_or_else(|| "no reason".to_owned(), |reason| reason.to_string());
                    return Err(ConnectionError::Closed(reason));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(ConnectionError::Closed("end of stream".to_owned())),
            }
        }
    }

    /// Sends one frame.
    ///
    /// # Errors
    /// If the socket fails.
    pub async fn send(&mut self, frame: Vec<u8>) -> Result<(), ConnectionError> {
        self.traffic.sent(frame.len());
        Ok(self.socket.send(Message::Binary(frame.into())).await?)
    }

    /// Sends `frames` as fast as the server takes them, and reads meanwhile until `enough` says so.
    ///
    /// # Errors
    /// If the server refuses or closes, or the socket fails.
    pub async fn pour(
        &mut self,
        frames: impl Iterator<Item = Vec<u8>>,
        mut enough: impl FnMut(&Inbound<'_>) -> bool,
    ) -> Result<(), ConnectionError> {
        let (mut sink, mut stream) = (&mut self.socket).split();
        let (wire, traffic) = (&self.wire, &self.traffic);
        let sending = async {
            for frame in frames {
                traffic.sent(frame.len());
                sink.feed(Message::Binary(frame.into())).await?;
            }
            Ok(sink.flush().await?)
        };
        let reading = async {
            while let Some(message) = stream.next().await.transpose()? {
                match message {
                    Message::Binary(frame) => {
                        traffic.received(frame.len());
                        match wire.read(&frame) {
                            Some(Inbound::Denied(reason)) => return Err(ConnectionError::Denied(reason)),
                            Some(Inbound::Status(false)) => return Err(ConnectionError::Refused),
                            Some(message) if enough(&message) => return Ok(()),
                            _ => {}
                        }
                    }
                    Message::Close(reason) => {
                        let reason = reason.map(|reason| reason.to_string()).unwrap_or_default();
                        return Err(ConnectionError::Closed(reason));
                    }
                    _ => {}
                }
            }
            Err(ConnectionError::Closed("end of stream".to_owned()))
        };
        tokio::try_join!(sending, reading).map(drop)
    }

    /// Sends edits as fast as the server takes them and waits until all are acknowledged; where the server
    /// acknowledges nothing, until it answers a later question.
    ///
    /// `earlier` messages sent before will be acknowledged first.
    ///
    /// # Errors
    /// If the server refuses or closes, or the socket fails.
    pub async fn pour_edits<B: AsRef<[u8]>>(
        &mut self,
        updates: &[B],
        earlier: u32,
    ) -> Result<(), ConnectionError> {
        let acknowledgement = self.acknowledgement;
        let wire = self.wire.clone();
        let last = match acknowledgement {
            Acknowledgement::SyncStatus => None,
            Acknowledgement::Version => Some(wire.version(1)),
            Acknowledgement::None => Some(wire.step1()),
        };
        let frames = updates
            .iter()
            .map(|update| wire.update(update.as_ref()))
            .chain(last);
        let mut outstanding = updates.len() + earlier as usize;
        self.pour(frames, |message| match (acknowledgement, message) {
            (Acknowledgement::SyncStatus, Inbound::Status(true)) => {
                outstanding -= 1;
                outstanding == 0
            }
            (Acknowledgement::Version, Inbound::Version(_)) => true,
            (Acknowledgement::None, Inbound::Step2(_)) => true,
            _ => false,
        })
        .await
    }

    /// The frames of the open document.
    #[must_use]
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Closes politely; what the other side does about it is its own affair.
    pub async fn close(mut self) {
        let _ = timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }
}

async fn connect(target: &Target, coming: &Coming) -> std::io::Result<TcpStream> {
    let (address, source) = target.next_way();
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if coming.receive_buffer_bytes > 0 {
        socket.set_recv_buffer_size(coming.receive_buffer_bytes)?;
    }
    if let Some(source) = source {
        // Ports that linger after earlier connections may be used again.
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::new(source, 0))?;
    }
    socket.connect(address).await
}
