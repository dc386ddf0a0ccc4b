//! The floor: a relay without CRDT and storage, the least that a server of one frame per edit per receiver can cost.
//!
//! It forwards each frame to the rest of the room as it came and answers step 1 with an empty step 2. One task per
//! connection, 4 KiB buffers, everything that waits for a connection written in one go.
//! Invariant: every queue is bounded; a reader that falls behind by more is cut off. It must never grow features: it
//! is a yardstick.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};
use tokio_util::task::TaskTracker;

use crate::connection::small_buffers;
use crate::wire::{Inbound, Protocol, Wire};

/// Frames that may wait for one connection.
const QUEUE_FRAMES: usize = 4_096;
/// Frames up to this size in total leave in one system call.
const WRITE_BUFFER_BYTES: usize = 4 << 10;

type Senders = Mutex<Vec<(u64, mpsc::Sender<Bytes>)>>;

/// The rooms of a relay, by path.
#[derive(Debug, Default)]
struct Rooms {
    /// A std mutex: held while joining and leaving, never over an await.
    by_path: Mutex<HashMap<String, Arc<Senders>>>,
}

/// Serves until the listener fails.
///
/// # Errors
/// If the listener does.
pub async fn serve(listener: TcpListener) -> std::io::Result<()> {
    let rooms = Arc::new(Rooms::default());
    let tasks = TaskTracker::new();
    let mut id = 0;
    loop {
        let (stream, _) = listener.accept().await?;
        id += 1;
        let rooms = Arc::clone(&rooms);
        tasks.spawn(async move {
            // A connection that fails ends; there is nobody to tell.
            let _ = attend(stream, id, &rooms).await;
        });
    }
}

async fn attend(stream: TcpStream, id: u64, rooms: &Rooms) -> Result<(), tungstenite::Error> {
    stream.set_nodelay(true)?;
    let mut path = String::new();
    let socket = accept_hdr_async_with_config(
        stream,
        PathOf(&mut path),
        Some(small_buffers().write_buffer_size(WRITE_BUFFER_BYTES)),
    )
    .await?;
    let (sender, waiting) = mpsc::channel(QUEUE_FRAMES);
    let room = rooms.join(&path, id, sender);
    let ended = relay(socket, id, waiting, &room).await;
    rooms.leave(&path, id);
    ended
}

/// Takes the path out of the upgrade request.
struct PathOf<'a>(&'a mut String);

impl tungstenite::handshake::server::Callback for PathOf<'_> {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        request.uri().path().clone_into(self.0);
        Ok(response)
    }
}

async fn relay(
    mut socket: WebSocketStream<TcpStream>,
    id: u64,
    mut waiting: mpsc::Receiver<Bytes>,
    room: &Senders,
) -> Result<(), tungstenite::Error> {
    let wire = Wire::new(Protocol::YWebsocket, "");
    loop {
        tokio::select! {
            message = socket.next() => match message.transpose()? {
                Some(Message::Binary(frame)) if matches!(wire.read(&frame), Some(Inbound::Step1)) => {
                    socket.send(Message::Binary(wire.step2(&[0, 0]).into())).await?;
                }
                Some(Message::Binary(frame)) => forward(room, id, &frame),
                Some(Message::Close(_)) | None => return Ok(()),
                Some(_) => {}
            },
            first = waiting.recv() => {
                // The room let go of this connection: it was too slow.
                let Some(mut frame) = first else { return Ok(()) };
                loop {
                    socket.feed(Message::Binary(frame)).await?;
                    match waiting.try_recv() {
                        Ok(next) => frame = next,
                        Err(_) => break,
                    }
                }
                socket.flush().await?;
            }
        }
    }
}

fn forward(room: &Senders, from: u64, frame: &Bytes) {
    let mut senders = room.lock().unwrap_or_else(PoisonError::into_inner);
    senders.retain(|(id, sender)| *id == from || sender.try_send(frame.clone()).is_ok());
}

impl Rooms {
    fn join(&self, path: &str, id: u64, sender: mpsc::Sender<Bytes>) -> Arc<Senders> {
        let mut rooms = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        let room = Arc::clone(rooms.entry(path.to_owned()).or_default());
        drop(rooms);
        room.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((id, sender));
        room
    }

    fn leave(&self, path: &str, id: u64) {
        let mut rooms = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(path) {
            let mut senders = room.lock().unwrap_or_else(PoisonError::into_inner);
            senders.retain(|(member, _)| *member != id);
            let empty = senders.is_empty();
            drop(senders);
            if empty {
                rooms.remove(path);
            }
        }
    }
}
