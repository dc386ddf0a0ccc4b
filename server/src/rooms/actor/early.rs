//! Answers those who come with nothing from the stored bytes, while the document is built from the same bytes.
//!
//! Building a large document takes a tenth of a second and more, sending it does not. Whoever has nothing is sent what is
//! stored, oldest first: the snapshot and what was written since, as updates, and the last of them as the step 2 that
//! says that they are synced. All else waits for the room.
//!
//! It must never send bytes that the scan has not passed, never answer those who come behind a change that the stored bytes
//! have not, and never hold more messages than [`MOST_MESSAGES`].

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use weft_protocol::close::CloseReason;
use weft_protocol::renewal::Renewal;
use weft_protocol::scan::{UpdateLimits, scan_update};

use super::super::dialect::{Dialect, Payload};
use super::super::outbox::Outbox;
use super::super::{MemberId, RoomMessage};
use super::turn_away;

/// Messages that are taken in while the document is built; more wait in the mailbox.
const MOST_MESSAGES: usize = 256;
/// Clients are not made to put together more pieces than this.
const MOST_PIECES: usize = 64;
/// Envelopes whose frames are kept: sessions of one document may each have their own.
const KEPT_FRAMES: usize = 4;
/// What a client says who has nothing: a state vector without clients.
const NOTHING: &[u8] = &[0];

/// What is sent before the document is there, and what has come meanwhile.
pub(super) struct Early {
    /// The snapshot, then what was written since.
    pieces: Vec<Bytes>,
    most_members: usize,
    /// What is sent, encoded once for each envelope.
    frames: Vec<(Dialect, Vec<Bytes>)>,
    members: HashMap<MemberId, (Arc<Outbox>, Dialect)>,
    messages: Vec<RoomMessage>,
    /// Something has come that changes the document: members will be told of it, who comes now would not be.
    has_changes: bool,
}

impl Early {
    /// For a document of these `updates`, oldest first; `None` if they are not to be sent as they are.
    pub(super) fn of(updates: Vec<Bytes>, most_members: usize) -> Option<Self> {
        let may_be_sent = |update: &Bytes| {
            !Renewal::is_one(update) && scan_update(update, &UpdateLimits::trusted_state()).is_ok()
        };
        let sends = updates.len() <= MOST_PIECES && !updates.is_empty() && updates.iter().all(may_be_sent);
        sends.then(|| Self {
            pieces: updates,
            most_members,
            frames: Vec::new(),
            members: HashMap::new(),
            messages: Vec::new(),
            has_changes: false,
        })
    }

    /// Whether one more message may be taken in.
    pub(super) fn takes_more(&self) -> bool {
        self.messages.len() < MOST_MESSAGES
    }

    /// Keeps a message for the room, and answers it if it comes from somebody who has nothing.
    pub(super) fn take(&mut self, mut message: RoomMessage) {
        match &mut message {
            RoomMessage::Join(join) if self.members.len() < self.most_members && !self.has_changes => {
                let way = (Arc::clone(&join.outbox), join.dialect.clone());
                // It goes out before any answer.
                if let Some(greeting) = join.greeting.take() {
                    join.outbox.push_answer(greeting);
                }
                self.members.insert(join.member, way);
            }
            RoomMessage::StepOne { member, state_vector } if state_vector == NOTHING => {
                if let Some((outbox, dialect)) = self.members.get(member).cloned()
                    && !outbox.is_full()
                {
                    for frame in self.frames_for(&dialect) {
                        outbox.push_answer(frame.clone());
                    }
                    message = RoomMessage::Answered { member: *member };
                }
            }
            RoomMessage::Edit(_) | RoomMessage::Content(_) | RoomMessage::Heard(_) => self.has_changes = true,
            _ => {}
        }
        self.messages.push(message);
    }

    /// What is left for the room.
    pub(super) fn into_messages(self) -> Vec<RoomMessage> {
        self.messages
    }

    /// The document cannot be had after all.
    pub(super) fn turn_away(self, reason: CloseReason) {
        for message in self.messages {
            turn_away(message, reason);
        }
    }

    fn frames_for(&mut self, dialect: &Dialect) -> &[Bytes] {
        let position = self.frames.iter().position(|(known, _)| known == dialect);
        let position = position.unwrap_or_else(|| {
            let last = self.pieces.len() - 1;
            let frames = self.pieces.iter().enumerate().map(|(position, piece)| {
                dialect.frame(match position == last {
                    true => Payload::StepTwo(piece),
                    false => Payload::Update(piece),
                })
            });
            let frames = frames.collect();
            if self.frames.len() == KEPT_FRAMES {
                self.frames.remove(0);
            }
            self.frames.push((dialect.clone(), frames));
            self.frames.len() - 1
        });
        &self.frames[position].1
    }
}

#[cfg(test)]
mod tests {
    use weft_protocol::sync::SyncMessage;
    use weft_protocol::ywebsocket::{self, ClientFrame};
    use weft_storage::bus::Heard;
    use yrs::updates::decoder::Decode;
    use yrs::updates::encoder::Encode;
    use yrs::{Doc, GetString, ReadTxn, StateVector, Text, Transact, Update};

    use super::super::super::Join;
    use super::super::super::outbox::Outgoing;
    use super::*;
    use crate::auth::Access;

    /// A snapshot of "one " and the row that made it "one two".
    fn stored() -> [Bytes; 2] {
        let doc = Doc::with_client_id(7);
        let text = doc.get_or_insert_text("text");
        text.push(&mut doc.transact_mut(), "one ");
        let snapshot = doc.transact().encode_state_as_update_v1(&StateVector::default());
        let mut transaction = doc.transact_mut();
        text.push(&mut transaction, "two");
        [snapshot.into(), transaction.encode_update_v1().into()]
    }

    fn join(id: u64) -> (RoomMessage, Arc<Outbox>) {
        let outbox = Arc::new(Outbox::new(1 << 20, Arc::default()));
        let join = RoomMessage::Join(Join {
            member: MemberId(id),
            outbox: Arc::clone(&outbox),
            dialect: Dialect::YWebsocket,
            access: Access::ReadOnly,
            author: None,
            greeting: Some(Bytes::from_static(b"welcome")),
        });
        (join, outbox)
    }

    fn asks(id: u64, state_vector: &[u8]) -> RoomMessage {
        RoomMessage::StepOne {
            member: MemberId(id),
            state_vector: Bytes::copy_from_slice(state_vector),
        }
    }

    fn frames(outbox: &Outbox) -> Vec<Bytes> {
        let frame = || match outbox.next()? {
            Outgoing::Frame(frame) => Some(frame),
            other => panic!("{other:?}"),
        };
        std::iter::from_fn(frame).collect()
    }

    fn vector_of(message: &RoomMessage) -> &[u8] {
        match message {
            RoomMessage::StepOne { state_vector, .. } => state_vector,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn whoever_has_nothing_has_everything_with_the_step_two() {
        let mut early = Early::of(stored().to_vec(), 2).unwrap();
        let (message, outbox) = join(1);
        early.take(message);
        early.take(asks(1, NOTHING));
        let frames = frames(&outbox);
        assert_eq!(frames[0], "welcome", "what greets goes out first");
        let doc = Doc::new();
        let text = doc.get_or_insert_text("text");
        for (position, frame) in frames[1..].iter().enumerate() {
            let update = match ywebsocket::decode(frame) {
                Ok(ClientFrame::Sync(SyncMessage::Update { update })) if position == 0 => update,
                Ok(ClientFrame::Sync(SyncMessage::StepTwo { update })) if position == 1 => update,
                other => panic!("{position}: {other:?}"),
            };
            let update = Update::decode_v1(update).unwrap();
            doc.transact_mut().apply_update(update).unwrap();
        }
        assert_eq!(text.get_string(&doc.transact()), "one two");

        let messages = early.into_messages();
        assert!(matches!(&messages[0], RoomMessage::Join(join) if join.greeting.is_none()));
        assert!(matches!(
            messages[1],
            RoomMessage::Answered { member: MemberId(1) }
        ));
    }

    #[test]
    fn whoever_has_something_or_is_one_too_many_waits_for_the_room() {
        let mut early = Early::of(stored().to_vec(), 1).unwrap();
        let (member, outbox) = join(1);
        let (one_too_many, turned_away) = join(2);
        let something = Doc::with_client_id(7);
        something
            .get_or_insert_text("text")
            .push(&mut something.transact_mut(), "one ");
        let something = something.transact().state_vector().encode_v1();
        for message in [
            member,
            one_too_many,
            asks(1, &something),
            asks(2, NOTHING),
            asks(3, NOTHING),
        ] {
            early.take(message);
        }
        assert_eq!(frames(&outbox), ["welcome"]);
        assert_eq!(frames(&turned_away), Vec::<Bytes>::new());
        let messages = early.into_messages();
        assert_eq!(messages.len(), 5);
        assert_eq!(vector_of(&messages[2]), something);
        assert_eq!(vector_of(&messages[3]), NOTHING);
    }

    #[test]
    fn whoever_comes_behind_a_change_waits_for_the_room() {
        let mut early = Early::of(stored().to_vec(), 3).unwrap();
        let [(first, _kept), (second, outbox)] = [join(1), join(2)];
        early.take(first);
        early.take(RoomMessage::Heard(Heard::Gap));
        early.take(second);
        early.take(asks(2, NOTHING));
        early.take(asks(1, NOTHING));
        assert_eq!(frames(&outbox), Vec::<Bytes>::new());
        let messages = early.into_messages();
        assert_eq!(vector_of(&messages[3]), NOTHING);
        assert!(
            matches!(messages[4], RoomMessage::Answered { .. }),
            "members are told of changes"
        );
    }

    #[test]
    fn whoever_is_cut_off_is_sent_nothing() {
        let mut early = Early::of(stored().to_vec(), 1).unwrap();
        let (message, outbox) = join(1);
        early.take(message);
        outbox.cut(CloseReason::AccessRevoked);
        early.take(asks(1, NOTHING));
        assert_eq!(outbox.next(), Some(Outgoing::Closed(CloseReason::AccessRevoked)));
    }

    #[test]
    fn members_of_a_document_that_fails_are_told() {
        let mut early = Early::of(stored().to_vec(), 1).unwrap();
        let (message, outbox) = join(1);
        early.take(message);
        early.turn_away(CloseReason::DocumentQuarantined);
        frames_then_closed(&outbox);
    }

    fn frames_then_closed(outbox: &Outbox) {
        assert!(matches!(outbox.next(), Some(Outgoing::Frame(_))));
        assert_eq!(
            outbox.next(),
            Some(Outgoing::Closed(CloseReason::DocumentQuarantined))
        );
    }

    #[test]
    fn damage_many_pieces_and_nothing_are_not_sent_as_they_are() {
        let [snapshot, row] = stored();
        let damaged = Bytes::from_static(b"no update at all");
        assert!(Early::of(vec![snapshot.clone(), damaged], 1).is_none());
        assert!(Early::of(Vec::new(), 1).is_none());
        assert!(Early::of(vec![row; MOST_PIECES + 1], 1).is_none());
        assert!(Early::of(vec![snapshot], 1).is_some());
    }

    #[test]
    fn no_more_messages_are_held_than_may_be() {
        let mut early = Early::of(stored().to_vec(), 1).unwrap();
        while early.takes_more() {
            early.take(asks(1, NOTHING));
        }
        assert_eq!(early.into_messages().len(), MOST_MESSAGES);
    }
}
