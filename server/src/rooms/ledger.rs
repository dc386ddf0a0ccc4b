//! What a room owes: deltas that are not durable yet, and the acknowledgements that wait for them.
//!
//! Invariant: an acknowledgement leaves only when every delta accepted before it is durable. It must never do I/O.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;

use uuid::Uuid;

use super::MemberId;
use super::content::Deferred;

/// A sequence number of the document's log.
type Seq = u64;

/// What a member is told once its edit is durable.
#[derive(Debug)]
pub(crate) enum Acknowledgement {
    /// One edit is saved (Hocuspocus).
    Saved,
    /// This frame comes back as it is (Y-Sweet).
    Echo(Bytes),
    /// A request from outside of any connection is answered.
    Answer(Deferred),
}

impl Acknowledgement {
    fn is_answer(&self) -> bool {
        matches!(self, Self::Answer(_))
    }
}

/// A change of the document that is to become a row of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delta {
    /// The change, as one update.
    pub(crate) update: Bytes,
    /// Whose it is, if it is one account's alone.
    pub(crate) author: Option<Uuid>,
    /// Everybody whose edits are in it; `None` stands for all who have no account.
    pub(crate) doers: BTreeSet<Option<Uuid>>,
}

impl Delta {
    /// A change that is one account's alone, or nobody's in particular.
    pub(crate) fn of(update: Bytes, author: Option<Uuid>) -> Self {
        Self {
            update,
            author,
            doers: BTreeSet::from([author]),
        }
    }
}

/// Deltas on their way to the log, in order.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// The last durable sequence number.
    head: Seq,
    in_flight: Vec<Delta>,
    waiting: Vec<Delta>,
    unsaved_bytes: usize,
    acknowledgements: VecDeque<(Seq, MemberId, Acknowledgement)>,
    /// How many of these are answers to requests.
    answers: usize,
}

impl Ledger {
    /// A document that is durable up to `head`.
    pub(crate) fn new(head: Seq) -> Self {
        Self {
            head,
            in_flight: Vec::new(),
            waiting: Vec::new(),
            unsaved_bytes: 0,
            acknowledgements: VecDeque::new(),
            answers: 0,
        }
    }

    /// Accepts a delta, which the log will get as the next row.
    pub(crate) fn accept(&mut self, delta: Delta) {
        self.unsaved_bytes += delta.update.len();
        self.waiting.push(delta);
    }

    /// Acknowledges to `member` once everything accepted so far is durable; at once, by returning it, if it is.
    pub(crate) fn acknowledge(&mut self, member: MemberId, what: Acknowledgement) -> Option<Acknowledgement> {
        let position = self.accepted();
        if position == self.head {
            return Some(what);
        }
        self.answers += usize::from(what.is_answer());
        self.acknowledgements.push_back((position, member, what));
        None
    }

    /// Takes the rows to append next, if there are any and none are under way: the head they follow, and them.
    pub(crate) fn start_append(&mut self) -> Option<(Seq, Vec<Delta>)> {
        if !self.in_flight.is_empty() || self.waiting.is_empty() {
            return None;
        }
        self.in_flight = std::mem::take(&mut self.waiting);
        Some((self.head, self.in_flight.clone()))
    }

    /// The rows under way are durable. Returns them, and the acknowledgements that this sets free, in order.
    pub(crate) fn finish_append(&mut self) -> (Vec<Bytes>, Vec<(MemberId, Acknowledgement)>) {
        self.head += self.in_flight.len() as Seq;
        let rows: Vec<Bytes> = self.in_flight.drain(..).map(|delta| delta.update).collect();
        self.unsaved_bytes -= rows.iter().map(Bytes::len).sum::<usize>();
        let free = self
            .acknowledgements
            .partition_point(|(position, _, _)| *position <= self.head);
        let free = self.acknowledgements.drain(..free);
        let free: Vec<_> = free.map(|(_, member, what)| (member, what)).collect();
        self.answers -= free.iter().filter(|(_, what)| what.is_answer()).count();
        (rows, free)
    }

    /// Whether rows wait for the append under way.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Others have written rows, and the log ends at `head` now: what was under way has not been written, and everything
    /// that is owed comes behind that head.
    pub(crate) fn fall_behind(&mut self, head: Seq) {
        let moved = head.saturating_sub(self.head);
        self.in_flight.append(&mut self.waiting);
        std::mem::swap(&mut self.in_flight, &mut self.waiting);
        for (position, _, _) in &mut self.acknowledgements {
            *position += moved;
        }
        self.head = head;
    }

    /// The last durable sequence number.
    pub(crate) fn head(&self) -> Seq {
        self.head
    }

    /// Deltas that only memory holds, in order.
    pub(crate) fn unsaved(&self) -> impl Iterator<Item = &Delta> {
        self.in_flight.iter().chain(&self.waiting)
    }

    /// The size of the deltas that only memory holds, in bytes.
    pub(crate) fn unsaved_bytes(&self) -> usize {
        self.unsaved_bytes
    }

    /// Whether a request cannot go on before everything accepted is durable.
    pub(crate) fn holds_up_requests(&self) -> bool {
        self.answers > 0
    }

    /// Whether anybody is to be told that something is durable.
    pub(crate) fn owes_answers(&self) -> bool {
        !self.acknowledgements.is_empty()
    }

    /// Whether everything accepted is durable.
    pub(crate) fn is_settled(&self) -> bool {
        self.accepted() == self.head
    }

    fn accepted(&self) -> Seq {
        self.head + (self.in_flight.len() + self.waiting.len()) as Seq
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: MemberId = MemberId(1);

    fn delta(text: &'static str) -> Delta {
        Delta::of(Bytes::from_static(text.as_bytes()), None)
    }

    #[test]
    fn an_acknowledgement_waits_for_all_that_was_accepted_before_it() {
        let mut ledger = Ledger::new(5);
        assert!(
            ledger.acknowledge(ANN, Acknowledgement::Saved).is_some(),
            "nothing is owed"
        );
        ledger.accept(delta("one"));
        assert!(ledger.acknowledge(ANN, Acknowledgement::Saved).is_none());
        assert_eq!(ledger.start_append().unwrap().0, 5);
        assert!(!ledger.has_waiting());
        ledger.accept(delta("two"));
        assert!(ledger.has_waiting());
        assert!(
            ledger
                .acknowledge(ANN, Acknowledgement::Echo(Bytes::new()))
                .is_none()
        );
        assert_eq!(ledger.start_append(), None, "one append at a time");
        assert!(matches!(
            ledger.finish_append().1[..],
            [(ANN, Acknowledgement::Saved)]
        ));
        assert_eq!((ledger.unsaved_bytes(), ledger.is_settled()), (3, false));
        assert_eq!(ledger.start_append().unwrap(), (6, vec![delta("two")]));
        assert_eq!(ledger.finish_append().1.len(), 1);
        assert!(ledger.is_settled());
    }

    #[test]
    fn what_is_owed_moves_behind_rows_of_others_and_keeps_its_order() {
        let mut ledger = Ledger::new(5);
        ledger.accept(delta("one"));
        assert!(ledger.acknowledge(ANN, Acknowledgement::Saved).is_none());
        assert_eq!(ledger.start_append().unwrap().0, 5);
        ledger.accept(delta("two"));
        ledger.fall_behind(8);
        assert_eq!(
            ledger.start_append().unwrap(),
            (8, vec![delta("one"), delta("two")])
        );
        assert_eq!(ledger.finish_append().1.len(), 1);
        assert_eq!((ledger.head(), ledger.unsaved_bytes()), (10, 0));
    }
}
