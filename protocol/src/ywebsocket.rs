//! The y-websocket protocol: one document per socket, one message per binary frame, named by the URL.
//!
//! Invariant: every encoder returns exactly one message, because clients read only the first of a frame. Decoding
//! copies nothing. Unknown message types are no error: clients may add some, and the connection stays open.

use bytes::Bytes;

use crate::lib0::{DecodeError, Reader, buffer_len, write_buffer, write_var_string};
use crate::sync::SyncMessage;

const SYNC: u8 = 0;
const AWARENESS: u8 = 1;
const AUTH: u8 = 2;
const QUERY_AWARENESS: u8 = 3;
const ACKNOWLEDGE: u8 = 102;

const AUTH_DENIED: u8 = 0;

/// An awareness message without entries: harmless to every client, and proof that the server lives.
pub const KEEP_ALIVE: &[u8] = &[AWARENESS, 1, 0];

/// An acknowledgement of version 0, by which Y-Sweet clients know that the server lives and that it has nothing of theirs.
pub const ACKNOWLEDGE_NOTHING: &[u8] = &[ACKNOWLEDGE, 1, 0];

/// What a client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientFrame<'a> {
    /// A sync message.
    Sync(SyncMessage<'a>),
    /// The body of an awareness message, for [`crate::awareness::decode`].
    Awareness(&'a [u8]),
    /// "Send me all awareness states."
    QueryAwareness,
    /// Y-Sweet's request for acknowledgement: send this whole frame back, unchanged, once every earlier update of
    /// the connection is safe.
    Acknowledge,
    /// A message type that means nothing here; not an error.
    Ignored {
        /// The type as received.
        message_type: u64,
    },
}

/// Reads one frame. Bytes behind the message are ignored.
///
/// # Errors
/// [`DecodeError`] says what is broken; the frame must have no effect.
pub fn decode(frame: &[u8]) -> Result<ClientFrame<'_>, DecodeError> {
    let mut reader = Reader::new(frame);
    let message_type = reader.var_uint()?;
    Ok(match u8::try_from(message_type) {
        Ok(SYNC) => ClientFrame::Sync(SyncMessage::decode(&mut reader)?),
        Ok(AWARENESS) => ClientFrame::Awareness(reader.buffer()?),
        Ok(QUERY_AWARENESS) => ClientFrame::QueryAwareness,
        Ok(ACKNOWLEDGE) => ClientFrame::Acknowledge,
        _ => ClientFrame::Ignored { message_type },
    })
}

/// "This is what the server has", with an encoded state vector.
pub fn sync_step_one(state_vector: &[u8]) -> Bytes {
    sync(SyncMessage::StepOne { state_vector })
}

/// The answer to a client's step 1. `[0, 0]` is the empty update.
pub fn sync_step_two(update: &[u8]) -> Bytes {
    sync(SyncMessage::StepTwo { update })
}

/// An edit.
pub fn update(update: &[u8]) -> Bytes {
    sync(SyncMessage::Update { update })
}

/// Awareness with a body from [`crate::awareness::encode`].
pub fn awareness(body: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(1 + buffer_len(body.len()));
    out.push(AWARENESS);
    write_buffer(&mut out, body);
    out.into()
}

/// "You may not." Clients only print it; closing the socket is what stops them.
pub fn permission_denied(reason: &str) -> Bytes {
    let mut out = Vec::with_capacity(2 + buffer_len(reason.len()));
    out.extend([AUTH, AUTH_DENIED]);
    write_var_string(&mut out, reason);
    out.into()
}

fn sync(message: SyncMessage<'_>) -> Bytes {
    let mut out = Vec::with_capacity(1 + message.encoded_len());
    out.push(SYNC);
    message.encode(&mut out);
    out.into()
}
