//! What a board's edits mean beside the log: rows to write and events to tell, gathered until the next append.
//!
//! Invariant: what [`Projector::take`] gives makes the rows of the board equal to the board it is shown, if they were
//! equal to it when the projector last gave something.
//!
//! It must never decide what is shown (the board says that), know who is connected, or do I/O.

mod events;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use uuid::Uuid;
use weft_protocol::board::raw::LinkId;
use weft_protocol::board::{Before, Board, CardId};
pub(super) use weft_storage::Projection;
use weft_storage::{EntryKind, NewEvent};

use self::rows::EntryName;

/// Whose doing a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doer {
    /// Somebody's: an account, if it is known which.
    Somebody(Option<Uuid>),
    /// The server's own: it repaired what nobody sees. Only what is taken away is told.
    Repair,
}

/// What is to be written with the next append.
#[derive(Debug, Default)]
pub(super) struct Projector {
    cards: BTreeSet<CardId>,
    entries: BTreeSet<EntryName>,
    links: BTreeSet<LinkId>,
    events: Vec<NewEvent>,
}

impl Projector {
    /// Takes note of one change: what `before` was shown is shown now as `board` says.
    pub(super) fn note(&mut self, before: &Before, board: &Board, doer: Doer) {
        self.cards.extend(before.cards.keys().cloned());
        self.entries.extend(rows::names(before));
        self.links.extend(before.links.keys().cloned());
        events::tell(before, board, doer, &mut self.events);
    }

    /// Everything that was noted since the last time, as rows of what `board` shows now; `None` if there is nothing.
    pub(super) fn take(&mut self, board: &Board) -> Option<Projection> {
        if self.is_empty() {
            return None;
        }
        let mut projection = Projection {
            events: std::mem::take(&mut self.events),
            ..Projection::default()
        };
        for card in std::mem::take(&mut self.cards) {
            match rows::task(board, &card) {
                Some(row) => projection.tasks.push(row),
                None => projection.purged.push(card.as_str().to_owned()),
            }
        }
        rows::entries(board, std::mem::take(&mut self.entries), &mut projection);
        rows::links(board, std::mem::take(&mut self.links), &mut projection);
        Some(projection)
    }

    /// Forgets everything: it will be noted again.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn is_empty(&self) -> bool {
        self.cards.is_empty() && self.entries.is_empty() && self.links.is_empty() && self.events.is_empty()
    }
}

/// All rows of a board, without events: what its rows are to be.
pub(crate) fn whole(board: &Board) -> Projection {
    let mut projection = Projection {
        tasks: board
            .view
            .cards
            .keys()
            .filter_map(|card| rows::task(board, card))
            .collect(),
        ..Projection::default()
    };
    for kind in [
        EntryKind::Column,
        EntryKind::Lane,
        EntryKind::Label,
        EntryKind::Field,
    ] {
        projection.entries.extend(rows::shown(board, kind));
    }
    projection.links = board.view.links.iter().map(rows::link).collect();
    projection
}
