//! The two protocols as a room sees them: the same payloads in different envelopes.
//!
//! A broadcast is encoded once per envelope, however many members there are.

use std::sync::Arc;

use bytes::Bytes;
use weft_protocol::{hocuspocus, ywebsocket};

/// How a member's frames are wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// One document per socket.
    YWebsocket,
    /// Many documents per socket: each frame begins with this name, as the client sent it.
    Hocuspocus(Arc<str>),
}

/// A payload that is sent to many members.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Payload<'a> {
    /// What the server has, as a state vector.
    StepOne(&'a [u8]),
    /// The answer to a step 1.
    StepTwo(&'a [u8]),
    /// An edit.
    Update(&'a [u8]),
    /// The body of an awareness message.
    Awareness(&'a [u8]),
}

impl Dialect {
    /// `payload` in this envelope.
    pub(crate) fn frame(&self, payload: Payload<'_>) -> Bytes {
        match (self, payload) {
            (Self::YWebsocket, Payload::StepOne(vector)) => ywebsocket::sync_step_one(vector),
            (Self::YWebsocket, Payload::StepTwo(update)) => ywebsocket::sync_step_two(update),
            (Self::YWebsocket, Payload::Update(update)) => ywebsocket::update(update),
            (Self::YWebsocket, Payload::Awareness(body)) => ywebsocket::awareness(body),
            (Self::Hocuspocus(name), Payload::StepOne(vector)) => hocuspocus::sync_step_one(name, vector),
            (Self::Hocuspocus(name), Payload::StepTwo(update)) => hocuspocus::sync_step_two(name, update),
            (Self::Hocuspocus(name), Payload::Update(update)) => hocuspocus::update(name, update),
            (Self::Hocuspocus(name), Payload::Awareness(body)) => hocuspocus::awareness(name, body),
        }
    }
}

/// One payload on its way to many members, encoded once for each envelope that occurs.
#[derive(Debug)]
pub(crate) struct Broadcast<'a> {
    payload: Payload<'a>,
    frames: Vec<(Dialect, Bytes)>,
}

impl<'a> Broadcast<'a> {
    /// Nothing is encoded yet.
    pub(crate) fn new(payload: Payload<'a>) -> Self {
        Self {
            payload,
            frames: Vec::with_capacity(2),
        }
    }

    /// The frame for a member that speaks `dialect`; its bytes are shared.
    pub(crate) fn frame_for(&mut self, dialect: &Dialect) -> Bytes {
        if let Some((_, frame)) = self.frames.iter().find(|(known, _)| known == dialect) {
            return frame.clone();
        }
        let frame = dialect.frame(self.payload);
        // Sessions of one document have names of their own; beyond a few the search would cost more than encoding.
        if self.frames.len() < 4 {
            self.frames.push((dialect.clone(), frame.clone()));
        }
        frame
    }
}
