//! A room as a state machine: messages and time in, frames in outboxes and rows for the log out.
//!
//! It owns the document, who is here and what is owed; nothing else may change them. It must never do I/O, await, or
//! read a clock, so that every order of events can be played through in a test.

mod boards;
mod edits;
mod follow;
mod others;
mod presence;
mod requests;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;
use weft_protocol::awareness;
use weft_protocol::close::CloseReason;
use weft_protocol::gate::WaitingLimits;
use weft_protocol::hocuspocus::SyncStatus;

use self::others::Outward;
pub(crate) use self::others::Said;
use super::dialect::{Dialect, Payload};
use super::ledger::{Acknowledgement, Delta, Ledger};
use super::outbox::Outbox;
use super::presence::Presence;
use super::projector::{Projection, Projector};
use super::replica::{Replica, ReplicaError};
use super::{Edit, Join, MemberId, RoomMessage};
use crate::auth::Access;

/// Answers to step 1 that are kept as whole frames until the document changes.
const SHARED_ANSWERS: usize = 8;

/// What one block of an update counts for in [`RoomState::weight_of`], in bytes.
const BLOCK_WEIGHT: usize = 128;

/// What a room may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoomLimits {
    /// Members at a time.
    pub(crate) max_members: usize,
    /// The document as one update, in bytes.
    pub(crate) max_document_bytes: usize,
    /// Updates that wait for missing ones.
    pub(crate) waiting: WaitingLimits,
    /// How deep shared types may be nested.
    pub(crate) max_nesting: u32,
    /// One awareness state, in bytes of JSON.
    pub(crate) max_awareness_state_bytes: usize,
    /// Awareness clients that one member may announce.
    pub(crate) max_awareness_clients: usize,
}

/// What is to become durable together.
#[derive(Debug)]
pub(crate) struct Appendable {
    /// The head that the rows follow.
    pub(crate) head: u64,
    /// The rows.
    pub(crate) deltas: Vec<Delta>,
    /// What they change beside the log.
    pub(crate) projection: Option<Projection>,
}

/// The document in memory has failed; the room needs a new one from the log, see [`RoomState::replace_replica`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Poisoned;

struct Member {
    outbox: Arc<Outbox>,
    dialect: Dialect,
    access: Access,
    /// Whose edits it makes, if they are an account's.
    author: Option<Uuid>,
    /// The state up to which frames were queued, while the member is too far behind to queue more.
    behind_since: Option<Bytes>,
    /// A step 1 that has to wait until the member has taken what is queued.
    unanswered: Option<Bytes>,
    /// Edits that were refused because the member may only read, as long as the document lacks them.
    refused: usize,
    /// The newest echo that acknowledges none of them.
    honest_echo: Option<Bytes>,
    /// Whether it has said what it has, in answer to the step 1 that it was greeted with.
    has_answered: bool,
    /// An echo that waits for that answer: it asks for what came before the connection, too.
    early_echo: Option<Bytes>,
}

/// One document, its members, and what is owed to them.
pub(crate) struct RoomState {
    limits: RoomLimits,
    replica: Replica,
    ledger: Ledger,
    presence: Presence,
    members: HashMap<MemberId, Member>,
    /// Edits of the current batch that are not applied yet.
    edits: Vec<Edit>,
    /// The edits during which the document failed.
    suspects: Vec<Edit>,
    /// What the one to blame for that is told.
    suspicion: CloseReason,
    /// What a board's edits mean beside the log.
    projector: Projector,
    /// A change of the server's own has to be undone: nobody is to blame for the new document that this takes.
    is_undoing: bool,
    /// The document was built anew from a log that others may have written to: what they wrote is in it, and members
    /// have not heard of it.
    may_know_more: bool,
    /// When a board was last changed while it may be in need of repair.
    unrepaired_since_ms: Option<u64>,
    /// Whether a board was changed since this was looked at last.
    has_changed: bool,
    /// What other nodes are to hear, if there are any.
    outward: Outward,
    /// At most the size of the document, in bytes: measured once, then grown by each delta.
    size_bound: usize,
    shared_answers: Vec<(Dialect, Bytes, Bytes)>,
    /// Frames queued for all since this was asked last.
    sent: usize,
}

impl std::fmt::Debug for RoomState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RoomState")
            .field("members", &self.members.len())
            .field("ledger", &self.ledger)
            .finish_non_exhaustive()
    }
}

impl RoomState {
    /// A room without members around `replica`, which holds the log up to `head`. `size_bound` is at least the size of
    /// the document, in bytes.
    pub(crate) fn new(limits: RoomLimits, replica: Replica, head: u64, size_bound: usize) -> Self {
        Self {
            limits,
            replica,
            ledger: Ledger::new(head),
            presence: Presence::default(),
            members: HashMap::new(),
            edits: Vec::new(),
            suspects: Vec::new(),
            suspicion: CloseReason::HostileUpdate,
            projector: Projector::default(),
            is_undoing: false,
            may_know_more: false,
            unrepaired_since_ms: None,
            has_changed: false,
            outward: Outward::default(),
            size_bound,
            shared_answers: Vec::new(),
            sent: 0,
        }
    }

    /// Handles everything in `inbox`; all edits in it that follow each other become one change of the document.
    ///
    /// # Errors
    /// [`Poisoned`]: what was not handled is still in `inbox`; call again after [`Self::replace_replica`].
    pub(crate) fn handle(&mut self, inbox: &mut VecDeque<RoomMessage>, now_ms: u64) -> Result<(), Poisoned> {
        while let Some(message) = inbox.pop_front() {
            match message {
                RoomMessage::Edit(edit) => self.receive_edit(edit)?,
                RoomMessage::Awareness { member, body } => self.receive_awareness(member, &body, now_ms),
                other => {
                    // Everything else sees the document as it is after the edits that came before.
                    if let Err(poisoned) = self.apply_edits() {
                        inbox.push_front(other);
                        return Err(poisoned);
                    }
                    self.receive(other, now_ms)?;
                }
            }
        }
        self.apply_edits()?;
        self.announce_presence();
        if std::mem::take(&mut self.has_changed) {
            self.changed_board(now_ms);
        }
        Ok(())
    }

    /// Removes presence that was silent for too long.
    pub(crate) fn expire_presence(&mut self, now_ms: u64) {
        self.presence.expire(now_ms);
        self.announce_presence();
    }

    /// Whether a new document is needed only to undo what the server has half done.
    pub(crate) fn is_undoing(&self) -> bool {
        self.is_undoing
    }

    /// What is to be appended now, if there is anything and nothing is under way.
    pub(crate) fn start_append(&mut self) -> Option<Appendable> {
        let (head, deltas) = self.ledger.start_append()?;
        let board = self.replica.board();
        Some(Appendable {
            head,
            deltas,
            projection: board.and_then(|board| self.projector.take(board)),
        })
    }

    /// The rows under way are durable: tells those who wait for it. Answers the rows, for other nodes.
    pub(crate) fn finish_append(&mut self) -> Vec<Bytes> {
        let (rows, free) = self.ledger.finish_append();
        for (member, acknowledgement) in free {
            self.tell(member, acknowledgement);
        }
        rows
    }

    /// Ends every membership.
    pub(crate) fn close_all(&mut self, reason: CloseReason) {
        for member in self.members.drain() {
            member.1.outbox.close(reason);
        }
    }

    /// How many frames were queued by telling everybody something since the last call.
    pub(crate) fn take_sent(&mut self) -> usize {
        std::mem::take(&mut self.sent)
    }

    /// Whether somebody may go on only when everything accepted is durable: a request, or a lone member that is told. Several
    /// members are told as well, but they work on meanwhile.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.ledger.holds_up_requests() || (self.members.len() <= 1 && self.ledger.owes_answers())
    }

    /// Whether something was accepted that no append has yet.
    pub(crate) fn has_more_to_append(&self) -> bool {
        self.ledger.has_waiting()
    }

    /// How many members there are.
    pub(crate) fn members(&self) -> usize {
        self.members.len()
    }

    /// Whether the document failed while edits were applied, so that one of them is to blame.
    pub(crate) fn has_suspects(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// About how many bytes `inbox` makes the room work on.
    pub(crate) fn weight_of(&self, inbox: &VecDeque<RoomMessage>) -> usize {
        inbox
            .iter()
            .map(|message| match message {
                // Conflicts are resolved block by block, which can take long for few bytes.
                RoomMessage::Edit(edit) => edit.update.len() + edit.facts.blocks * BLOCK_WEIGHT,
                RoomMessage::StepOne { .. } | RoomMessage::CatchUp { .. } | RoomMessage::Content(_) => {
                    self.size_bound
                }
                _ => 0,
            })
            .sum()
    }

    /// Whether nobody is here and nothing is owed.
    pub(crate) fn is_idle(&self) -> bool {
        self.members.is_empty() && self.ledger.is_settled()
    }

    /// Whether presence has to be looked at now and then.
    pub(crate) fn has_presence(&self) -> bool {
        !self.presence.is_empty()
    }

    /// How much only memory holds, in bytes.
    pub(crate) fn unsaved_bytes(&self) -> usize {
        self.ledger.unsaved_bytes()
    }

    /// What is accepted but not durable: a new replica needs it besides the log.
    pub(crate) fn unsaved(&self) -> impl Iterator<Item = &Bytes> {
        self.ledger.unsaved().map(|delta| &delta.update)
    }

    /// The place in the log at which the document was last made anew.
    pub(crate) fn begins(&self) -> u64 {
        self.replica.begins()
    }

    /// The last durable sequence number that the document has.
    pub(crate) fn head(&self) -> u64 {
        self.ledger.head()
    }

    fn receive(&mut self, message: RoomMessage, now_ms: u64) -> Result<(), Poisoned> {
        match message {
            RoomMessage::Join(join) => self.join(join),
            RoomMessage::Leave { member } => {
                self.members.remove(&member);
                self.presence.leave(member, now_ms);
                Ok(())
            }
            RoomMessage::StepOne { member, state_vector } => self.receive_step_one(member, state_vector),
            RoomMessage::Answered { member } => self.ask_answered(member),
            RoomMessage::QueryAwareness { member } => {
                self.send_presence(member);
                Ok(())
            }
            RoomMessage::Echo { member, frame } => {
                self.receive_echo(member, frame);
                Ok(())
            }
            RoomMessage::Stateless { member, payload } => {
                self.relay_stateless(member, &payload);
                Ok(())
            }
            RoomMessage::SetAccess {
                member,
                access,
                notice,
            } => self.set_access(member, access, notice),
            RoomMessage::Content(request) => self.answer_request(request),
            RoomMessage::CatchUp { member } => self.catch_up(member),
            // These never come here: `handle` and the actor take them.
            RoomMessage::Edit(_) | RoomMessage::Awareness { .. } | RoomMessage::Heard(_) => Ok(()),
        }
    }

    fn join(&mut self, join: Join) -> Result<(), Poisoned> {
        if self.members.len() >= self.limits.max_members && !self.members.contains_key(&join.member) {
            join.outbox.close(CloseReason::DocumentFull);
            return Ok(());
        }
        if let Some(greeting) = join.greeting {
            join.outbox.push_answer(greeting);
        }
        // A y-websocket client expects the server to begin; a Hocuspocus provider expects it to answer.
        if join.dialect == Dialect::YWebsocket {
            let state_vector = self.check(|replica| replica.state_vector());
            // Whoever comes again finds a document that was built anew.
            let state_vector =
                state_vector.inspect_err(|Poisoned| join.outbox.close(CloseReason::Restart))?;
            join.outbox
                .push_answer(join.dialect.frame(Payload::StepOne(&state_vector)));
        }
        let member = Member {
            outbox: join.outbox,
            dialect: join.dialect,
            access: join.access,
            author: join.author,
            behind_since: None,
            unanswered: None,
            refused: 0,
            honest_echo: None,
            has_answered: false,
            early_echo: None,
        };
        self.members.insert(join.member, member);
        self.send_presence(join.member);
        Ok(())
    }

    /// The member may do more or less from now on. Who may write again is asked for what was refused meanwhile.
    fn set_access(&mut self, id: MemberId, access: Access, notice: Option<Bytes>) -> Result<(), Poisoned> {
        let Some(member) = self.members.get_mut(&id) else {
            return Ok(());
        };
        let may_write_again = member.access == Access::ReadOnly && access == Access::ReadWrite;
        member.access = access;
        let (outbox, dialect) = (Arc::clone(&member.outbox), member.dialect.clone());
        if let Some(notice) = notice {
            outbox.push_answer(notice);
        }
        if may_write_again {
            let state_vector = self.check(|replica| replica.state_vector())?;
            outbox.push_answer(dialect.frame(Payload::StepOne(&state_vector)));
        }
        Ok(())
    }

    fn receive_step_one(&mut self, id: MemberId, state_vector: Bytes) -> Result<(), Poisoned> {
        let Some(member) = self.members.get_mut(&id) else {
            return Ok(());
        };
        match self.replica.is_outdated(&state_vector) {
            // What is no state vector is answered below.
            Ok(false) | Err(ReplicaError::Malformed) => {}
            Ok(true) => {
                member.outbox.close(CloseReason::DocumentRenewed);
                return Ok(());
            }
            Err(ReplicaError::Poisoned) => return Err(Poisoned),
        }
        if member.outbox.is_full() {
            // One answer can be as large as the document: it waits until the member has taken what is queued.
            member.unanswered = Some(state_vector);
            member.outbox.owe_catch_up();
            return Ok(());
        }
        self.answer_step_one(id, &state_vector)
    }

    fn answer_step_one(&mut self, id: MemberId, state_vector: &Bytes) -> Result<(), Poisoned> {
        let Some(member) = self.members.get(&id) else {
            return Ok(());
        };
        let (outbox, dialect) = (Arc::clone(&member.outbox), member.dialect.clone());
        let own_state_vector = self.check(|replica| replica.state_vector())?;
        let known = self
            .shared_answers
            .iter()
            .find(|(envelope, vector, _)| envelope == &dialect && vector == state_vector);
        let answer = match known {
            Some((_, _, frame)) => frame.clone(),
            None => match self.replica.diff(state_vector) {
                Ok(diff) => self.share_answer(&dialect, state_vector, &diff),
                Err(ReplicaError::Malformed) => {
                    outbox.close(CloseReason::ProtocolError);
                    return Ok(());
                }
                Err(ReplicaError::Poisoned) => return Err(Poisoned),
            },
        };
        if dialect != Dialect::YWebsocket {
            outbox.push_answer(dialect.frame(Payload::StepOne(&own_state_vector)));
        }
        outbox.push_answer(answer);
        // No diff has what waits; a client keeps it just as the server does.
        for update in self.replica.waiting() {
            outbox.push_answer(dialect.frame(Payload::Update(update)));
        }
        Ok(())
    }

    /// The member has everything that the document was built from; what it has itself it is still to be asked, if it was
    /// not when it joined.
    fn ask_answered(&mut self, id: MemberId) -> Result<(), Poisoned> {
        let Some(member) = self.members.get(&id) else {
            return Ok(());
        };
        if member.dialect != Dialect::YWebsocket {
            let (outbox, dialect) = (Arc::clone(&member.outbox), member.dialect.clone());
            let state_vector = self.check(|replica| replica.state_vector())?;
            outbox.push_answer(dialect.frame(Payload::StepOne(&state_vector)));
        }
        Ok(())
    }

    fn share_answer(&mut self, dialect: &Dialect, state_vector: &Bytes, diff: &Bytes) -> Bytes {
        let frame = dialect.frame(Payload::StepTwo(diff));
        if self.shared_answers.len() == SHARED_ANSWERS {
            self.shared_answers.remove(0);
        }
        self.shared_answers
            .push((dialect.clone(), state_vector.clone(), frame.clone()));
        frame
    }

    fn catch_up(&mut self, id: MemberId) -> Result<(), Poisoned> {
        let Some(member) = self.members.get_mut(&id) else {
            return Ok(());
        };
        let (behind_since, unanswered) = (member.behind_since.take(), member.unanswered.take());
        let (outbox, dialect) = (Arc::clone(&member.outbox), member.dialect.clone());
        let update = match behind_since {
            // The answer to a waiting step 1 holds everything since then, and more.
            Some(since) if unanswered.is_none() => {
                let diff = self.check(|replica| replica.diff(&since))?;
                Some(dialect.frame(Payload::Update(&diff)))
            }
            _ => None,
        };
        let presence = outbox.is_presence_behind().then(|| {
            dialect.frame(Payload::Awareness(&awareness::encode(
                self.presence.present_and_gone(),
            )))
        });
        outbox.caught_up(update, presence);
        match unanswered {
            Some(state_vector) => self.answer_step_one(id, &state_vector),
            None => Ok(()),
        }
    }

    fn acknowledge(&mut self, member: MemberId, what: Acknowledgement) {
        if let Some(at_once) = self.ledger.acknowledge(member, what) {
            self.tell(member, at_once);
        }
    }

    fn tell(&self, id: MemberId, acknowledgement: Acknowledgement) {
        if let Acknowledgement::Answer(deferred) = acknowledgement {
            deferred.send();
            return;
        }
        // A member that has left meanwhile has no outbox any more.
        let Some(member) = self.members.get(&id) else {
            return;
        };
        match acknowledgement {
            Acknowledgement::Saved => member.outbox.push_status(SyncStatus::Saved),
            Acknowledgement::Echo(frame) => member.outbox.push_echo(frame),
            Acknowledgement::Answer(_) => {}
        }
    }

    /// Asks the replica for something that only fails when it is broken.
    fn check<T>(&mut self, ask: impl FnOnce(&mut Replica) -> Result<T, ReplicaError>) -> Result<T, Poisoned> {
        ask(&mut self.replica).map_err(|_| Poisoned)
    }
}
