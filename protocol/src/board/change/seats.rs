//! Moving cards.

use std::collections::BTreeSet;

use yrs::Map;

use super::{At, ChangeError, Editor, What, keys_at, not_found};
use crate::board::Board;
use crate::board::id::{CardId, ColumnId, kind};
use crate::board::key::{OrderKey, between_with};
use crate::board::repair::place;
use crate::board::schema::{Category, WipMode, field};
use crate::board::view::{CardState, ColumnView};

impl Editor<'_, '_> {
    /// Moves open cards, in this order, to one place of a column. Reads the whole board.
    ///
    /// Cards that move into a completed column are done from then on; those that leave one are not.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the column, a card, or the card that `at` names;
    /// [`ChangeError::WipLimit`] if the column has a hard limit that would be passed.
    pub fn move_cards(
        &mut self,
        cards: &[CardId],
        column: &ColumnId,
        at: &At<kind::Card>,
    ) -> Result<(), ChangeError> {
        let board = self.take_board();
        let result = self.seat(&board, cards, column, at);
        if result.is_err() {
            self.board = Some(board);
        }
        result
    }

    /// Moves one card between two others of a column whose keys are known. Costs the same on boards of any size.
    ///
    /// Whether the keys are still those of the neighbours is for the caller to know; hard limits are too.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the column or the card; [`ChangeError::Key`] if there is no room between the keys:
    /// then [`Editor::move_cards`] makes some.
    pub fn move_between(
        &mut self,
        card: &CardId,
        column: &ColumnId,
        low: Option<&OrderKey>,
        high: Option<&OrderKey>,
    ) -> Result<(), ChangeError> {
        let category = self.category(column)?;
        self.card(card)?;
        let key = between_with(low, high, self.hand.dice)?;
        self.put(card, column, &key)?;
        self.mark_done(card, category)
    }

    /// Checks that these are open cards, and gives them places.
    fn seat(
        &mut self,
        board: &Board,
        cards: &[CardId],
        column: &ColumnId,
        at: &At<kind::Card>,
    ) -> Result<(), ChangeError> {
        let mut seen = BTreeSet::new();
        for card in cards {
            let state = board.view.cards.get(card).map(|card| card.state);
            if state != Some(CardState::Open) || !seen.insert(card) {
                return Err(not_found(What::Card, card.as_str()));
            }
        }
        self.place_in(board, cards, column, at)
    }

    /// Gives `cards` their places among the others that `board` shows.
    pub(super) fn place_in(
        &mut self,
        board: &Board,
        cards: &[CardId],
        column: &ColumnId,
        at: &At<kind::Card>,
    ) -> Result<(), ChangeError> {
        let (shown, mut list, from) = seat_among(board, cards, column, at)?;
        let key = |id: &CardId| {
            let place = board.raw.cards.get(id)?.place.as_ref()?;
            place.key.clone().filter(|_| place.column == *column)
        };
        let mut keys: Vec<Option<OrderKey>> = list.iter().map(key).collect();
        list.splice(from..from, cards.iter().cloned());
        keys.splice(from..from, cards.iter().map(|_| None));
        for (at, key) in keys_at(&keys, from, cards.len(), self.hand.dice) {
            if let Some(card) = list.get(at) {
                self.put(card, column, &key)?;
            }
        }
        for card in cards {
            self.mark_done(card, shown.category)?;
        }
        Ok(())
    }

    /// Writes the place of a card.
    fn put(&mut self, card: &CardId, column: &ColumnId, key: &OrderKey) -> Result<(), ChangeError> {
        let card = self.card(card)?;
        card.insert(self.txn, field::PLACE, place(column, key));
        self.board = None;
        Ok(())
    }

    /// Makes a card that stands in a column of this category done or not done.
    fn mark_done(&mut self, id: &CardId, category: Category) -> Result<(), ChangeError> {
        let card = self.card(id)?;
        let done = super::is_stamped(self.txn, &card, field::DONE);
        if category == Category::Completed && !done {
            let stamp = self.stamp();
            self.set(&card, field::DONE, Some(stamp));
        } else if category != Category::Completed && done {
            self.set(&card, field::DONE, None);
        }
        Ok(())
    }
}

/// The column, its other cards, and the position among these, if it takes `cards`.
pub(super) fn seat_among<'b>(
    board: &'b Board,
    cards: &[CardId],
    column: &ColumnId,
    at: &At<kind::Card>,
) -> Result<(&'b ColumnView, Vec<CardId>, usize), ChangeError> {
    let shown = board.view.columns.iter().find(|shown| shown.id == *column);
    let shown = shown.ok_or_else(|| not_found(What::Column, column.as_str()))?;
    let moving: BTreeSet<&CardId> = cards.iter().collect();
    let others: Vec<CardId> = shown
        .cards
        .iter()
        .filter(|card| !moving.contains(card))
        .cloned()
        .collect();
    let hard = shown.wip.filter(|wip| wip.mode == WipMode::Hard);
    // Cards that only change their order do not make a full column fuller.
    let coming = others.len() + cards.len() > shown.cards.len();
    if let Some(wip) = hard.filter(|wip| coming && (others.len() + cards.len()) as u64 > wip.limit) {
        return Err(ChangeError::WipLimit {
            column: column.as_str().to_owned(),
            limit: wip.limit,
        });
    }
    let from = super::position(&others, at, What::Card)?;
    Ok((shown, others, from))
}
