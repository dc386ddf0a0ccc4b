//! Requests of the REST API, carried out between the edits of members.
//!
//! A change is a transaction on the document as it is now; members see it like any other edit.

use bytes::Bytes;
use uuid::Uuid;
use weft_protocol::close::CloseReason;
use weft_protocol::scan::UpdateFacts;

use super::super::MemberId;
use super::super::content::{
    Condition, ContentAnswer, ContentBody, ContentRefusal, ContentRequest, Deferred, Operation, Version,
};
use super::super::ledger::{Acknowledgement, Delta};
use super::super::replica::ReplicaError;
use super::{Poisoned, RoomState};
use crate::content::{self, ContentError, Node};

/// Who makes the changes of requests: nobody who is a member.
const NOBODY: MemberId = MemberId(0);

/// Why an operation did not succeed: the request is to blame, or the document.
pub(super) enum Failure {
    Refused(ContentRefusal),
    /// As `Refused`, and what was done of it already has to be undone.
    HalfDone(ContentRefusal),
    Poisoned,
}

impl From<ReplicaError> for Failure {
    fn from(error: ReplicaError) -> Self {
        match error {
            ReplicaError::Malformed => Self::Refused(ContentRefusal::Update(CloseReason::HostileUpdate)),
            ReplicaError::Poisoned => Self::Poisoned,
        }
    }
}

impl From<ContentError> for Failure {
    fn from(error: ContentError) -> Self {
        Self::Refused(ContentRefusal::Content(error))
    }
}

impl From<Poisoned> for Failure {
    fn from(Poisoned: Poisoned) -> Self {
        Self::Poisoned
    }
}

impl RoomState {
    /// Carries out a request. Its answer leaves when everything that it speaks of is durable.
    pub(super) fn answer_request(&mut self, request: ContentRequest) -> Result<(), Poisoned> {
        let ContentRequest { operation, by, reply } = request;
        let tells_version = operation.tells_version();
        let result = self.carry_out(operation, by).and_then(|body| {
            let version = tells_version.then(|| self.version()).transpose()?;
            Ok(ContentAnswer { version, body })
        });
        match result {
            Ok(answer) => self.acknowledge(NOBODY, Acknowledgement::Answer(Deferred { reply, answer })),
            Err(Failure::Refused(refusal)) => reply.send(Err(refusal)),
            Err(Failure::HalfDone(refusal)) => {
                reply.send(Err(refusal));
                self.is_undoing = true;
                return Err(Poisoned);
            }
            Err(Failure::Poisoned) => {
                reply.send(Err(ContentRefusal::Unavailable(CloseReason::InternalError)));
                return Err(Poisoned);
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, operation: Operation, by: Option<Uuid>) -> Result<Option<ContentBody>, Failure> {
        match operation {
            Operation::Read { field } => Ok(Some(ContentBody::Node(self.replica.read_content(&field)??))),
            Operation::ReadPresence => {
                let present = self.presence.present();
                let said = present.iter().filter_map(|entry| {
                    let state = entry.state?;
                    Some((entry.client, state.to_owned()))
                });
                Ok(Some(ContentBody::Presence(said.collect())))
            }
            Operation::ReadUpdate => {
                let everything = Bytes::from_static(&[0]);
                Ok(Some(ContentBody::Update(self.replica.diff(&everything)?)))
            }
            Operation::Write {
                field,
                target,
                format,
                condition,
                size_bytes,
            } => {
                self.require(&condition)?;
                self.require_room(size_bytes)?;
                self.change(by, |txn| content::write_as(txn, &field, target, format).map(drop))
            }
            Operation::Patch {
                field,
                patches,
                condition,
                size_bytes,
            } => {
                self.require_room(size_bytes)?;
                if let Some(condition) = condition {
                    self.require(&condition)?;
                }
                let current: Node = self.replica.read_content(&field)??;
                let target = content::apply_patch(current, &patches)?;
                self.change(by, |txn| content::write(txn, &field, &target).map(drop))
            }
            Operation::Apply { update, facts } => self.take_in(update, &facts, by),
            Operation::ReadBoard => self.read_board(),
            Operation::ReadDescription { card } => self.read_description(&card),
            Operation::EditBoard(edit) => self.edit_board(edit),
        }
    }

    fn require(&self, condition: &Condition) -> Result<(), Failure> {
        let holds = match condition {
            Condition::Any => true,
            Condition::Absent => self.replica.is_empty()?,
            Condition::Unchanged(versions) => versions.contains(&self.version()?.to_string()),
        };
        if holds {
            Ok(())
        } else {
            Err(Failure::Refused(ContentRefusal::Precondition))
        }
    }

    pub(super) fn require_room(&mut self, bytes: usize) -> Result<(), Failure> {
        if self.has_room_for(bytes)? {
            Ok(())
        } else {
            Err(Failure::Refused(ContentRefusal::Update(
                CloseReason::DocumentTooLarge,
            )))
        }
    }

    fn version(&self) -> Result<Version, Failure> {
        Ok(Version::of(&self.replica.snapshot()?))
    }

    /// Changes the document by a transaction of the server's own, for the account `by`.
    fn change(
        &mut self,
        by: Option<Uuid>,
        change: impl FnOnce(&mut yrs::TransactionMut<'_>) -> Result<(), ContentError>,
    ) -> Result<Option<ContentBody>, Failure> {
        if let Some(delta) = self.replica.change(change)?? {
            self.accept_server_delta(delta, by)?;
        }
        Ok(None)
    }

    fn take_in(
        &mut self,
        update: Bytes,
        facts: &UpdateFacts,
        by: Option<Uuid>,
    ) -> Result<Option<ContentBody>, Failure> {
        let refused = |reason| Failure::Refused(ContentRefusal::Update(reason));
        if self.replica.is_of_the_past(&update)? {
            return Err(refused(CloseReason::DocumentRenewed));
        }
        if facts.blocks > 0 {
            self.require_room(update.len())?;
        }
        let limit = self.limits.max_nesting;
        if !self.check(|replica| replica.admits_nesting(facts, limit))? {
            return Err(refused(CloseReason::NestedTooDeep));
        }
        let applied = self.replica.apply([&update])?;
        if !applied.refused.is_empty() {
            return Err(refused(CloseReason::HostileUpdate));
        }
        if !applied.waiting.is_empty() {
            self.ledger.accept(Delta::of(update, by));
        }
        if let Some(delta) = applied.delta {
            self.accept_server_delta(delta, by)?;
        }
        Ok(None)
    }
}
