//! Which card is a part of which.
//!
//! Two people can make each of two cards a part of the other at the same time. The registers are replayed in the order
//! of their logical clocks, and of ids among equals; one that would close a cycle falls back to what it was before, or
//! to nothing.
//!
//! Invariant: the result has no cycle, and depends on the registers alone. Time is almost linear: each card is attached
//! once, so the roots of all trees are found by joining sets.

use std::collections::BTreeMap;

use crate::board::id::CardId;
use crate::board::raw::{RawBoard, RawCard, RawParent};

/// The card that each card is a part of. A part of nothing, and of a deleted card, is not in it.
pub(in crate::board) fn parents(raw: &RawBoard) -> BTreeMap<&CardId, &CardId> {
    let live: BTreeMap<&CardId, usize> = raw
        .cards
        .iter()
        .filter(|(_, card)| card.deleted.is_none())
        .enumerate()
        .map(|(at, (id, _))| (id, at))
        .collect();
    let mut registers: Vec<(&CardId, usize, &RawParent)> = live
        .iter()
        .filter_map(|(id, at)| Some((*id, *at, raw.cards.get(*id).and_then(parent_of)?)))
        .collect();
    registers.sort_by_key(|(id, _, register)| (register.t, *id));

    let mut trees = Trees::new(live.len());
    let mut parents = BTreeMap::new();
    for (id, at, register) in registers {
        for candidate in [&register.card, &register.previous] {
            let Some(candidate) = candidate else {
                break;
            };
            match live.get_key_value(candidate) {
                None => break,
                Some((parent, above)) if trees.join(at, *above) => {
                    parents.insert(id, *parent);
                    break;
                }
                // It would close a cycle.
                Some(_) => {}
            }
        }
    }
    parents
}

fn parent_of(card: &RawCard) -> Option<&RawParent> {
    card.parent.as_ref()
}

/// Trees that grow together.
struct Trees {
    up: Vec<usize>,
}

impl Trees {
    fn new(count: usize) -> Self {
        Self {
            up: (0..count).collect(),
        }
    }

    /// Attaches the tree whose root is `root` below `above`, unless that is in this very tree.
    fn join(&mut self, root: usize, above: usize) -> bool {
        let top = self.root(above);
        if top == root {
            return false;
        }
        if let Some(slot) = self.up.get_mut(root) {
            *slot = top;
        }
        true
    }

    /// The root of the tree that `at` is in. Shortens the way for those who ask again.
    fn root(&mut self, mut at: usize) -> usize {
        while let Some(next) = self.up.get(at).copied().filter(|next| *next != at) {
            let further = self.up.get(next).copied().unwrap_or(next);
            if let Some(slot) = self.up.get_mut(at) {
                *slot = further;
            }
            at = next;
        }
        at
    }
}
