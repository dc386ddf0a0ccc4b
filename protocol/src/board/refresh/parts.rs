//! Which cards are a part of another one than before.
//!
//! As long as the registers of live cards go in no circle, each card is a part of the live card that its register names,
//! whatever the clocks say; then a change concerns the cards whose register changed, and those whose register names a
//! card that came or went. Where there is a circle, or might be, all registers are replayed.
//!
//! Invariant: the result is that of [`forest`].

use std::collections::{BTreeMap, BTreeSet};

use super::Past;
use crate::board::Board;
use crate::board::id::CardId;
use crate::board::index::knotted;
use crate::board::raw::RawCard;
use crate::board::view::forest;

/// Above so many changes at once, replaying all registers is the cheaper way.
const MANY: usize = 64;

/// Cards that become a part of another one.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Each with what it was a part of, and what it is.
    moves: Vec<Move>,
    knotted: bool,
}

#[derive(Debug)]
struct Move {
    child: CardId,
    from: Option<CardId>,
    to: Option<CardId>,
}

/// What changes because of the cards that were read again.
pub(super) fn changes(board: &Board, past: &Past) -> Parts {
    let candidates = candidates(board, past);
    if candidates.is_empty() {
        return Parts {
            moves: Vec::new(),
            knotted: board.index.knotted,
        };
    }
    if !board.index.knotted
        && candidates.len() <= MANY
        && let Some(moves) = simple(board, &candidates)
    {
        return Parts {
            moves,
            knotted: false,
        };
    }
    let parents = forest::parents(&board.raw);
    let known = board.raw.cards.keys().chain(candidates.iter().copied());
    let known: BTreeSet<&CardId> = known.collect();
    let moves = known
        .into_iter()
        .filter_map(|id| moving(board, id, parents.get(id).copied()));
    Parts {
        moves: moves.collect(),
        knotted: knotted(&board.raw, |id| parents.get(id).copied()),
    }
}

/// The cards whose parent may be another one now.
fn candidates<'b>(board: &'b Board, past: &'b Past) -> BTreeSet<&'b CardId> {
    let mut found = BTreeSet::new();
    let live = |card: Option<&RawCard>| card.is_some_and(|card| card.deleted.is_none());
    for (id, then) in past {
        let (then, now) = (then.as_ref(), board.raw.cards.get(id));
        let turned = live(then) != live(now);
        let register = |card: Option<&'b RawCard>| card.and_then(|card| card.parent.as_ref());
        if turned || register(then) != register(now) {
            found.insert(id);
        }
        if turned {
            found.extend(board.index.claims(id));
        }
    }
    found
}

/// The parent that the register of a card names, if both are live.
fn said<'b>(board: &'b Board, id: &CardId) -> Option<&'b CardId> {
    let live = |id: &CardId| {
        let card = board.raw.cards.get(id);
        card.filter(|card| card.deleted.is_none())
    };
    let said = live(id)?.parent.as_ref()?.card.as_ref()?;
    live(said).map(|_| said)
}

/// The moves, if all registers count. `None` where that is not so, or would take long to see.
fn simple(board: &Board, candidates: &BTreeSet<&CardId>) -> Option<Vec<Move>> {
    let fresh: BTreeMap<&CardId, Option<&CardId>> =
        candidates.iter().map(|id| (*id, said(board, id))).collect();
    let above = |id: &CardId| match fresh.get(id) {
        Some(parent) => *parent,
        None => board.view.cards.get(id)?.parent.as_ref(),
    };
    // A circle goes through a card whose parent is new, so who walks up from each of these meets it.
    let mut steps = board.raw.cards.len();
    for id in candidates {
        let mut at = above(id);
        while let Some(here) = at {
            if here == *id {
                return None;
            }
            steps = steps.checked_sub(1)?;
            at = above(here);
        }
    }
    let moves = fresh.into_iter();
    Some(
        moves
            .filter_map(|(id, parent)| moving(board, id, parent))
            .collect(),
    )
}

/// The move of a card to this parent, unless that is where it is.
fn moving(board: &Board, id: &CardId, to: Option<&CardId>) -> Option<Move> {
    let from = board.view.cards.get(id).and_then(|card| card.parent.as_ref());
    (from != to).then(|| Move {
        child: id.clone(),
        from: from.cloned(),
        to: to.cloned(),
    })
}

impl Parts {
    /// The cards that are shown otherwise: parts, and what they are parts of.
    pub(super) fn concerned(&self) -> impl Iterator<Item = &CardId> {
        let moves = self.moves.iter();
        moves.flat_map(|each| {
            [Some(&each.child), each.from.as_ref(), each.to.as_ref()]
                .into_iter()
                .flatten()
        })
    }

    /// Shows them so.
    pub(super) fn apply(self, board: &mut Board) {
        let cards = &mut board.view.cards;
        for Move { child, from, to } in self.moves {
            if let Some(parent) = from.and_then(|from| cards.get_mut(&from))
                && let Ok(at) = parent.children.binary_search(&child)
            {
                parent.children.remove(at);
            }
            if let Some(parent) = to.as_ref().and_then(|to| cards.get_mut(to))
                && let Err(at) = parent.children.binary_search(&child)
            {
                parent.children.insert(at, child.clone());
            }
            if let Some(card) = cards.get_mut(&child) {
                card.parent = to;
            }
        }
        board.index.knotted = self.knotted;
    }
}
