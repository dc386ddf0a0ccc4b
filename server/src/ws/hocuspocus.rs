//! What frames mean on a Hocuspocus connection: many documents on one socket, each authenticated on its own.
//!
//! Messages that come while it is not decided whether their document opens are kept in order, within bounds; nothing
//! is answered and nothing reaches a room before. The other documents of the socket go on meanwhile.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;
use weft_protocol::close::CloseReason;
use weft_protocol::hocuspocus::{self, ClientBody, ClientFrame, ClientMessage, Scope, SyncStatus};
use weft_protocol::id::DocumentName;

use super::admission::{Admitted, Answer, Question};
use super::membership::{Membership, Post};
use super::protocol::{Ended, Protocol};
use super::{Gateway, Unauthenticated, feeds, sync_to_room};
use crate::access::{Grant, Refusal};
use crate::auth::{Access, UnixSeconds};
use crate::caps::Place;
use crate::config::LimitsConfig;
use crate::http::v1::channel;
use crate::rooms::{Dialect, RoomMessage};

/// What a document is told that would be one too many on its socket.
const TOO_MANY_DOCUMENTS: &str = "too-many-documents";
/// The reason in the answer to a client's close, as Hocuspocus gives it.
const CLOSED_BY_CLIENT: &str = "provider_initiated";

#[derive(Debug)]
enum State {
    /// Nobody has shown anything for it yet.
    New,
    /// A member of its room.
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
    /// The question about it that is under way.
    attempt: Option<u64>,
    /// What waits for the answer, or for the first question.
    queue: VecDeque<Bytes>,
}

/// One client of many documents.
#[derive(Debug)]
pub(super) struct Hocuspocus {
    documents: Vec<Document>,
    queued_messages: usize,
    queued_bytes: usize,
    attempts: u64,
    /// Held until the first document is open.
    unauthenticated: Option<Unauthenticated>,
    /// Its places among the sockets of the accounts that have opened documents on it.
    places: Vec<Place<Uuid>>,
}

impl Hocuspocus {
    /// A socket without documents.
    pub(super) fn new(unauthenticated: Unauthenticated) -> Self {
        Self {
            documents: Vec::new(),
            queued_messages: 0,
            queued_bytes: 0,
            attempts: 0,
            unauthenticated: Some(unauthenticated),
            places: Vec::new(),
        }
    }

    fn receive_message(
        &mut self,
        gateway: &Gateway,
        message: &ClientMessage<'_>,
        frame: &Bytes,
        post: &mut Post,
    ) -> Result<(), CloseReason> {
        match message.body {
            ClientBody::Forbidden { .. } => return Err(CloseReason::ProtocolError),
            ClientBody::Ignored { .. } => return Ok(()),
            _ => {}
        }
        let position = match self.position(message.name) {
            Some(position) => position,
            // It would end the next attempt to open the document.
            None if message.body == ClientBody::Close => return Ok(()),
            None => match self.add(gateway, message.name, post) {
                Some(position) => position,
                None => return Ok(()),
            },
        };
        let Some(document) = self.documents.get_mut(position) else {
            return Ok(());
        };
        if document.attempt.is_some() {
            return self.queue(gateway, position, frame);
        }
        // What is said to the server is not for the room.
        if let (State::Open { membership, .. }, ClientBody::Stateless { payload }) =
            (&mut document.state, message.body)
            && let Some(said) = channel::said(payload)
        {
            feeds::hear(gateway, membership, &document.name, said, post);
            return Ok(());
        }
        match (&document.state, message.body) {
            (_, ClientBody::Authenticate { token, .. }) => {
                self.authenticate(position, message, token, post);
                Ok(())
            }
            (State::Open { .. } | State::Refused, ClientBody::Close) => {
                self.close(position, post);
                Ok(())
            }
            (State::Open { membership, .. }, body) => to_room(membership, body, frame, gateway, post),
            // A close of an attempt that was refused is not kept: it would end the next one.
            (State::Refused, _) | (State::New, ClientBody::Close) => Ok(()),
            (State::New, _) => self.queue(gateway, position, frame),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.documents.iter().position(|document| &*document.name == name)
    }

    /// Keeps a message until it is decided whether its document opens.
    fn queue(&mut self, gateway: &Gateway, position: usize, frame: &Bytes) -> Result<(), CloseReason> {
        self.queued_messages += 1;
        self.queued_bytes += frame.len();
        if self.queued_messages > gateway.limits.max_queued_messages_before_authentication
            || self.queued_bytes > gateway.limits.max_queued_bytes_before_authentication
        {
            return Err(CloseReason::AuthenticationTimeout);
        }
        if let Some(document) = self.documents.get_mut(position) {
            // A copy, so that a small message does not keep a large read buffer.
            document.queue.push_back(Bytes::copy_from_slice(frame));
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
            state: State::New,
            attempt: None,
            queue: VecDeque::new(),
        });
        Some(self.documents.len() - 1)
    }

    /// Asks whether the document may be opened, or go on being open.
    fn authenticate(&mut self, position: usize, message: &ClientMessage<'_>, token: &str, post: &mut Post) {
        let Ok(name) = DocumentName::parse(message.document) else {
            self.refuse(position, CloseReason::InvalidDocumentName, post);
            return;
        };
        let Some(document) = self.documents.get_mut(position) else {
            return;
        };
        self.attempts += 1;
        document.attempt = Some(self.attempts);
        post.questions.push_back(Question {
            name: Arc::clone(&document.name),
            attempt: self.attempts,
            document: name,
            credential: Some(token).filter(|token| !token.is_empty()).map(Into::into),
        });
    }

    /// Counts this socket as one of the account's, once.
    fn take_place(&mut self, gateway: &Gateway, user: Option<Uuid>) -> Result<(), CloseReason> {
        let Some(user) = user.filter(|user| self.places.iter().all(|place| place.key() != *user)) else {
            return Ok(());
        };
        self.places
            .push(gateway.users.take(user).ok_or(CloseReason::TooManySockets)?);
        Ok(())
    }

    fn refuse(&mut self, position: usize, reason: CloseReason, post: &mut Post) {
        self.end(position, post);
        if let Some(document) = self.documents.get(position) {
            post.to_client
                .push_back(hocuspocus::permission_denied(&document.name, reason.as_str()));
        }
    }

    /// Opens a document, or goes on with it under a new grant.
    fn open(
        &mut self,
        gateway: &Gateway,
        position: usize,
        name: &DocumentName,
        admitted: &Admitted,
        post: &mut Post,
    ) {
        let Some(document) = self.documents.get_mut(position) else {
            return;
        };
        let greeting = greeting(&document.name, &admitted.grant);
        self.unauthenticated = None;
        if let State::Open { membership, .. } = &mut document.state {
            membership.renew(admitted, greeting, post);
            return;
        }
        let dialect = Dialect::Hocuspocus(Arc::clone(&document.name));
        document.state = State::Open {
            membership: Membership::enter(gateway, name, admitted, dialect, Some(greeting), post),
            saved: hocuspocus::sync_status(&document.name, SyncStatus::Saved),
            refused: hocuspocus::sync_status(&document.name, SyncStatus::Refused),
        };
    }

    /// The client no longer needs a document.
    fn close(&mut self, position: usize, post: &mut Post) {
        let Some(document) = self.documents.get(position) else {
            return;
        };
        if matches!(document.state, State::Open { .. }) {
            post.to_client
                .push_back(hocuspocus::close(&document.name, CLOSED_BY_CLIENT));
        }
        self.end(position, post);
        self.take_queue(position);
        self.documents.swap_remove(position);
    }

    /// Leaves the room; the document stays listed as refused.
    fn end(&mut self, position: usize, post: &mut Post) {
        let Some(document) = self.documents.get_mut(position) else {
            return;
        };
        if let State::Open { membership, .. } = std::mem::replace(&mut document.state, State::Refused) {
            membership.leave(post);
        }
    }

    fn take_queue(&mut self, position: usize) -> VecDeque<Bytes> {
        let Some(document) = self.documents.get_mut(position) else {
            return VecDeque::new();
        };
        let frames = std::mem::take(&mut document.queue);
        self.queued_messages -= frames.len();
        self.queued_bytes -= frames.iter().map(Bytes::len).sum::<usize>();
        frames
    }

    fn open_document(&self, membership: usize) -> Option<(usize, &Document)> {
        let open = |(_, document): &(usize, &Document)| matches!(document.state, State::Open { .. });
        self.documents.iter().enumerate().filter(open).nth(membership)
    }
}

/// The frame that says "you are in", and how far.
fn greeting(name: &str, grant: &Grant) -> Bytes {
    let scope = match grant.access {
        Access::ReadWrite => Scope::ReadWrite,
        Access::ReadOnly => Scope::ReadOnly,
    };
    hocuspocus::authenticated(name, scope)
}

/// Hands a message of an open document to its room.
fn to_room(
    membership: &Membership,
    body: ClientBody<'_>,
    frame: &Bytes,
    gateway: &Gateway,
    post: &mut Post,
) -> Result<(), CloseReason> {
    let member = membership.id;
    let message = match body {
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
        // These never come here.
        ClientBody::Close
        | ClientBody::Authenticate { .. }
        | ClientBody::Forbidden { .. }
        | ClientBody::Ignored { .. } => return Ok(()),
    };
    membership.post(message, post);
    Ok(())
}

impl Protocol for Hocuspocus {
    fn receive(&mut self, gateway: &Gateway, frame: Bytes, post: &mut Post) -> Result<(), CloseReason> {
        match hocuspocus::decode(&frame).map_err(|_| CloseReason::ProtocolError)? {
            ClientFrame::Pong => Ok(()),
            ClientFrame::Message(message) => self.receive_message(gateway, &message, &frame, post),
        }
    }

    fn answered(&mut self, gateway: &Gateway, answer: Answer, post: &mut Post) -> Result<(), CloseReason> {
        let Some(position) = self.position(&answer.name) else {
            return Ok(());
        };
        let Some(document) = self.documents.get_mut(position) else {
            return Ok(());
        };
        if document.attempt != Some(answer.attempt) {
            return Ok(());
        }
        document.attempt = None;
        match answer.outcome {
            Ok(admitted) => {
                self.take_place(gateway, admitted.grant.identity.user())?;
                self.open(gateway, position, &answer.document, &admitted, post);
            }
            // It may be possible in a moment, but a provider only comes back with its socket.
            Err(Refusal::Unavailable) => return Err(gateway.refusal_reason(Refusal::Unavailable)),
            Err(refusal) => self.refuse(position, gateway.refusal_reason(refusal), post),
        }
        // What waited comes now, in order; after a refusal it is dropped up to the next attempt.
        for frame in self.take_queue(position) {
            self.receive(gateway, frame, post)?;
        }
        Ok(())
    }

    fn is_full(&self, limits: &LimitsConfig) -> bool {
        self.queued_messages * 2 > limits.max_queued_messages_before_authentication
            || self.queued_bytes * 2 > limits.max_queued_bytes_before_authentication
    }

    fn memberships(&mut self) -> impl Iterator<Item = &mut Membership> {
        self.documents
            .iter_mut()
            .filter_map(|document| match &mut document.state {
                State::Open { membership, .. } => Some(membership),
                State::New | State::Refused => None,
            })
    }

    fn status(&self, membership: usize, status: SyncStatus) -> Option<Bytes> {
        match (&self.open_document(membership)?.1.state, status) {
            (State::Open { saved, .. }, SyncStatus::Saved) => Some(saved.clone()),
            (State::Open { refused, .. }, SyncStatus::Refused) => Some(refused.clone()),
            (State::New | State::Refused, _) => None,
        }
    }

    fn regranted(&mut self, membership: usize, grant: &Grant, post: &mut Post) {
        let open = |document: &&mut Document| matches!(document.state, State::Open { .. });
        let Some(document) = self.documents.iter_mut().filter(open).nth(membership) else {
            return;
        };
        if let State::Open { membership, .. } = &mut document.state {
            membership.regrant(grant, Some(greeting(&document.name, grant)), post);
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
        // Whose right is gone may show another one; the provider then asks the application for it.
        let is_denied = matches!(reason, CloseReason::AccessRevoked | CloseReason::Unauthorized);
        post.to_client.push_back(if was_open && !is_denied {
            hocuspocus::close(&name, reason.as_str())
        } else {
            hocuspocus::permission_denied(&name, reason.as_str())
        });
        Ended::Membership
    }

    fn expire(&mut self, now: UnixSeconds, post: &mut Post) -> Result<(), CloseReason> {
        for position in 0..self.documents.len() {
            let expires_at = match &self.documents[position].state {
                State::Open { membership, .. } => membership.expires_at,
                State::New | State::Refused => None,
            };
            if expires_at.is_some_and(|at| at <= now) {
                self.refuse(position, CloseReason::Unauthorized, post);
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
