//! Moving cards.
//!
//! Invariant: a place is found by looking at the cards around it. Only where these leave no room are all cards of the
//! column looked at, and given new keys.

use std::collections::BTreeSet;

use yrs::Map;

use super::{At, ChangeError, Editor, What, keys_between, not_found};
use crate::board::Board;
use crate::board::id::{CardId, ColumnId, kind};
use crate::board::key::{OrderKey, settle};
use crate::board::repair::place;
use crate::board::schema::{Category, WipMode, field};
use crate::board::seat::Group;
use crate::board::view::{CardState, ColumnView};

impl Editor<'_, '_> {
    /// Moves open cards, in this order, to one place of a column.
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
        let board = self.board();
        let mut seen = BTreeSet::new();
        for card in cards {
            let state = board.view.cards.get(card).map(|card| card.state);
            if state != Some(CardState::Open) || !seen.insert(card) {
                return Err(not_found(What::Card, card.as_str()));
            }
        }
        let gap = gap(board, cards, column, at)?;
        self.fill(gap, cards)
    }

    /// Gives `cards` the places of a gap that was found for them. None of them is deleted.
    pub(super) fn fill(&mut self, gap: Gap, cards: &[CardId]) -> Result<(), ChangeError> {
        let low = gap.low.as_ref().map(Option::as_ref);
        let keys = keys_between(low, gap.high.as_ref(), cards.len(), self.hand.dice);
        let places: Vec<(CardId, OrderKey)> = match keys {
            Some(keys) => cards.iter().cloned().zip(keys).collect(),
            None => settled(self.board(), cards, &gap),
        };
        for (card, key) in places {
            let card = self.card(&card)?;
            card.insert(self.txn, field::PLACE, place(&gap.column, &key));
        }
        for card in cards {
            self.mark_done(card, gap.category)?;
        }
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

/// A place among the cards of a column.
pub(super) struct Gap {
    column: ColumnId,
    category: Category,
    /// The card before it, and its key.
    above: Option<CardId>,
    low: Option<Option<OrderKey>>,
    /// The key of the card behind it.
    high: Option<OrderKey>,
}

/// The place that `at` means for `cards`, if the column takes them.
pub(super) fn gap(
    board: &Board,
    cards: &[CardId],
    column: &ColumnId,
    at: &At<kind::Card>,
) -> Result<Gap, ChangeError> {
    let shown = board.view.column(column);
    let (_, shown) = shown.ok_or_else(|| not_found(What::Column, column.as_str()))?;
    let moving: BTreeSet<&CardId> = cards.iter().collect();
    check_limit(board, shown, cards)?;
    let stays = |card: &&CardId| !moving.contains(card);
    let list = &shown.cards;
    let seat = |id: &CardId| {
        let card = board.view.cards.get(id).filter(|_| stays(&id));
        let here = card.filter(|card| card.column.as_ref() == Some(column));
        let rank = here.and_then(|_| board.index.rank(id));
        let at = rank.and_then(|rank| board.search(list, rank, id).ok());
        at.ok_or_else(|| not_found(What::Card, id.as_str()))
    };
    // Cards before `from` stand above the place, those from there on below it.
    let from = match at {
        At::First => 0,
        At::Last => list.len(),
        At::Before(id) => seat(id)?,
        At::After(id) => seat(id)? + 1,
    };
    let (above, below) = list.split_at(from);
    let above = above.iter().rfind(stays);
    let key = |id: &CardId| own_key(board, id);
    Ok(Gap {
        column: column.clone(),
        category: shown.category,
        above: above.cloned(),
        low: above.map(key),
        high: below.iter().find(stays).and_then(key),
    })
}

/// Checks that a column with a hard limit takes `cards`. Those that only change their order make it no fuller.
fn check_limit(board: &Board, column: &ColumnView, cards: &[CardId]) -> Result<(), ChangeError> {
    let Some(wip) = column.wip.filter(|wip| wip.mode == WipMode::Hard) else {
        return Ok(());
    };
    let is_here = |card: &CardId| {
        let card = board.view.cards.get(card);
        card.is_some_and(|card| card.state == CardState::Open && card.column.as_ref() == Some(&column.id))
    };
    let coming = cards.iter().filter(|card| !is_here(card)).count();
    if coming > 0 && (column.cards.len() + coming) as u64 > wip.limit {
        return Err(ChangeError::WipLimit {
            column: column.id.as_str().to_owned(),
            limit: wip.limit,
        });
    }
    Ok(())
}

/// The key by which a card stands in its own column, if it does.
fn own_key(board: &Board, id: &CardId) -> Option<OrderKey> {
    let rank = board.index.rank(id)?;
    rank.key.clone().filter(|_| rank.group == Group::Keyed)
}

/// Places for `cards` in their gap, and for as many others as it takes to make room.
fn settled(board: &Board, cards: &[CardId], gap: &Gap) -> Vec<(CardId, OrderKey)> {
    let moving: BTreeSet<&CardId> = cards.iter().collect();
    let others = board.list(Some(&gap.column)).iter();
    let mut list: Vec<&CardId> = others.filter(|card| !moving.contains(card)).collect();
    let above = |above: &CardId| list.iter().position(|card| *card == above).map_or(0, |at| at + 1);
    let from = gap.above.as_ref().map_or(0, above);
    let mut keys: Vec<_> = list.iter().map(|card| own_key(board, card)).collect();
    list.splice(from..from, cards);
    keys.splice(from..from, cards.iter().map(|_| None));
    settle(&keys)
        .into_iter()
        .filter_map(|(at, key)| Some(((*list.get(at)?).clone(), key)))
        .collect()
}
