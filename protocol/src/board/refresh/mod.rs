//! Bringing a board up to date with what was touched, and saying what was shown before.
//!
//! What changes is decided first, while everything is shown as before; then it is noted; then it is changed.
//!
//! Invariant: a refreshed board is the board that reading anew would give. The time grows with what was touched, not
//! with the board, apart from logarithms and from making room in a list. Only where columns, lanes, labels or custom
//! fields come, go or begin to mean something else are all cards looked at; only where sub-tasks or dependencies go in
//! circles are all of these replayed.

mod lists;
mod parts;
mod relations;
mod seating;
mod splice;

use std::collections::{BTreeMap, BTreeSet};

use yrs::ReadTxn;

use super::Board;
use super::before::{Before, CardBefore};
use super::id::CardId;
use super::raw::{self, RawCard};
use super::watch::Touched;

/// Cards as they were in the document before they were read again; `None` is what was not there.
type Past = BTreeMap<CardId, Option<RawCard>>;

impl Board {
    /// Reads again what was touched. Answers what was shown before, of everything that is shown otherwise now.
    pub fn refresh<T: ReadTxn>(&mut self, txn: &T, touched: &Touched) -> Before {
        let mut before = Before::default();
        if touched.is_empty() {
            return before;
        }
        let lists = lists::read(self, txn, &touched.lists);
        let mut cards = touched.cards.clone();
        lists::concerned(self, &lists, &mut cards);
        let past = self.reread(txn, &touched.cards);
        let parts = parts::changes(self, &past);
        for id in cards.iter().chain(parts.concerned()) {
            self.note(id, &mut before);
        }
        before.descriptions = self.described(&touched.descriptions, &past);

        lists::apply(self, lists, &mut before);
        seating::show(self, &cards);
        parts.apply(self);
        relations::refresh(self, txn, &touched.links, &past, &mut before);
        seating::check_limits(self, &mut before);
        before.settle(self);
        before
    }

    /// Reads cards again. Answers what the document said of them before.
    fn reread<T: ReadTxn>(&mut self, txn: &T, cards: &BTreeSet<CardId>) -> Past {
        let mut past = Past::new();
        for id in cards {
            let then = self.raw.cards.remove(id);
            if let Some(card) = &then {
                self.index.forget_card(id, card);
            }
            if let Some(card) = raw::card(txn, id) {
                self.index.add_card(id, &card);
                self.raw.cards.insert(id.clone(), card);
            }
            past.insert(id.clone(), then);
        }
        past
    }

    /// Notes what is shown of a card, unless that is noted.
    fn note(&self, id: &CardId, before: &mut Before) {
        if before.cards.contains_key(id) {
            return;
        }
        let card = self.view.cards.get(id).map(|view| CardBefore {
            view: view.clone(),
            seat: self.seat(id),
        });
        before.cards.insert(id.clone(), card);
    }

    /// Those among `cards` that have a description or had one.
    fn described(&self, cards: &BTreeSet<CardId>, past: &Past) -> BTreeSet<CardId> {
        let is = |card: Option<&RawCard>| card.is_some_and(|card| card.described);
        let then = |id| is(past.get(id).and_then(Option::as_ref));
        let cards = cards.iter();
        cards
            .filter(|id| is(self.raw.cards.get(*id)) || then(*id))
            .cloned()
            .collect()
    }
}
