//! Taking cards from where they stand, and putting them where they belong.
//!
//! Invariant: between the two, the lists have exactly the cards that nothing happened to, still in their order.

use std::collections::{BTreeMap, BTreeSet};

use super::{Past, place_then, splice};
use crate::board::Board;
use crate::board::before::{Before, Placed};
use crate::board::id::{CardId, ColumnId};
use crate::board::seat::{rank, search};
use crate::board::view::{CardState, card_view, state};

/// The lists that cards are in, one each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum List {
    Column(ColumnId),
    Unsorted,
    Archive,
    Trash,
}

impl List {
    fn of(state: CardState, column: Option<&ColumnId>) -> Self {
        match (state, column) {
            (CardState::Open, Some(column)) => Self::Column(column.clone()),
            (CardState::Open, None) => Self::Unsorted,
            (CardState::Archived, _) => Self::Archive,
            (CardState::Deleted, _) => Self::Trash,
        }
    }

    fn column(&self) -> Option<&ColumnId> {
        match self {
            Self::Column(column) => Some(column),
            _ => None,
        }
    }

    /// Whether cards stand in it by their places, or by their ids alone.
    fn has_places(&self) -> bool {
        matches!(self, Self::Column(_) | Self::Unsorted)
    }

    fn cards<'b>(&self, board: &'b Board) -> &'b [CardId] {
        match self {
            Self::Column(column) => board.list(Some(column)),
            Self::Unsorted => board.list(None),
            Self::Archive => &board.view.archive,
            Self::Trash => &board.view.trash,
        }
    }

    fn cards_mut<'b>(&self, board: &'b mut Board) -> Option<&'b mut Vec<CardId>> {
        match self {
            Self::Column(id) => {
                let found = board.view.columns.iter_mut().find(|column| column.id == *id);
                found.map(|column| &mut column.cards)
            }
            Self::Unsorted => Some(&mut board.view.unsorted),
            Self::Archive => Some(&mut board.view.archive),
            Self::Trash => Some(&mut board.view.trash),
        }
    }
}

/// Takes `cards` out of the lists that show them.
pub(super) fn lift(board: &mut Board, cards: &BTreeSet<CardId>, past: &Past) {
    let mut lists: BTreeMap<List, Vec<usize>> = BTreeMap::new();
    for id in cards {
        let Some(card) = board.view.cards.get(id) else {
            continue;
        };
        let list = List::of(card.state, card.column.as_ref());
        let shown = list.cards(board);
        let found = if list.has_places() {
            let rank = |card| rank(place_then(board, past, card), list.column(), card);
            search(shown, rank(id), rank)
        } else {
            shown.binary_search(id)
        };
        if let Ok(at) = found {
            lists.entry(list).or_default().push(at);
        }
    }
    for (list, mut positions) in lists {
        positions.sort_unstable();
        if let Some(cards) = list.cards_mut(board) {
            splice::take_out(cards, &positions);
        }
    }
}

/// Shows `cards` as the document says now, with the parents and parts that they had.
pub(super) fn show(board: &mut Board, cards: &BTreeSet<CardId>) {
    let mut lists: BTreeMap<List, Vec<&CardId>> = BTreeMap::new();
    for id in cards {
        let Some(card) = board.raw.cards.get(id) else {
            board.view.cards.remove(id);
            continue;
        };
        let own = card.place.as_ref().map(|place| &place.column);
        let own = own.filter(|own| {
            let column = board.raw.columns.get(*own);
            column.is_some_and(|column| column.entry.deleted.is_none())
        });
        let first = || board.view.columns.first().map(|column| &column.id);
        let column = own.or_else(first).cloned();
        let list = List::of(state(card), column.as_ref());
        let mut shown = card_view(&board.raw, card, column);
        if let Some(old) = board.view.cards.get_mut(id) {
            shown.parent = old.parent.take();
            shown.children = std::mem::take(&mut old.children);
        }
        board.view.cards.insert(id.clone(), shown);
        lists.entry(list).or_default().push(id);
    }
    for (list, cards) in lists {
        let places = placed(board, &list, cards);
        if let Some(cards) = list.cards_mut(board) {
            splice::put_in(cards, places);
        }
    }
}

/// Where in a list `cards` belong, in order.
fn placed(board: &Board, list: &List, mut cards: Vec<&CardId>) -> Vec<(usize, CardId)> {
    let shown = list.cards(board);
    if !list.has_places() {
        let at = |id: &CardId| shown.binary_search(id).unwrap_or_else(|at| at);
        return cards.into_iter().map(|id| (at(id), id.clone())).collect();
    }
    let column = list.column();
    cards.sort_by_cached_key(|id| {
        let (group, key, id) = rank(board.place_of(id), column, id);
        (group, key.cloned(), id.clone())
    });
    let at = |id| {
        let wanted = rank(board.place_of(id), column, id);
        search(shown, wanted, |card| rank(board.place_of(card), column, card)).unwrap_or_else(|at| at)
    };
    cards.into_iter().map(|id| (at(id), id.clone())).collect()
}

/// Sees which columns have more cards than they should.
pub(super) fn check_limits(board: &mut Board, before: &mut Before) {
    for (position, column) in board.view.columns.iter_mut().enumerate() {
        let over_limit = column.is_over_limit();
        if column.over_limit != over_limit {
            let view = column.head();
            let noted = before.columns.entry(column.id.clone());
            noted.or_insert(Some(Placed { position, view }));
            column.over_limit = over_limit;
        }
    }
}
