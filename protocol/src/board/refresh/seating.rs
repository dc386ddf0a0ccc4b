//! Taking cards from where they stood, and putting them where they belong.
//!
//! Invariant: between the two, the lists have exactly the cards that stay where they are, still in their order.

use std::collections::{BTreeMap, BTreeSet};

use super::splice;
use crate::board::Board;
use crate::board::before::{Before, Placed};
use crate::board::id::{CardId, ColumnId};
use crate::board::raw::RawCard;
use crate::board::seat::Rank;
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

/// Shows `cards` as the document says now, where it says so, with the parents and parts that they had.
pub(super) fn show(board: &mut Board, cards: &BTreeSet<CardId>) {
    let moves = moves(board, cards);
    take_out(board, &moves);
    for each in &moves {
        board
            .index
            .set_rank(each.card, each.to.as_ref().and_then(|(_, rank)| rank.clone()));
    }
    put_in(board, &moves);
    for id in cards {
        let Some(card) = board.raw.cards.get(id) else {
            board.view.cards.remove(id);
            continue;
        };
        let mut shown = card_view(&board.raw, card, column_of(board, card).cloned());
        match board.view.cards.get_mut(id) {
            Some(old) => {
                shown.parent = old.parent.take();
                shown.children = std::mem::take(&mut old.children);
                *old = shown;
            }
            None => drop(board.view.cards.insert(id.clone(), shown)),
        }
    }
}

/// A card that goes from one place to another. Places in lists without ranks have none.
struct Move<'c> {
    card: &'c CardId,
    from: Option<(List, Option<Rank>)>,
    to: Option<(List, Option<Rank>)>,
}

/// Those of the cards that do not stay where they are.
fn moves<'c>(board: &Board, cards: &'c BTreeSet<CardId>) -> Vec<Move<'c>> {
    let to = |id: &CardId| {
        let card = board.raw.cards.get(id)?;
        let column = column_of(board, card);
        let state = state(card);
        let rank = (state == CardState::Open).then(|| Rank::of(card.place.as_ref(), column));
        Some((List::of(state, column), rank))
    };
    let from = |id: &CardId| {
        let card = board.view.cards.get(id)?;
        let list = List::of(card.state, card.column.as_ref());
        Some((list, board.index.rank(id).cloned()))
    };
    let moves = cards.iter().map(|card| Move {
        card,
        from: from(card),
        to: to(card),
    });
    moves.filter(|each| each.from != each.to).collect()
}

/// The column that shows a card if it is open.
fn column_of<'b>(board: &'b Board, card: &'b RawCard) -> Option<&'b ColumnId> {
    let own = card.place.as_ref().map(|place| &place.column);
    let live = |column: &&ColumnId| {
        let column = board.raw.columns.get(*column);
        column.is_some_and(|column| column.entry.deleted.is_none())
    };
    let first = || board.view.columns.first().map(|column| &column.id);
    own.filter(live).or_else(first)
}

/// Takes the cards out of the lists in which they were. A column that is gone took its list with it.
fn take_out(board: &mut Board, moves: &[Move<'_>]) {
    let mut lists: BTreeMap<&List, Vec<usize>> = BTreeMap::new();
    for Move { card, from, .. } in moves {
        if let Some((list, rank)) = from
            && let Ok(at) = search(board, list, rank.as_ref(), card)
        {
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

/// Puts the cards into the lists in which they are, in order.
fn put_in(board: &mut Board, moves: &[Move<'_>]) {
    let mut lists: BTreeMap<&List, Vec<(Option<&Rank>, &CardId)>> = BTreeMap::new();
    for Move { card, to, .. } in moves {
        if let Some((list, rank)) = to {
            lists.entry(list).or_default().push((rank.as_ref(), card));
        }
    }
    for (list, mut coming) in lists {
        coming.sort_unstable();
        let placed = coming.into_iter().map(|(rank, card)| {
            let at = search(board, list, rank, card).unwrap_or_else(|at| at);
            (at, card.clone())
        });
        let placed = placed.collect();
        if let Some(cards) = list.cards_mut(board) {
            splice::put_in(cards, placed);
        }
    }
}

/// Where a card stands in a list, or would.
fn search(board: &Board, list: &List, rank: Option<&Rank>, card: &CardId) -> Result<usize, usize> {
    match rank {
        Some(rank) => board.search(list.cards(board), rank, card),
        None => list.cards(board).binary_search(card),
    }
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
