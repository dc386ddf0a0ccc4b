//! What a board keeps in mind about itself, so that a change need not look at all of it.
//!
//! Invariant: everything here follows from what the document says and what is shown; it holds nothing of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::id::CardId;
use super::raw::{LinkId, RawBoard, RawCard};
use super::schema::LinkKind;
use super::seat::Rank;
use super::view::BoardView;

/// The notes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Index {
    /// The ranks of open cards in the lists that show them, where they are found at once: a search in a list asks for
    /// many.
    ranks: HashMap<CardId, Rank>,
    /// How many registers have each logical clock.
    clocks: BTreeMap<u64, usize>,
    /// By card: those whose register says that they are a part of it, deleted ones too.
    claims: BTreeMap<CardId, BTreeSet<CardId>>,
    /// By card: the relations that name it, shown or not.
    ends: BTreeMap<CardId, BTreeSet<LinkId>>,
    /// Whether some card is shown as a part of another than its register says, because of a cycle.
    pub(super) knotted: bool,
    /// How many relations of each kind are marked as cyclic.
    cyclic: BTreeMap<LinkKind, usize>,
}

impl Index {
    /// The notes about a board.
    pub(super) fn of(raw: &RawBoard, view: &BoardView) -> Self {
        let mut index = Self {
            knotted: knotted(raw, |card| view.cards.get(card)?.parent.as_ref()),
            ..Self::default()
        };
        for (id, card) in &raw.cards {
            index.add_card(id, card);
        }
        for (id, t) in &raw.links {
            index.add_link(id, *t);
        }
        let unsorted = std::iter::once((None, &view.unsorted));
        let columns = view
            .columns
            .iter()
            .map(|column| (Some(&column.id), &column.cards));
        for (column, cards) in columns.chain(unsorted) {
            for id in cards {
                let place = raw.cards.get(id).and_then(|card| card.place.as_ref());
                index.set_rank(id, Some(Rank::of(place, column)));
            }
        }
        for link in view.links.iter().filter(|link| link.cyclic) {
            *index.cyclic.entry(link.kind).or_default() += 1;
        }
        index
    }

    /// The rank of an open card in the list that shows it.
    pub(super) fn rank(&self, card: &CardId) -> Option<&Rank> {
        self.ranks.get(card)
    }

    /// Notes the rank of a card, if it has one.
    pub(super) fn set_rank(&mut self, card: &CardId, rank: Option<Rank>) {
        match rank {
            Some(rank) => self.ranks.insert(card.clone(), rank),
            None => self.ranks.remove(card),
        };
    }

    /// The highest logical clock, forged ones included.
    pub(super) fn clock(&self) -> u64 {
        self.clocks.last_key_value().map_or(0, |(t, _)| *t)
    }

    /// Cards whose register says that they are a part of `parent`.
    pub(super) fn claims(&self, parent: &CardId) -> impl Iterator<Item = &CardId> {
        self.claims.get(parent).into_iter().flatten()
    }

    /// Relations that name `card`.
    pub(super) fn links(&self, card: &CardId) -> impl Iterator<Item = &LinkId> {
        self.ends.get(card).into_iter().flatten()
    }

    /// How many relations of this kind are marked.
    pub(super) fn cyclic(&self, kind: LinkKind) -> usize {
        self.cyclic.get(&kind).copied().unwrap_or(0)
    }

    /// Notes how many relations of this kind are marked.
    pub(super) fn set_cyclic(&mut self, kind: LinkKind, count: usize) {
        if count == 0 {
            self.cyclic.remove(&kind);
        } else {
            self.cyclic.insert(kind, count);
        }
    }

    /// Takes note of what a card says.
    pub(super) fn add_card(&mut self, id: &CardId, card: &RawCard) {
        if let Some(register) = &card.parent {
            count(&mut self.clocks, register.t);
            if let Some(parent) = &register.card {
                self.claims.entry(parent.clone()).or_default().insert(id.clone());
            }
        }
    }

    /// Forgets what a card said.
    pub(super) fn forget_card(&mut self, id: &CardId, card: &RawCard) {
        if let Some(register) = &card.parent {
            discount(&mut self.clocks, register.t);
            if let Some(parent) = &register.card {
                take_out(&mut self.claims, parent, id);
            }
        }
    }

    /// Takes note of a relation.
    pub(super) fn add_link(&mut self, id: &LinkId, t: u64) {
        count(&mut self.clocks, t);
        for end in id.ends() {
            self.ends.entry(end.clone()).or_default().insert(id.clone());
        }
    }

    /// Forgets a relation.
    pub(super) fn forget_link(&mut self, id: &LinkId, t: u64) {
        discount(&mut self.clocks, t);
        for end in id.ends() {
            take_out(&mut self.ends, end, id);
        }
    }
}

/// Whether some live card is not a part of the live card that its register names.
pub(super) fn knotted<'b>(raw: &'b RawBoard, parent: impl Fn(&'b CardId) -> Option<&'b CardId>) -> bool {
    let live = |id: &CardId| raw.cards.get(id).is_some_and(|card| card.deleted.is_none());
    let mut cards = raw.cards.iter().filter(|(_, card)| card.deleted.is_none());
    cards.any(|(id, card)| {
        let said = card.parent.as_ref().and_then(|register| register.card.as_ref());
        said.is_some_and(|said| live(said) && parent(id) != Some(said))
    })
}

fn count(counts: &mut BTreeMap<u64, usize>, t: u64) {
    *counts.entry(t).or_default() += 1;
}

fn discount(counts: &mut BTreeMap<u64, usize>, t: u64) {
    if let Some(count) = counts.get_mut(&t) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&t);
        }
    }
}

fn take_out<V: Ord>(sets: &mut BTreeMap<CardId, BTreeSet<V>>, of: &CardId, value: &V) {
    if let Some(set) = sets.get_mut(of) {
        set.remove(value);
        if set.is_empty() {
            sets.remove(of);
        }
    }
}
