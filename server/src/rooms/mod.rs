//! Rooms: one task per open document, the only place where a document changes.
//!
//! `hub` finds or opens the room of a document, `actor` is its loop, `state` decides, `replica` is the document,
//! `ledger` what is owed, `outbox` what waits for one member. Connections talk to a room by [`RoomMessage`] and hear from
//! it through their [`Outbox`].
//!
//! Invariant: at most one room per document on a node, and none without its whole log applied.

mod actor;
mod board;
mod content;
mod dialect;
mod hub;
mod ledger;
mod load;
mod outbox;
mod presence;
mod projector;
mod rebuild;
mod remote;
mod replica;
mod state;
mod still;
mod watch;

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;
use weft_protocol::scan::UpdateFacts;
use weft_storage::bus::Heard;

pub(crate) use board::{BoardEdit, EditError};
pub(crate) use content::{
    Condition, ContentAnswer, ContentBody, ContentRefusal, ContentRequest, Operation, Version,
};
pub(crate) use dialect::Dialect;
pub(crate) use hub::{Hub, HubSettings, RoomHandle};
pub(crate) use outbox::{Outbox, Outgoing};
pub(crate) use projector::whole as rows_of;
pub(crate) use rebuild::{RebuiltRows, rebuild_rows};
pub(crate) use state::RoomLimits;
pub(crate) use still::{Still, founded_bytes};
pub(crate) use watch::watch_log;

use crate::auth::Access;

/// One connection's membership in one room; unique on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MemberId(pub(crate) u64);

/// What a connection says to a room.
#[derive(Debug)]
pub(crate) enum RoomMessage {
    /// A new member.
    Join(Join),
    /// The member is gone.
    Leave {
        /// Who.
        member: MemberId,
    },
    /// "This is what I have": answered by one step 2.
    StepOne {
        /// Who.
        member: MemberId,
        /// The encoded state vector, scanned.
        state_vector: Bytes,
    },
    /// The member's step 1 was answered with everything while the document was built.
    Answered {
        /// Who.
        member: MemberId,
    },
    /// An edit.
    Edit(Edit),
    /// An awareness message.
    Awareness {
        /// Who.
        member: MemberId,
        /// Its body, not decoded yet.
        body: Bytes,
    },
    /// "Who is here?"
    QueryAwareness {
        /// Who.
        member: MemberId,
    },
    /// "Send this back when everything I sent is durable."
    Echo {
        /// Who.
        member: MemberId,
        /// The whole frame.
        frame: Bytes,
    },
    /// A message of the application to the other members.
    Stateless {
        /// Who.
        member: MemberId,
        /// What, opaque.
        payload: Arc<str>,
    },
    /// The member's rights were renewed or changed.
    SetAccess {
        /// Who.
        member: MemberId,
        /// What it may do from now on.
        access: Access,
        /// The frame that tells it, if its protocol has one.
        notice: Option<Bytes>,
    },
    /// A request from outside of any connection.
    Content(ContentRequest),
    /// Another node says something, or may have said something that was not heard.
    Heard(Heard),
    /// The member has taken everything that was queued and was behind.
    CatchUp {
        /// Who.
        member: MemberId,
    },
}

/// A request to become a member.
#[derive(Debug)]
pub(crate) struct Join {
    /// The new member's id.
    pub(crate) member: MemberId,
    /// Where its frames go.
    pub(crate) outbox: Arc<Outbox>,
    /// How they are wrapped.
    pub(crate) dialect: Dialect,
    /// What it may do.
    pub(crate) access: Access,
    /// Whose edits these are, if they are an account's.
    pub(crate) author: Option<Uuid>,
    /// A frame that goes out first, once the room has opened.
    pub(crate) greeting: Option<Bytes>,
}

/// An update that a member sent; its bytes have passed the scan.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    /// Who.
    pub(crate) member: MemberId,
    /// How it came.
    pub(crate) kind: EditKind,
    /// The update.
    pub(crate) update: Bytes,
    /// What the scan found.
    pub(crate) facts: UpdateFacts,
}

/// How an edit came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EditKind {
    /// As the answer to the server's step 1.
    StepTwo,
    /// As it was made.
    Update,
}
