//! What frames mean on a Hocuspocus connection: many documents on one socket, each authenticated on its own.
//!
//! Messages that come before their document is authenticated are kept in order, within bounds; nothing is answered and
//! nothing reaches a room before.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use weft_protocol::close::CloseReason;
use weft_protocol::hocuspocus::{self, ClientBody, ClientFrame, ClientMessage, Scope, SyncStatus};
use weft_protocol::id::DocumentName;

use super::connection::{Ended, Protocol};
use super::membership::{Membership, Post};
use super::{Gateway, Unauthenticated, sync_to_room};
use crate::auth::{Access, Grant, UnixSeconds};
use crate::rooms::{Dialect, RoomMessage};

/// What a document is told that would be one too many on its socket.
const TOO_MANY_DOCUMENTS: &str = "too-many-documents";
/// The reason in the answer to a client's close, as Hocuspocus gives it.
const CLOSED_BY_CLIENT: &str = "provider_initiated";

#[derive(Debug)]
enum State {
    /// Not authenticated yet: what came so far.
    Waiting(VecDeque<Bytes>),
    /// Authenticated, and a member of its room.
    Open {
        membership: Membership,
        saved: Bytes,
        refused: Bytes,
    },
    /// Refused or ended: what still comes is dropped until the client authenticates again.
    Refused,
}

#[derive(Debug)]
struct Document {
    /// The name as the client sends it, with its session if it has one.
    name: Arc<str>,
    state: State,
}

/// One client of many documents.
#[derive(Debug)]
pub(super) struct Hocuspocus {
    documents: Vec<Document>,
    queued_messages: usize,
    queued_bytes: usize,
    /// Held until the first document is open.
    unauthenticated: Option<Unauthenticated>,
}

impl Hocuspocus {
    /// A socket without documents.
    pub(super) fn new(unauthenticated: Unauthenticated) -> Self {
        Self {
            documents: Vec::new(),
            queued_messages: 0,
            queued_bytes: 0,
            unauthenticated: Some(unauthenticated),
        }
    }

    fn receive_message(
        &mut self,
        gateway: &Gateway,
        message: &ClientMessage<'_>,
        frame: &Bytes,
        post: &mut Post,
    ) -> Result<(), CloseReason> {
        if let ClientBody::Authenticate { token, .. } = message.body {
            return self.authenticate(gateway, message, token, post);
        }
        let position = self
            .documents
            .iter()
            .position(|document| &*document.name == message.name);
        let Some(document) = position.and_then(|position| self.documents.get_mut(position)) else {
            return self.queue(gateway, message, frame, None, post);
        };
        match &mut document.state {
            State::Open { membership, .. } => {
                let member = membership.id;
                let to_room = match message.body {
                    ClientBody::Sync(sync) => sync_to_room(member, sync, frame, &gateway.limits)?,
                    ClientBody::Awareness(body) => RoomMessage::Awareness {
                        member,
                        body: frame.slice_ref(body),
                    },
                    ClientBody::QueryAwareness => RoomMessage::QueryAwareness { member },
                    ClientBody::Stateless { payload } => RoomMessage::Stateless {
                        member,
                        payload: payload.into(),
                    },
                    ClientBody::Close => {
                        self.close(message.name, post);
                        return Ok(());
                    }
                    ClientBody::Forbidden { .. } => return Err(CloseReason::ProtocolError),
                    ClientBody::Ignored { .. } | ClientBody::Authenticate { .. } => return Ok(()),
                };
                membership.post(to_room, post);
                Ok(())
            }
            State::Waiting(_) => self.queue(gateway, message, frame, position, post),
            State::Refused => {
                if message.body == ClientBody::Close {
                    self.documents.retain(|document| &*document.name != message.name);
                }
                Ok(())
            }
        }
    }

    /// Keeps a message until its document is authenticated. A close is not kept: it belongs to an attempt that was
    /// refused, and would end the next one.
    fn queue(
        &mut self,
        gateway: &Gateway,
        message: &ClientMessage<'_>,
        frame: &Bytes,
        position: Option<usize>,
        post: &mut Post,
    ) -> Result<(), CloseReason> {
        match message.body {
            ClientBody::Close | ClientBody::Ignored { .. } => return Ok(()),
            ClientBody::Forbidden { .. } => return Err(CloseReason::ProtocolError),
            _ => {}
        }
        self.queued_messages += 1;
        self.queued_bytes += frame.len();
        if self.queued_messages > gateway.limits.max_queued_messages_before_authentication
            || self.queued_bytes > gateway.limits.max_queued_bytes_before_authentication
        {
            return Err(CloseReason::AuthenticationTimeout);
        }
        let position = match position {
            Some(position) => position,
            None => match self.add(gateway, message.name, post) {
                Some(position) => position,
                None => return Ok(()),
            },
        };
        if let Some(Document {
            state: State::Waiting(frames),
            ..
        }) = self.documents.get_mut(position)
        {
            // A copy, so that a small message does not keep a large read buffer.
            frames.push_back(Bytes::copy_from_slice(frame));
        }
        Ok(())
    }

    /// A place for one more document, or `None` if the client is told that there is none.
    fn add(&mut self, gateway: &Gateway, name: &str, post: &mut Post) -> Option<usize> {
        if self.documents.len() >= gateway.limits.max_documents_per_socket {
            post.to_client
                .push_back(hocuspocus::permission_denied(name, TOO_MANY_DOCUMENTS));
            return None;
        }
        self.documents.push(Document {
            name: name.into(),
            state: State::Waiting(VecDeque::new()),
        });
        Some(self.documents.len() - 1)
    }

    fn authenticate(
        &mut self,
        gateway: &Gateway,
        message: &ClientMessage<'_>,
        token: &str,
        post: &mut Post,
    ) -> Result<(), CloseReason> {
        let position = match self
            .documents
            .iter()
            .position(|document| &*document.name == message.name)
        {
            Some(position) => position,
            None => match self.add(gateway, message.name, post) {
                Some(position) => position,
                None => return Ok(()),
            },
        };
        let granted = DocumentName::parse(message.document)
            .map_err(|_| CloseReason::InvalidDocumentName)
            .and_then(|name| {
                let token = Some(token).filter(|token| !token.is_empty());
                let grant = gateway
                    .authenticator
                    .authorize(token, &name, gateway.now_seconds());
                Ok((name, grant.map_err(|refusal| gateway.refusal_reason(refusal))?))
            });
        let queued = match granted {
            Err(reason) => {
                self.end(position, post);
                post.to_client
                    .push_back(hocuspocus::permission_denied(message.name, reason.as_str()));
                return Ok(());
            }
            Ok((name, grant)) => self.open(gateway, position, &name, &grant, post),
        };
        for frame in queued {
            self.queued_messages -= 1;
            self.queued_bytes -= frame.len();
            self.receive(gateway, frame, post)?;
        }
        Ok(())
    }

    /// Opens a document, or renews the right to it. Returns what had come before.
    fn open(
        &mut self,
        gateway: &Gateway,
        position: usize,
        name: &DocumentName,
        grant: &Grant,
        post: &mut Post,
    ) -> VecDeque<Bytes> {
        let Some(document) = self.documents.get_mut(position) else {
            return VecDeque::new();
        };
        let scope = match grant.access {
            Access::ReadWrite => Scope::ReadWrite,
            Access::ReadOnly => Scope::ReadOnly,
        };
        let greeting = hocuspocus::authenticated(&document.name, scope);
        self.unauthenticated = None;
        if let State::Open { membership, .. } = &mut document.state {
            membership.expires_at = grant.expires_at;
            let message = RoomMessage::SetAccess {
                member: membership.id,
                access: grant.access,
                notice: greeting,
            };
            membership.post(message, post);
            return VecDeque::new();
        }
        let dialect = Dialect::Hocuspocus(Arc::clone(&document.name));
        let membership = Membership::enter(gateway, name, grant, dialect, Some(greeting), post);
        let open = State::Open {
            membership,
            saved: hocuspocus::sync_status(&document.name, SyncStatus::Saved),
            refused: hocuspocus::sync_status(&document.name, SyncStatus::Refused),
        };
        match std::mem::replace(&mut document.state, open) {
            State::Waiting(frames) => frames,
            State::Open { .. } | State::Refused => VecDeque::new(),
        }
    }

    /// The client no longer needs a document.
    fn close(&mut self, name: &str, post: &mut Post) {
        if let Some(position) = self.documents.iter().position(|document| &*document.name == name) {
            self.end(position, post);
            self.documents.swap_remove(position);
            post.to_client
                .push_back(hocuspocus::close(name, CLOSED_BY_CLIENT));
        }
    }

    /// Leaves the room and forgets what waits; the document stays listed as refused.
    fn end(&mut self, position: usize, post: &mut Post) {
        let Some(document) = self.documents.get_mut(position) else {
            return;
        };
        match std::mem::replace(&mut document.state, State::Refused) {
            State::Open { membership, .. } => membership.leave(post),
            State::Waiting(frames) => {
                self.queued_messages -= frames.len();
                self.queued_bytes -= frames.iter().map(Bytes::len).sum::<usize>();
            }
            State::Refused => {}
        }
    }

    fn open_document(&self, membership: usize) -> Option<(usize, &Document)> {
        let open = |(_, document): &(usize, &Document)| matches!(document.state, State::Open { .. });
        self.documents.iter().enumerate().filter(open).nth(membership)
    }
}

impl Protocol for Hocuspocus {
    fn receive(&mut self, gateway: &Gateway, frame: Bytes, post: &mut Post) -> Result<(), CloseReason> {
        match hocuspocus::decode(&frame).map_err(|_| CloseReason::ProtocolError)? {
            ClientFrame::Pong => Ok(()),
            ClientFrame::Message(message) => self.receive_message(gateway, &message, &frame, post),
        }
    }

    fn memberships(&mut self) -> impl Iterator<Item = &mut Membership> {
        self.documents
            .iter_mut()
            .filter_map(|document| match &mut document.state {
                State::Open { membership, .. } => Some(membership),
                State::Waiting(_) | State::Refused => None,
            })
    }

    fn status(&self, membership: usize, status: SyncStatus) -> Option<Bytes> {
        match (&self.open_document(membership)?.1.state, status) {
            (State::Open { saved, .. }, SyncStatus::Saved) => Some(saved.clone()),
            (State::Open { refused, .. }, SyncStatus::Refused) => Some(refused.clone()),
            (State::Waiting(_) | State::Refused, _) => None,
        }
    }

    fn ended(&mut self, membership: usize, reason: CloseReason, post: &mut Post) -> Ended {
        // Storage may be back in a moment, but a provider only comes back with its socket.
        if reason == CloseReason::StorageUnavailable {
            return Ended::Connection(reason);
        }
        let Some((position, document)) = self.open_document(membership) else {
            return Ended::Membership;
        };
        let name = Arc::clone(&document.name);
        let was_open = matches!(&document.state, State::Open { membership, .. } if membership.greeted);
        self.end(position, post);
        post.to_client.push_back(if was_open {
            hocuspocus::close(&name, reason.as_str())
        } else {
            hocuspocus::permission_denied(&name, reason.as_str())
        });
        Ended::Membership
    }

    fn expire(&mut self, now: UnixSeconds, post: &mut Post) -> Result<(), CloseReason> {
        for position in 0..self.documents.len() {
            let document = &self.documents[position];
            let expires_at = match &document.state {
                State::Open { membership, .. } => membership.expires_at,
                State::Waiting(_) | State::Refused => None,
            };
            if expires_at.is_some_and(|at| at <= now) {
                let reason = CloseReason::Unauthorized.as_str();
                post.to_client
                    .push_back(hocuspocus::permission_denied(&document.name, reason));
                self.end(position, post);
            }
        }
        Ok(())
    }

    fn is_authenticated(&self) -> bool {
        self.unauthenticated.is_none()
    }

    fn keep_alive(&self) -> Option<Bytes> {
        // Providers watch the socket, not the document: one frame for any of them will do.
        self.documents
            .first()
            .map(|document| hocuspocus::keep_alive(&document.name))
    }

    fn leave_all(&mut self, post: &mut Post) {
        for position in 0..self.documents.len() {
            self.end(position, post);
        }
    }
}
