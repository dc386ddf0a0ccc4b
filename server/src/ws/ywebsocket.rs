//! What frames mean on a y-websocket connection: one document, named by the URL.

use bytes::Bytes;
use uuid::Uuid;
use weft_protocol::close::CloseReason;
use weft_protocol::hocuspocus::SyncStatus;
use weft_protocol::id::DocumentName;
use weft_protocol::ywebsocket::{self, ClientFrame};

use super::admission::{Admitted, Answer};
use super::membership::{Membership, Post};
use super::protocol::{Ended, Protocol};
use super::{Gateway, sync_to_room};
use crate::access::Grant;
use crate::auth::UnixSeconds;
use crate::caps::Place;
use crate::config::LimitsConfig;
use crate::rooms::{Dialect, RoomMessage};

/// One client of one document.
#[derive(Debug)]
pub(super) struct YWebsocket {
    membership: Option<Membership>,
    /// Its place among the sockets of its account.
    _place: Option<Place<Uuid>>,
}

impl YWebsocket {
    /// Joins `document` by the right that was granted.
    ///
    /// # Errors
    /// [`CloseReason::TooManySockets`] if the account has as many as it may.
    pub(super) fn join(
        gateway: &Gateway,
        document: &DocumentName,
        admitted: &Admitted,
        post: &mut Post,
    ) -> Result<Self, CloseReason> {
        let place = match admitted.grant.identity.user() {
            Some(user) => Some(gateway.users.take(user).ok_or(CloseReason::TooManySockets)?),
            None => None,
        };
        let membership = Membership::enter(gateway, document, admitted, Dialect::YWebsocket, None, post);
        Ok(Self {
            membership: Some(membership),
            _place: place,
        })
    }
}

impl Protocol for YWebsocket {
    fn receive(&mut self, gateway: &Gateway, frame: Bytes, post: &mut Post) -> Result<(), CloseReason> {
        let Some(membership) = &self.membership else {
            return Ok(());
        };
        let member = membership.id;
        let message = match ywebsocket::decode(&frame).map_err(|_| CloseReason::ProtocolError)? {
            ClientFrame::Sync(message) => sync_to_room(member, message, &frame, &gateway.limits)?,
            ClientFrame::Awareness(body) => RoomMessage::Awareness {
                member,
                body: frame.slice_ref(body),
            },
            ClientFrame::QueryAwareness => RoomMessage::QueryAwareness { member },
            ClientFrame::Acknowledge => RoomMessage::Echo {
                member,
                frame: frame.clone(),
            },
            ClientFrame::Ignored { .. } => return Ok(()),
        };
        membership.post(message, post);
        Ok(())
    }

    fn answered(&mut self, _gateway: &Gateway, _answer: Answer, _post: &mut Post) -> Result<(), CloseReason> {
        // Its only question was answered before the socket opened.
        Ok(())
    }

    fn is_full(&self, _limits: &LimitsConfig) -> bool {
        false
    }

    fn memberships(&mut self) -> impl Iterator<Item = &mut Membership> {
        self.membership.iter_mut()
    }

    fn status(&self, _membership: usize, _status: SyncStatus) -> Option<Bytes> {
        None
    }

    fn regranted(&mut self, _membership: usize, grant: &Grant, post: &mut Post) {
        if let Some(membership) = &mut self.membership {
            membership.regrant(grant, None, post);
        }
    }

    fn ended(&mut self, _membership: usize, reason: CloseReason, _post: &mut Post) -> Ended {
        Ended::Connection(reason)
    }

    fn expire(&mut self, now: UnixSeconds, _post: &mut Post) -> Result<(), CloseReason> {
        let expired = self
            .membership
            .as_ref()
            .and_then(|membership| membership.expires_at)
            .is_some_and(|at| at <= now);
        if expired {
            Err(CloseReason::Unauthorized)
        } else {
            Ok(())
        }
    }

    fn is_authenticated(&self) -> bool {
        true
    }

    fn keep_alive(&self) -> Option<Bytes> {
        Some(Bytes::from_static(ywebsocket::KEEP_ALIVE))
    }

    fn leave_all(&mut self, post: &mut Post) {
        if let Some(membership) = self.membership.take() {
            membership.leave(post);
        }
    }
}
