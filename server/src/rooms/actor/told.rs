//! When it is told that a document was changed: with the first edit that somebody makes, and then not for a while.
//!
//! Boards tell what was changed of them; of other documents it is told that they were, and by whom. Invariant: the event is
//! part of the append whose edit it tells of; one that was not written is told with the next.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;
use weft_protocol::id::DocumentName;
use weft_storage::{NewEvent, Projection};

use super::super::ledger::Delta;

/// How long it is not told again that the same person changed the document.
pub(super) const AGAIN: Duration = Duration::from_secs(10 * 60);

/// Of whose changes was told, and when.
#[derive(Debug)]
pub(super) struct Told {
    /// Whether there may be anybody to tell: who follows a document follows one of a project.
    may_matter: bool,
    last: HashMap<Option<Uuid>, Instant>,
    under_way: Vec<Option<Uuid>>,
}

impl Told {
    /// Nothing was told yet of the document with this name. One of a project is called by its id; of others nobody hears, and
    /// their appends stay as small as they can be.
    pub(super) fn about(name: &DocumentName) -> Self {
        Self {
            may_matter: Uuid::try_parse(name.as_str()).is_ok(),
            last: HashMap::new(),
            under_way: Vec::new(),
        }
    }

    /// What is to be told with the append of `deltas`, if anything is.
    pub(super) fn of(&mut self, deltas: &[Delta], now: Instant) -> Option<Projection> {
        if !self.may_matter {
            return None;
        }
        let doers: BTreeSet<Option<Uuid>> = deltas.iter().flat_map(|delta| &delta.doers).copied().collect();
        let is_due = |doer: &Option<Uuid>| {
            let last = self.last.get(doer);
            last.is_none_or(|last| now.duration_since(*last) >= AGAIN)
        };
        self.under_way = doers.into_iter().filter(is_due).collect();
        let events = self.under_way.iter().map(|actor| NewEvent {
            id: Uuid::nil(),
            kind: "document.updated",
            actor: *actor,
            card: None,
            data: "{}".to_owned(),
        });
        let events: Vec<NewEvent> = events.collect();
        (!events.is_empty()).then(|| Projection {
            events,
            ..Projection::default()
        })
    }

    /// The append was written. What is so long ago that it makes no difference is forgotten.
    pub(super) fn written(&mut self, now: Instant) {
        if !self.under_way.is_empty() {
            self.last.retain(|_, last| now.duration_since(*last) < AGAIN);
            self.last.extend(self.under_way.drain(..).map(|doer| (doer, now)));
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn everybody_is_told_of_once_in_a_while_and_only_what_was_written() {
        let (ada, ben) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let delta = |doers: &[Option<Uuid>]| Delta {
            doers: doers.iter().copied().collect(),
            ..Delta::of(Bytes::new(), None)
        };
        let start = Instant::now();
        let mut told = Told::about(&name("01a22806-b3d0-7084-91fb-3392e9254762"));
        for (seconds, deltas, expected, is_written) in [
            (0, vec![delta(&[ada])], vec![ada], false),
            (1, vec![delta(&[ada]), delta(&[ada])], vec![ada], true),
            (2, vec![delta(&[ada])], vec![], true),
            (3, vec![delta(&[ada, ben]), delta(&[None])], vec![None, ben], true),
            (600, vec![delta(&[ada, ben])], vec![], true),
            (601, vec![delta(&[ada, ben])], vec![ada], true),
            (603, vec![delta(&[ada, ben, None])], vec![None, ben], true),
        ] {
            let now = start + Duration::from_secs(seconds);
            let events = told.of(&deltas, now).map_or_else(Vec::new, |told| told.events);
            let actors: Vec<_> = events.iter().map(|event| event.actor).collect();
            assert_eq!(actors, expected, "after {seconds} s");
            if is_written {
                told.written(now);
            }
        }
        assert_eq!(told.last.len(), 3);
    }

    #[test]
    fn nobody_is_told_of_what_belongs_to_no_project() {
        let mut told = Told::about(&name("team/plan"));
        assert!(
            told.of(&[Delta::of(Bytes::new(), None)], Instant::now())
                .is_none()
        );
    }

    fn name(text: &str) -> DocumentName {
        DocumentName::parse(text).unwrap()
    }
}
