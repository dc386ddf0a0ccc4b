//! Who is in the rooms of the same document on other nodes, and what they and the members here tell each other.
//!
//! Another node counts as one member that cannot write: what its members say about themselves is its to say and to take
//! back. Invariant: what came from another node is told to members here and to no node.

use std::sync::Arc;

use bytes::Bytes;
use weft_protocol::awareness::{self, AwarenessLimits};

use super::super::MemberId;
use super::RoomState;

/// Clients that one node may announce for one document.
const NODE_CLIENTS: usize = 10_000;
/// What waits for other nodes beside presence.
const MAX_STATELESS: usize = 1_024;

/// What is to be said to other nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// An awareness message.
    Awareness(Bytes),
    /// A message of the application.
    Stateless(Arc<str>),
}

/// What waits to be said to other nodes. Closed while there are none, and while what others say is spread.
#[derive(Debug, Default)]
pub(super) struct Outward {
    is_open: bool,
    said: Vec<Said>,
}

impl Outward {
    pub(super) fn awareness(&mut self, body: &[u8]) {
        if self.is_open {
            self.said.push(Said::Awareness(Bytes::copy_from_slice(body)));
        }
    }

    pub(super) fn stateless(&mut self, payload: &str) {
        if self.is_open && self.said.len() < MAX_STATELESS {
            self.said.push(Said::Stateless(payload.into()));
        }
    }
}

impl RoomState {
    /// There are other nodes, which are to hear what members say.
    pub(crate) fn speak_to_others(&mut self) {
        self.outward.is_open = true;
    }

    /// What other nodes are to hear.
    pub(crate) fn take_said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.outward.said)
    }

    /// Everybody who is on this node, for another one that asks; `None` if there is nobody.
    pub(crate) fn who_is_here(&self) -> Option<Bytes> {
        let present = self
            .presence
            .present_of(|owner| self.members.contains_key(&owner));
        (!present.is_empty()).then(|| awareness::encode(present).into())
    }

    /// `node` says who is there. What is malformed is ignored: it did not come from a client.
    pub(crate) fn hear_awareness(&mut self, node: MemberId, body: &Bytes, now_ms: u64) {
        let limits = AwarenessLimits {
            max_state_bytes: self.limits.max_awareness_state_bytes,
            ..AwarenessLimits::default()
        };
        if let Ok(entries) = awareness::decode(body, &limits) {
            self.presence.receive(node, &entries, NODE_CLIENTS, now_ms);
            self.spread_presence();
        }
    }

    /// `node` is gone, and whoever was there.
    pub(crate) fn node_gone(&mut self, node: MemberId, now_ms: u64) {
        self.presence.leave(node, now_ms);
        self.spread_presence();
    }

    /// A member of another node's room says something to everybody.
    pub(crate) fn hear_stateless(&mut self, payload: &str) {
        self.spread_stateless(None, payload);
    }

    fn spread_presence(&mut self) {
        let is_open = std::mem::replace(&mut self.outward.is_open, false);
        self.announce_presence();
        self.outward.is_open = is_open;
    }
}
