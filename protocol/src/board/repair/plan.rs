//! What there is to repair.
//!
//! Invariant: a plan is made of units; after each of them everything is shown as before.

use std::collections::BTreeMap;

use super::Fix;
use crate::board::id::{CardId, Id};
use crate::board::key::{OrderKey, settle};
use crate::board::raw::{RawBoard, RawEntry};
use crate::board::schema::{limit, root};
use crate::board::view::{CardState, ColumnView, ordered};
use crate::board::{Board, Touched};

/// What a repair would write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Writes that belong together.
    pub units: Vec<Vec<Fix>>,
}

impl Plan {
    /// Whether there is nothing to repair.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// What is touched by carrying it out.
    pub(super) fn touches(&self) -> Touched {
        let mut touched = Touched::default();
        for fix in self.units.iter().flatten() {
            match fix {
                Fix::Entry { root, .. } => drop(touched.lists.insert(*root)),
                Fix::Choice(..) => drop(touched.lists.insert(root::FIELDS)),
                Fix::Item(card, ..) | Fix::Place(card, ..) | Fix::Parent { card, .. } => {
                    touched.cards.insert(card.clone());
                }
                Fix::Clock(link, _) => drop(touched.links.insert(link.clone())),
                Fix::Unlink(link) => drop(touched.links.insert(link.id())),
            }
        }
        touched
    }
}

/// What there is to repair on `board`.
pub fn plan(board: &Board) -> Plan {
    let raw = &board.raw;
    let mut units = vec![
        entries(root::COLUMNS, &raw.columns, |column| &column.entry),
        entries(root::LANES, &raw.lanes, |lane| lane),
        entries(root::LABELS, &raw.labels, |label| label),
        entries(root::FIELDS, &raw.fields, |field| &field.entry),
    ];
    units.extend(raw.fields.iter().map(|(id, field)| {
        let choice = |(option, key)| Fix::Choice(id.clone(), option, key);
        settled(&field.options, live).into_iter().map(choice).collect()
    }));
    units.extend(board.view.columns.iter().map(|column| seats(raw, column)));
    let live_cards = raw.cards.iter().filter(|(_, card)| card.deleted.is_none());
    units.extend(live_cards.map(|(id, card)| {
        let item = |(item, key)| Fix::Item(id.clone(), item, key);
        let items = settled(&card.checklist, |item| Some(item.key.as_ref()));
        items.into_iter().map(item).collect()
    }));
    units.push(parents(board));
    units.push(links(board));
    units.retain(|unit| !unit.is_empty());
    Plan { units }
}

/// The key of an entry that is not deleted.
fn live(entry: &RawEntry) -> Option<Option<&OrderKey>> {
    entry.deleted.is_none().then_some(entry.key.as_ref())
}

/// New keys for a list, in the order in which it is shown.
fn settled<K, V>(
    list: &BTreeMap<Id<K>, V>,
    key: impl Fn(&V) -> Option<Option<&OrderKey>> + Copy,
) -> Vec<(Id<K>, OrderKey)> {
    let list = ordered(list, key);
    let keys: Vec<_> = list
        .iter()
        .map(|(_, value)| key(value).flatten().cloned())
        .collect();
    settle(&keys)
        .into_iter()
        .filter_map(|(at, key)| Some((list.get(at)?.0.clone(), key)))
        .collect()
}

fn entries<K, V>(
    root: &'static str,
    list: &BTreeMap<Id<K>, V>,
    entry: impl Fn(&V) -> &RawEntry + Copy,
) -> Vec<Fix> {
    let fix = |(id, key): (Id<K>, OrderKey)| Fix::Entry {
        root,
        id: id.as_str().to_owned(),
        key,
    };
    settled(list, |value| live(entry(value)))
        .into_iter()
        .map(fix)
        .collect()
}

/// Places for the cards of a column that have no valid one, or the same as another.
fn seats(raw: &RawBoard, column: &ColumnView) -> Vec<Fix> {
    let key = |id: &CardId| {
        let place = raw.cards.get(id)?.place.as_ref()?;
        place.key.clone().filter(|_| place.column == column.id)
    };
    let keys: Vec<_> = column.cards.iter().map(key).collect();
    settle(&keys)
        .into_iter()
        .filter_map(|(at, key)| Some(Fix::Place(column.cards.get(at)?.clone(), column.id.clone(), key)))
        .collect()
}

/// The highest logical clock that nobody has to have forged.
fn honest_clock(raw: &RawBoard) -> u64 {
    let parents = raw.cards.values().filter_map(|card| card.parent.as_ref());
    let clocks = parents.map(|parent| parent.t).chain(raw.links.values().copied());
    clocks.filter(|t| *t <= limit::HONEST_CLOCK).max().unwrap_or(0)
}

/// New clocks for those that were forged, in the same order behind all others. `clocks` are in that order.
fn tamed<N: Ord + Copy>(mut clocks: Vec<(u64, N)>, honest: u64) -> BTreeMap<N, u64> {
    clocks.retain(|(t, _)| *t > limit::HONEST_CLOCK);
    clocks.sort();
    clocks
        .iter()
        .zip(honest + 1..)
        .map(|((_, name), t)| (*name, t))
        .collect()
}

/// Registers of parents that close a cycle, or have a forged clock.
fn parents(board: &Board) -> Vec<Fix> {
    let registers = || {
        let cards = board.raw.cards.iter();
        cards.filter_map(|(id, card)| Some((id, card.parent.as_ref()?)))
    };
    let clocks = registers().map(|(id, register)| (register.t, id)).collect();
    let tamed = tamed(clocks, honest_clock(&board.raw));
    let is_live = |id: &CardId| {
        let card = board.view.cards.get(id);
        card.is_some_and(|card| card.state != CardState::Deleted)
    };
    let mut fixes = Vec::new();
    for (id, register) in registers() {
        let shown = board.view.cards.get(id).and_then(|card| card.parent.clone());
        let said = register.card.as_ref().filter(|said| is_live(said) && is_live(id));
        let parent = (said.is_some() && said != shown.as_ref()).then_some(shown);
        let t = tamed.get(id).copied().unwrap_or(register.t);
        if parent.is_some() || t != register.t {
            fixes.push(Fix::Parent {
                card: id.clone(),
                parent,
                t,
            });
        }
    }
    fixes
}

/// Relations that close a cycle, or have a forged clock.
fn links(board: &Board) -> Vec<Fix> {
    let cyclic = board.view.links.iter().filter(|link| link.cyclic);
    let mut fixes: Vec<Fix> = cyclic.cloned().map(Fix::Unlink).collect();
    let tamed = tamed(
        board.raw.links.iter().map(|(link, t)| (*t, link)).collect(),
        honest_clock(&board.raw),
    );
    for (link, t) in tamed {
        if !board.view.link(link).is_some_and(|link| link.cyclic) {
            fixes.push(Fix::Clock(link.clone(), t));
        }
    }
    fixes
}
