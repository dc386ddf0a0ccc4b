//! How edits enter a room: checked against its limits, applied as one change, sent on at once, acknowledged when durable.
//!
//! An edit that makes the document fail is found and refused alone. Nothing here may acknowledge an edit that the
//! ledger does not hold.

use bytes::Bytes;
use uuid::Uuid;
use weft_protocol::close::CloseReason;
use weft_protocol::hocuspocus::SyncStatus;
use weft_protocol::ywebsocket;

use super::super::dialect::{Broadcast, Dialect, Payload};
use super::super::ledger::{Acknowledgement, Delta};
use super::super::replica::{Applied, Replica, ReplicaError};
use super::super::{Edit, EditKind, MemberId};
use super::{Poisoned, RoomState};
use crate::auth::Access;

/// What a y-websocket client is told whose edits are refused.
const READ_ONLY: &str = "read-only";
/// A reader's refused edits are counted up to here.
const MAX_COUNTED_REFUSALS: usize = 10_000;
/// The largest echo that is kept, in bytes.
const MAX_KEPT_ECHO_BYTES: usize = 64;

impl RoomState {
    /// Takes in one edit: it is applied with those around it, or refused.
    pub(super) fn receive_edit(&mut self, edit: Edit) -> Result<(), Poisoned> {
        // What comes from somebody whose right is gone was not in time.
        let member = self.members.get(&edit.member);
        let Some(member) = member.filter(|member| !member.outbox.is_cut()) else {
            return Ok(());
        };
        // Every client's edits come through here, so nothing of the past gets back into the document.
        if matches!(self.replica.is_of_the_past(&edit.update), Ok(true)) {
            self.refuse(edit.member, CloseReason::DocumentRenewed);
            return Ok(());
        }
        if member.access == Access::ReadOnly || member.outbox.is_read_only() {
            return self.judge_read_only(&edit);
        }
        if edit.facts.is_empty() {
            self.acknowledge_edit(&edit);
            return Ok(());
        }
        if edit.facts.blocks > 0 && !self.has_room_for(edit.update.len())? {
            self.refuse(edit.member, CloseReason::DocumentTooLarge);
            return Ok(());
        }
        let limit = self.limits.max_nesting;
        if !self.check(|replica| replica.admits_nesting(&edit.facts, limit))? {
            self.refuse(edit.member, CloseReason::NestedTooDeep);
            return Ok(());
        }
        self.edits.push(edit);
        Ok(())
    }

    /// Applies what was taken in as one change.
    pub(super) fn apply_edits(&mut self) -> Result<(), Poisoned> {
        if self.edits.is_empty() {
            return Ok(());
        }
        let edits = std::mem::take(&mut self.edits);
        if self.replica.board().is_some() {
            // Each edit is somebody's own doing, and is told as that.
            return self.apply_one_by_one(edits);
        }
        self.apply_together(edits)
    }

    /// Puts a document in the place of one that has failed, and finds out whose edit it was: called with the log and
    /// everything unsaved in `replica`.
    ///
    /// # Errors
    /// [`Poisoned`] if the search needs one more new document.
    pub(crate) fn replace_replica(&mut self, replica: Replica) -> Result<(), Poisoned> {
        self.replica = replica;
        self.shared_answers.clear();
        self.is_undoing = false;
        self.may_know_more = true;
        let suspects = std::mem::take(&mut self.suspects);
        let suspicion = std::mem::replace(&mut self.suspicion, CloseReason::HostileUpdate);
        if let [culprit] = suspects.as_slice() {
            self.refuse(culprit.member, suspicion);
            return Ok(());
        }
        self.apply_one_by_one(suspects)
    }

    fn apply_together(&mut self, edits: Vec<Edit>) -> Result<(), Poisoned> {
        match self.replica.apply(edits.iter().map(|edit| &edit.update)) {
            Ok(applied) => self.accept(&edits, applied),
            Err(_) => {
                self.suspects = edits;
                Err(Poisoned)
            }
        }
    }

    fn apply_one_by_one(&mut self, edits: Vec<Edit>) -> Result<(), Poisoned> {
        let mut edits = edits.into_iter();
        while let Some(edit) = edits.next() {
            if let Err(poisoned) = self.apply_together(vec![edit]) {
                // The others come first when there is a document again.
                self.edits.splice(0..0, edits);
                return Err(poisoned);
            }
        }
        Ok(())
    }

    fn accept(&mut self, edits: &[Edit], applied: Applied) -> Result<(), Poisoned> {
        // What waits is not part of the delta, and must survive a restart too.
        for edit in applied.waiting.iter().filter_map(|position| edits.get(*position)) {
            let author = self.author(edit.member);
            self.ledger.accept(Delta::of(edit.update.clone(), author));
        }
        if let Some(delta) = applied.delta {
            let sole_author = sole_author(edits);
            let author = sole_author.and_then(|member| self.author(member));
            self.note_board(edits, author)?;
            // What had waited may be somebody else's, and the author of the rest has not seen it.
            let knows_it_all = sole_author.filter(|_| !applied.released);
            let doers = edits.iter().map(|edit| self.author(edit.member)).collect();
            let update = delta;
            self.accept_delta(
                Delta {
                    update,
                    author,
                    doers,
                },
                knows_it_all,
            )?;
        }
        for (position, edit) in edits.iter().enumerate() {
            if applied.refused.contains(&position) {
                self.refuse(edit.member, CloseReason::HostileUpdate);
            } else {
                self.acknowledge_edit(edit);
            }
        }
        Ok(())
    }

    /// Sends a change of the document to all members but `sender`, and owes it to the log.
    pub(super) fn accept_delta(&mut self, delta: Delta, sender: Option<MemberId>) -> Result<(), Poisoned> {
        self.size_bound += delta.update.len();
        self.has_changed = true;
        self.shared_answers.clear();
        self.broadcast_update(&delta.update, sender)?;
        self.ledger.accept(delta);
        Ok(())
    }

    fn author(&self, member: MemberId) -> Option<Uuid> {
        self.members.get(&member)?.author
    }

    pub(super) fn broadcast_update(
        &mut self,
        delta: &Bytes,
        except: Option<MemberId>,
    ) -> Result<(), Poisoned> {
        let mut broadcast = Broadcast::new(Payload::Update(delta));
        let mut reached = None;
        for (id, member) in &mut self.members {
            if Some(*id) == except || member.behind_since.is_some() {
                continue;
            }
            self.sent += 1;
            if member.outbox.push_update(broadcast.frame_for(&member.dialect)) {
                let state_vector = match &reached {
                    Some(known) => Bytes::clone(known),
                    None => self.replica.state_vector().map_err(|_| Poisoned)?,
                };
                reached = Some(state_vector.clone());
                member.behind_since = Some(state_vector);
            }
        }
        Ok(())
    }

    fn acknowledge_edit(&mut self, edit: &Edit) {
        let Some(member) = self.members.get_mut(&edit.member) else {
            return;
        };
        // A step 2 of somebody who may write brings everything that was refused before, too.
        let settles = edit.kind == EditKind::StepTwo && member.access == Access::ReadWrite;
        let refused_before = if settles {
            std::mem::take(&mut member.refused)
        } else {
            0
        };
        if member.dialect != Dialect::YWebsocket {
            for _ in 0..refused_before.max(1) {
                self.acknowledge(edit.member, Acknowledgement::Saved);
            }
        }
        self.heard_answer(edit);
    }

    /// An echo that came before the client had said what it has can be answered now.
    fn heard_answer(&mut self, edit: &Edit) {
        if edit.kind == EditKind::StepTwo
            && let Some(member) = self.members.get_mut(&edit.member)
        {
            member.has_answered = true;
            if let Some(frame) = member.early_echo.take() {
                self.receive_echo(edit.member, frame);
            }
        }
    }

    /// "Send this back when everything I sent is durable." Whose edits were refused gets back what it sent before: its
    /// connection lives, and nothing is acknowledged.
    pub(super) fn receive_echo(&mut self, id: MemberId, frame: Bytes) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        if !member.has_answered {
            // The newest one stands for all.
            member.early_echo = Some(frame);
            return;
        }
        if member.refused > 0 {
            let honest = member.honest_echo.clone();
            member
                .outbox
                .push_echo(honest.unwrap_or(Bytes::from_static(ywebsocket::ACKNOWLEDGE_NOTHING)));
            return;
        }
        if frame.len() <= MAX_KEPT_ECHO_BYTES {
            member.honest_echo = Some(Bytes::copy_from_slice(&frame));
        }
        self.acknowledge(id, Acknowledgement::Echo(frame));
    }

    /// A reader's edit is dropped. Its provider resends all it has as step 2 when it reconnects: that is only refused
    /// if it has news.
    fn judge_read_only(&mut self, edit: &Edit) -> Result<(), Poisoned> {
        self.apply_edits()?;
        let news = match edit.kind {
            EditKind::Update => true,
            EditKind::StepTwo => match self.replica.has_news(&edit.update) {
                Ok(news) => news,
                Err(ReplicaError::Malformed) => true,
                Err(ReplicaError::Poisoned) => return Err(Poisoned),
            },
        };
        if !news {
            self.acknowledge_edit(edit);
        } else if let Some(member) = self.members.get_mut(&edit.member) {
            member.refused = (member.refused + 1).min(MAX_COUNTED_REFUSALS);
            match &member.dialect {
                Dialect::Hocuspocus(_) => member.outbox.push_status(SyncStatus::Refused),
                // The protocol has no answer to an edit; one word for all that are refused is what it can hear.
                Dialect::YWebsocket if member.refused == 1 => {
                    member
                        .outbox
                        .push_answer(ywebsocket::permission_denied(READ_ONLY));
                }
                Dialect::YWebsocket => {}
            }
            self.heard_answer(edit);
        }
        Ok(())
    }

    /// Whether the document may grow by `bytes`; measured exactly only when the bound says no.
    pub(super) fn has_room_for(&mut self, bytes: usize) -> Result<bool, Poisoned> {
        if self.size_bound.saturating_add(bytes) > self.limits.max_document_bytes {
            self.apply_edits()?;
            self.size_bound = self.check(Replica::encoded_len)?;
        }
        Ok(self.size_bound.saturating_add(bytes) <= self.limits.max_document_bytes)
    }

    /// Ends the membership of one whose edit cannot be taken.
    fn refuse(&mut self, id: MemberId, reason: CloseReason) {
        if let Some(member) = self.members.get(&id) {
            member.outbox.close(reason);
        }
    }
}

/// The author of `edits` if it is one member: it need not hear its own edit.
fn sole_author(edits: &[Edit]) -> Option<MemberId> {
    let first = edits.first()?.member;
    edits.iter().all(|edit| edit.member == first).then_some(first)
}
