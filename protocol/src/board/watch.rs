//! What changed on a board, so that not everything has to be read again.
//!
//! Invariant: a board that was read once and then [refreshed](super::Board::refresh) with everything that a watch took
//! note of is the board that reading anew would give; what a move costs to read does not grow with the board.
//!
//! It must never be asked while a transaction of its document is open: notes are taken when a transaction ends.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use yrs::types::{Event, Events, PathSegment};
use yrs::{DeepObservable, Doc, Transact, TransactionMut, WriteTxn};

use super::id::CardId;
use super::raw::LinkId;
use super::schema::{field, root};

/// The name under which a document knows its watch.
const OBSERVER: &str = "weft-board";

/// What changed. It may name what did not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Cards that came, went, or say something else.
    pub cards: BTreeSet<CardId>,
    /// Those of them whose descriptions changed.
    pub descriptions: BTreeSet<CardId>,
    /// Roots of lists in which something changed: columns, lanes, labels, custom fields, and what the document is.
    pub lists: BTreeSet<&'static str>,
    /// Relations that came, went, or have another clock.
    pub links: BTreeSet<LinkId>,
}

impl Touched {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Takes note of what changes in a document, whoever changes it.
#[derive(Debug, Clone)]
pub struct Watch {
    touched: Arc<Mutex<Touched>>,
}

impl Watch {
    /// Watches `doc` from now on. A document has one watch; another one takes its place. The roots of boards are made
    /// known to the document, which writes nothing into it.
    pub fn on(doc: &Doc) -> Self {
        let watch = Self {
            touched: Arc::default(),
        };
        let mut txn = doc.transact_mut();
        for name in [
            root::META,
            root::COLUMNS,
            root::LANES,
            root::LABELS,
            root::FIELDS,
            root::CARDS,
            root::LINKS,
        ] {
            let map = txn.get_or_insert_map(name);
            let touched = Arc::clone(&watch.touched);
            map.observe_deep(OBSERVER, move |txn, events| {
                let mut touched = touched.lock().unwrap_or_else(PoisonError::into_inner);
                match name {
                    root::CARDS => note_cards(&mut touched, txn, events),
                    root::LINKS => note_links(&mut touched, txn, events),
                    _ => drop(touched.lists.insert(name)),
                }
            });
        }
        drop(txn);
        watch
    }

    /// What changed since this was asked last.
    pub fn take(&self) -> Touched {
        std::mem::take(&mut self.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The cards that `events` are about, and the descriptions among them.
fn note_cards(touched: &mut Touched, txn: &TransactionMut<'_>, events: &Events<'_>) {
    for event in events.iter() {
        let path = event.path();
        let mut way = path.iter();
        let Some(first) = way.next() else {
            // In the root: whole cards came and went.
            for id in keys(txn, event).filter_map(|name| CardId::parse(name).ok()) {
                touched.descriptions.insert(id.clone());
                touched.cards.insert(id);
            }
            continue;
        };
        let PathSegment::Key(name) = first else { continue };
        let Ok(id) = CardId::parse(name) else { continue };
        let described = match way.next() {
            Some(PathSegment::Key(second)) => second.as_ref() == field::DESC,
            Some(PathSegment::Index(_)) => false,
            None => keys(txn, event).any(|key| key == field::DESC),
        };
        if described {
            touched.descriptions.insert(id.clone());
        }
        touched.cards.insert(id);
    }
}

/// The relations that `events` are about.
fn note_links(touched: &mut Touched, txn: &TransactionMut<'_>, events: &Events<'_>) {
    for event in events.iter() {
        match event.path().front() {
            Some(PathSegment::Key(name)) => touched.links.extend(LinkId::parse(name)),
            Some(PathSegment::Index(_)) => {}
            None => touched.links.extend(keys(txn, event).filter_map(LinkId::parse)),
        }
    }
}

/// The keys of a map that changed.
fn keys<'e>(txn: &'e TransactionMut<'_>, event: &'e Event) -> impl Iterator<Item = &'e str> {
    let keys = match event {
        Event::Map(event) => Some(event.keys(txn).keys()),
        _ => None,
    };
    keys.into_iter().flatten().map(AsRef::as_ref)
}
