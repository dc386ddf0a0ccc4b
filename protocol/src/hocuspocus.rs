//! The Hocuspocus protocol: many documents on one socket, each message names its document.
//!
//! Invariant: a name is echoed byte for byte, because a provider reads only messages whose name is exactly its own.
//! Every encoder returns one message of one frame; decoding copies nothing. Names are not checked here: whoever opens
//! the document does that with [`crate::id::DocumentName`].

use bytes::Bytes;

use crate::lib0::{DecodeError, Reader, buffer_len, write_buffer, write_var_string};
use crate::sync::SyncMessage;

const SYNC: u8 = 0;
const AWARENESS: u8 = 1;
const AUTH: u8 = 2;
const QUERY_AWARENESS: u8 = 3;
const SYNC_REPLY: u8 = 4;
const STATELESS: u8 = 5;
const BROADCAST_STATELESS: u8 = 6;
const CLOSE: u8 = 7;
const SYNC_STATUS: u8 = 8;
const PONG_FRAME: &[u8] = &[10];

const AUTH_TOKEN: u64 = 0;
const AUTH_DENIED: u8 = 1;
const AUTH_AUTHENTICATED: u8 = 2;

/// Separates the document's name from the session where a provider has `sessionAwareness` on.
const SESSION_SEPARATOR: char = '\0';

/// Asks for a pong. One byte, without a name. Only for providers that sent a version: older ones throw on it.
pub const PING: &[u8] = &[9];

/// What a client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientFrame<'a> {
    /// A message about one document.
    Message(ClientMessage<'a>),
    /// The answer to [`PING`]; it belongs to the socket, not to a document.
    Pong,
}

/// A message about one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientMessage<'a> {
    /// The name as sent; answers carry exactly this. It also tells two sessions of one document apart.
    pub name: &'a str,
    /// The document's part of the name, still to be checked.
    pub document: &'a str,
    /// The session's part, if the name has one.
    pub session: Option<&'a str>,
    /// What it says.
    pub body: ClientBody<'a>,
}

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientBody<'a> {
    /// A sync message.
    Sync(SyncMessage<'a>),
    /// The body of an awareness message, for [`crate::awareness::decode`].
    Awareness(&'a [u8]),
    /// "Send me all awareness states."
    QueryAwareness,
    /// "Let me in", or a renewed token for a document that is open.
    Authenticate {
        /// Empty if the application configured none.
        token: &'a str,
        /// Providers send it from 4.0 on, such as `4.8.0`.
        provider_version: Option<&'a str>,
    },
    /// A message of the application, opaque to the server.
    Stateless {
        /// As the application wrote it.
        payload: &'a str,
    },
    /// This document is no longer needed on this socket.
    Close,
    /// A message that only servers exchange (4 and 6); refused from a client.
    Forbidden {
        /// The type as received.
        message_type: u64,
    },
    /// A message type that means nothing here; not an error.
    Ignored {
        /// The type as received.
        message_type: u64,
    },
}

/// What an authenticated client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Read and edit.
    ReadWrite,
    /// Read alone.
    ReadOnly,
}

/// The answer to one step 2 or update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncStatus {
    /// It is safe.
    Saved,
    /// It was not taken in.
    Refused,
}

/// Reads one frame. Bytes behind the message are ignored.
///
/// # Errors
/// [`DecodeError`] says what is broken; the frame must have no effect.
pub fn decode(frame: &[u8]) -> Result<ClientFrame<'_>, DecodeError> {
    if frame == PONG_FRAME {
        return Ok(ClientFrame::Pong);
    }
    let mut reader = Reader::new(frame);
    let name = reader.var_string()?;
    let (document, session) = match name.split_once(SESSION_SEPARATOR) {
        Some((document, session)) => (document, Some(session)),
        None => (name, None),
    };
    let body = decode_body(&mut reader)?;
    Ok(ClientFrame::Message(ClientMessage {
        name,
        document,
        session,
        body,
    }))
}

fn decode_body<'a>(reader: &mut Reader<'a>) -> Result<ClientBody<'a>, DecodeError> {
    let message_type = reader.var_uint()?;
    Ok(match u8::try_from(message_type) {
        Ok(SYNC) => ClientBody::Sync(SyncMessage::decode(reader)?),
        Ok(AWARENESS) => ClientBody::Awareness(reader.buffer()?),
        Ok(AUTH) => decode_authenticate(reader)?,
        Ok(QUERY_AWARENESS) => ClientBody::QueryAwareness,
        Ok(STATELESS) => ClientBody::Stateless {
            payload: reader.var_string()?,
        },
        Ok(CLOSE) => ClientBody::Close,
        Ok(SYNC_REPLY | BROADCAST_STATELESS) => ClientBody::Forbidden { message_type },
        _ => ClientBody::Ignored { message_type },
    })
}

fn decode_authenticate<'a>(reader: &mut Reader<'a>) -> Result<ClientBody<'a>, DecodeError> {
    let kind = reader.var_uint()?;
    if kind != AUTH_TOKEN {
        return Err(DecodeError::UnknownAuthMessage { kind });
    }
    let token = reader.var_string()?;
    let provider_version = if reader.is_empty() {
        None
    } else {
        Some(reader.var_string()?)
    };
    Ok(ClientBody::Authenticate {
        token,
        provider_version,
    })
}

/// "You are in, and this is what you may do."
pub fn authenticated(name: &str, scope: Scope) -> Bytes {
    let scope = match scope {
        Scope::ReadWrite => "read-write",
        Scope::ReadOnly => "readonly",
    };
    let mut out = named(name, 2 + buffer_len(scope.len()));
    out.extend([AUTH, AUTH_AUTHENTICATED]);
    write_var_string(&mut out, scope);
    out.into()
}

/// "You may not": the provider emits `authenticationFailed` with `reason`. The socket and its other documents go on.
pub fn permission_denied(name: &str, reason: &str) -> Bytes {
    let mut out = named(name, 2 + buffer_len(reason.len()));
    out.extend([AUTH, AUTH_DENIED]);
    write_var_string(&mut out, reason);
    out.into()
}

/// "This is what the server has", with an encoded state vector.
pub fn sync_step_one(name: &str, state_vector: &[u8]) -> Bytes {
    sync(name, SyncMessage::StepOne { state_vector })
}

/// The answer to a client's step 1. `[0, 0]` is the empty update.
pub fn sync_step_two(name: &str, update: &[u8]) -> Bytes {
    sync(name, SyncMessage::StepTwo { update })
}

/// An edit.
pub fn update(name: &str, update: &[u8]) -> Bytes {
    sync(name, SyncMessage::Update { update })
}

/// Awareness with a body from [`crate::awareness::encode`].
pub fn awareness(name: &str, body: &[u8]) -> Bytes {
    let mut out = named(name, 1 + buffer_len(body.len()));
    out.push(AWARENESS);
    write_buffer(&mut out, body);
    out.into()
}

/// The answer to one step 2 or update: each gets exactly one, or the client believes for ever that it has unsaved
/// changes.
pub fn sync_status(name: &str, status: SyncStatus) -> Bytes {
    let mut out = named(name, 2);
    out.extend([SYNC_STATUS, u8::from(status == SyncStatus::Saved)]);
    out.into()
}

/// A message of the application.
pub fn stateless(name: &str, payload: &str) -> Bytes {
    let mut out = named(name, 1 + buffer_len(payload.len()));
    out.push(STATELESS);
    write_var_string(&mut out, payload);
    out.into()
}

/// "This document is closed here." The provider does not come back by itself before the socket reconnects.
pub fn close(name: &str, reason: &str) -> Bytes {
    let mut out = named(name, 1 + buffer_len(reason.len()));
    out.push(CLOSE);
    write_var_string(&mut out, reason);
    out.into()
}

/// Awareness without entries: harmless to every provider, and proof that the server lives.
pub fn keep_alive(name: &str) -> Bytes {
    awareness(name, &[0])
}

fn sync(name: &str, message: SyncMessage<'_>) -> Bytes {
    let mut out = named(name, 1 + message.encoded_len());
    out.push(SYNC);
    message.encode(&mut out);
    out.into()
}

/// A frame that begins with `name`, with room for `body` more bytes.
fn named(name: &str, body: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(buffer_len(name.len()) + body);
    write_var_string(&mut out, name);
    out
}
