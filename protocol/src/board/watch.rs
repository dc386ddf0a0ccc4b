//! What changed on a board, so that not everything has to be read again.
//!
//! Invariant: a board that was read once and then [refreshed](super::RawBoard::refresh) with everything that a watch
//! took note of is the board that reading anew would give; what a move costs to read does not grow with the board.
//!
//! It must never be asked while a transaction of its document is open: notes are taken when a transaction ends.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use yrs::types::{Event, Events, PathSegment};
use yrs::{DeepObservable, Doc, Transact, TransactionMut, WriteTxn};

use super::id::{CardId, Id};
use super::schema::root;

/// The name under which a document knows its watch.
const OBSERVER: &str = "weft-board";

/// What changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Cards that came, went, or say something else.
    pub cards: BTreeSet<CardId>,
    /// Whether columns, lanes, labels, custom fields or the version of the schema changed.
    pub lists: bool,
    /// Whether relations changed.
    pub links: bool,
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
                    root::LINKS => touched.links = true,
                    _ => touched.lists = true,
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

/// The cards that `events` are about: the first step of the way to what changed, or the key that changed in the root.
fn note_cards(touched: &mut Touched, txn: &TransactionMut<'_>, events: &Events<'_>) {
    let mut note = |name: &str| touched.cards.extend(Id::parse(name).ok());
    for event in events.iter() {
        match (event.path().front(), event) {
            (Some(PathSegment::Key(name)), _) => note(name),
            (None, Event::Map(event)) => event.keys(txn).keys().for_each(|name| note(name)),
            _ => {}
        }
    }
}
