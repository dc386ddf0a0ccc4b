//! One connection's place in one room.
//!
//! As long as it exists the room stays open; whoever ends it must see to it that the room hears [`RoomMessage::Leave`].

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::sync::mpsc::error::TrySendError;
use weft_protocol::close::CloseReason;
use weft_protocol::id::DocumentName;
use weft_storage::WorkspaceId;

use super::Gateway;
use super::admission::{Admitted, Question};
use super::feeds::Subscription;
use crate::access::{Grant, Identity, Seat};
use crate::auth::{Access, UnixSeconds};
use crate::http::v1::Feed;
use crate::http::v1::channel::{Channel, Following, Wanted};
use crate::rooms::{Dialect, Join, MemberId, Outbox, RoomHandle, RoomMessage};

/// One connection's place in one room.
#[derive(Debug)]
pub(super) struct Membership {
    pub(super) id: MemberId,
    pub(super) room: Arc<RoomHandle>,
    pub(super) outbox: Arc<Outbox>,
    /// When the right to be here ends.
    pub(super) expires_at: Option<UnixSeconds>,
    access: Access,
    workspace: WorkspaceId,
    identity: Arc<Identity>,
    /// Where events are told, if the client wants to be.
    events: Channel,
    /// Where changes of the right find this membership.
    seat: Seat,
    /// Whether the room has said anything: it is open, and this is a member.
    pub(super) greeted: bool,
}

impl Membership {
    /// Enters the room of `name`; the request to join is posted.
    pub(super) fn enter(
        gateway: &Gateway,
        name: &DocumentName,
        admitted: &Admitted,
        dialect: Dialect,
        greeting: Option<Bytes>,
        post: &mut Post,
    ) -> Self {
        let id = gateway.hub.new_member();
        let outbox = Arc::new(Outbox::new(gateway.limits.outbox_bytes, Arc::clone(&post.wake)));
        let grant = &admitted.grant;
        let room = gateway.hub.enter(grant.workspace, name);
        let seat = gateway
            .registry
            .enter(id, name, Arc::clone(grant), admitted.decided, Arc::clone(&outbox));
        let join = Join {
            member: id,
            outbox: Arc::clone(&outbox),
            dialect,
            access: grant.access,
            author: grant.identity.user(),
            greeting,
        };
        post.deliver(&room, RoomMessage::Join(join));
        Self {
            id,
            room,
            outbox,
            expires_at: grant.expires_at,
            access: grant.access,
            workspace: grant.workspace,
            identity: Arc::clone(&grant.identity),
            events: Channel::default(),
            seat,
            greeted: false,
        }
    }

    /// Goes on under a grant that the client asked for; `notice` tells it.
    pub(super) fn renew(&mut self, admitted: &Admitted, notice: Bytes, post: &mut Post) {
        self.seat.replace(Arc::clone(&admitted.grant), admitted.decided);
        self.change(&admitted.grant, Some(notice), post);
    }

    /// Goes on under what the grant has become; `notice` tells the client if it may do more or less than before.
    pub(super) fn regrant(&mut self, grant: &Grant, notice: Option<Bytes>, post: &mut Post) {
        if grant.access == self.access {
            self.rest_on(grant);
        } else {
            self.change(grant, notice, post);
        }
    }

    fn change(&mut self, grant: &Grant, notice: Option<Bytes>, post: &mut Post) {
        self.rest_on(grant);
        self.access = grant.access;
        let message = RoomMessage::SetAccess {
            member: self.id,
            access: grant.access,
            notice,
        };
        self.post(message, post);
    }

    fn rest_on(&mut self, grant: &Grant) {
        self.expires_at = grant.expires_at;
        self.identity = Arc::clone(&grant.identity);
        self.events.become_of(&grant.identity);
    }

    /// Begins to tell the client what happens in the document's workspace.
    ///
    /// # Errors
    /// The answer if that is told already.
    pub(super) fn subscribe(&mut self, feed: &Feed, wanted: Wanted) -> Result<Following, String> {
        let who = Arc::clone(&self.identity);
        self.events.subscribe(feed, who, self.workspace, wanted)
    }

    /// Tells the client no more of that; the answer.
    pub(super) fn unsubscribe(&mut self) -> String {
        self.events.unsubscribe()
    }

    /// Posts `message` to the room.
    pub(super) fn post(&self, message: RoomMessage, post: &mut Post) {
        post.deliver(&self.room, message);
    }

    /// Posts the farewell.
    pub(super) fn leave(self, post: &mut Post) {
        post.deliver(&self.room, RoomMessage::Leave { member: self.id });
    }
}

/// What a connection has to say: messages to rooms that could not be delivered yet, frames of its own, and questions to
/// the gatekeeper.
///
/// A connection reads no further frame while a message waits here, so there are never more than one frame makes.
#[derive(Debug)]
pub(super) struct Post {
    undelivered: VecDeque<(Arc<RoomHandle>, RoomMessage)>,
    pub(super) to_client: VecDeque<Bytes>,
    pub(super) questions: VecDeque<Question>,
    /// Events that are to be told, at most one for each document.
    pub(super) subscriptions: VecDeque<Subscription>,
    pub(super) wake: Arc<Notify>,
}

impl Post {
    /// Nothing to say.
    pub(super) fn new() -> Self {
        Self {
            undelivered: VecDeque::new(),
            to_client: VecDeque::new(),
            questions: VecDeque::new(),
            subscriptions: VecDeque::new(),
            wake: Arc::default(),
        }
    }

    /// Delivers at once if the room has a place and nothing waits in front.
    fn deliver(&mut self, room: &Arc<RoomHandle>, message: RoomMessage) {
        if !self.undelivered.is_empty() {
            self.undelivered.push_back((Arc::clone(room), message));
            return;
        }
        match room.sender().try_send(message) {
            Ok(()) => {}
            Err(TrySendError::Full(message)) => self.undelivered.push_back((Arc::clone(room), message)),
            Err(TrySendError::Closed(message)) => undeliverable(message),
        }
    }

    /// Whether a message waits for a room.
    pub(super) fn is_waiting(&self) -> bool {
        !self.undelivered.is_empty()
    }

    /// Waits until the first message can be delivered, and delivers it. Safe to drop half-way.
    pub(super) async fn deliver_one(&mut self) {
        let Some((room, _)) = self.undelivered.front() else {
            return;
        };
        let room = Arc::clone(room);
        let permit = room.sender().reserve().await;
        let Some((_, message)) = self.undelivered.pop_front() else {
            return;
        };
        match permit {
            Ok(permit) => permit.send(message),
            Err(_) => undeliverable(message),
        }
    }

    /// Delivers everything.
    pub(super) async fn deliver_all(&mut self) {
        while self.is_waiting() {
            self.deliver_one().await;
        }
    }
}

/// The room has given up. Its members know why; who was about to join does not.
fn undeliverable(message: RoomMessage) {
    if let RoomMessage::Join(join) = message {
        join.outbox.close(CloseReason::StorageUnavailable);
    }
}
