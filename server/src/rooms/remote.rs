//! A room and the rooms of the same document on other nodes.
//!
//! What other nodes say comes into the mailbox like everything else. When that is full, the word is dropped and a flag
//! says so, because the bus must not wait; the room then looks into the log, as after every gap.
//!
//! Invariant: a room tells others of an edit when it is durable, never before: what another node shows is in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc::WeakSender;
use weft_protocol::scan::{UpdateLimits, scan_update};
use weft_storage::bus::{Bus, Ear, Heard, Signal, Topic};
use weft_storage::{Seq, WorkspaceId};

use super::RoomMessage;

/// The room's line to other nodes.
#[derive(Debug)]
pub(super) struct Line {
    bus: Arc<dyn Bus>,
    topic: Topic,
    ear: Arc<Mailbox>,
    missed: Arc<AtomicBool>,
}

/// Puts what is heard into the mailbox of a room.
#[derive(Debug)]
struct Mailbox {
    sender: WeakSender<RoomMessage>,
    missed: Arc<AtomicBool>,
}

impl Ear for Mailbox {
    fn hear(&self, heard: Heard) {
        let Some(sender) = self.sender.upgrade() else {
            return;
        };
        if sender.try_send(RoomMessage::Heard(heard)).is_err() {
            self.missed.store(true, Ordering::Release);
        }
    }
}

impl Line {
    /// Listens to the document on `bus`, if there are others.
    pub(super) fn open(
        bus: &Arc<dyn Bus>,
        workspace: WorkspaceId,
        name: &weft_protocol::id::DocumentName,
        sender: WeakSender<RoomMessage>,
    ) -> Option<Self> {
        if !bus.is_shared() {
            return None;
        }
        let topic = Topic {
            workspace,
            name: name.clone(),
        };
        let missed = Arc::new(AtomicBool::new(false));
        let ear = Arc::new(Mailbox {
            sender,
            missed: Arc::clone(&missed),
        });
        bus.listen(&topic, Arc::clone(&ear) as Arc<dyn Ear>);
        Some(Self {
            bus: Arc::clone(bus),
            topic,
            ear,
            missed,
        })
    }

    /// Tells the others.
    pub(super) fn say(&self, signal: Signal) {
        self.bus.say(&self.topic, signal);
    }

    /// Whether something was heard that found the mailbox full, since this was asked last.
    pub(super) fn has_missed(&self) -> bool {
        self.missed.swap(false, Ordering::AcqRel)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let ear = Arc::clone(&self.ear) as Arc<dyn Ear>;
        self.bus.forget(&self.topic, &ear);
    }
}

/// What the room does about rows that others say they appended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advance {
    /// It has them.
    Known,
    /// These come next.
    Next(Vec<Bytes>),
    /// Something is missing, or came without its content: it is in the log.
    Look,
}

/// Compares rows after `after` with the `head` that the room has.
pub(super) fn advance(head: Seq, after: u64, rows: u64, updates: Vec<Bytes>) -> Advance {
    if after.saturating_add(rows) <= head.get() {
        return Advance::Known;
    }
    // What comes over the wire is looked at like everything else before yrs may see it.
    let is_sound = |update: &Bytes| scan_update(update, &UpdateLimits::trusted_state()).is_ok();
    let is_whole = !updates.is_empty() && updates.len() as u64 == rows;
    if after == head.get() && is_whole && updates.iter().all(is_sound) {
        Advance::Next(updates)
    } else {
        Advance::Look
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_only_where_they_continue_what_is_known() {
        let empty = Bytes::from_static(&[0, 0]);
        let rows = |count: usize| vec![empty.clone(); count];
        assert_eq!(advance(Seq(5), 3, 2, rows(2)), Advance::Known);
        assert_eq!(advance(Seq(5), 5, 2, rows(2)), Advance::Next(rows(2)));
        assert_eq!(advance(Seq(5), 6, 1, rows(1)), Advance::Look, "a gap");
        assert_eq!(advance(Seq(5), 4, 2, rows(2)), Advance::Look, "an overlap");
        assert_eq!(
            advance(Seq(5), 5, 2, Vec::new()),
            Advance::Look,
            "too large to be carried"
        );
        assert_eq!(
            advance(Seq(5), 5, 1, vec![Bytes::from_static(b"no")]),
            Advance::Look
        );
        assert_eq!(advance(Seq(5), u64::MAX, 9, rows(1)), Advance::Look);
    }
}
