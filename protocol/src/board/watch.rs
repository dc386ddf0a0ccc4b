//! What changed on a board, so that not everything has to be read again.
//!
//! A transaction tells of each shared type that changed in it, and of the types around that up to the root; a watch
//! looks for cards on these ways. It asks for no ways inside of a type: those count what stands before, so with much
//! that changed in a long description their price would be the product of both.
//!
//! Invariant: a board that was read once and then [refreshed](super::Board::refresh) with everything that a watch took
//! note of is the board that reading anew would give; what a move costs to read does not grow with the board.
//!
//! It must never be asked while a transaction of its document is open: notes are taken when a transaction ends.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use yrs::branch::{Branch, BranchPtr};
use yrs::types::{EntryChange, Event};
use yrs::{BranchID, Doc, Map, MapRef, Out, ReadTxn, Transact, TransactionMut, WriteTxn};

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
    notes: Arc<Mutex<Notes>>,
}

impl Watch {
    /// Watches `doc` from now on. A document has one watch; another one takes its place. The roots of boards are made
    /// known to the document, which writes nothing into it. Looks at all cards once.
    pub fn on(doc: &Doc) -> Self {
        let watch = Self {
            notes: Arc::default(),
        };
        let mut txn = doc.transact_mut();
        for name in root::LISTS {
            txn.get_or_insert_map(*name);
        }
        let cards = txn.get_or_insert_map(root::CARDS);
        watch.notes().know_all(&txn, &cards);
        watch.observe(&cards, Notes::cards_changed);
        watch.observe(&txn.get_or_insert_map(root::LINKS), Notes::links_changed);
        let notes = watch.clone();
        txn.observe_after_transaction(OBSERVER, move |txn| notes.notes().follow(txn));
        drop(txn);
        watch
    }

    /// What changed since this was asked last.
    pub fn take(&self) -> Touched {
        std::mem::take(&mut self.notes().touched)
    }

    /// Has `note` hear of the keys of a root that change.
    fn observe(&self, root: &MapRef, note: fn(&mut Notes, &TransactionMut<'_>, &str, &EntryChange)) {
        let watch = self.clone();
        let branch: &Branch = root.as_ref();
        BranchPtr::from(branch).observe(OBSERVER.into(), move |txn, event| {
            if let Event::Map(event) = event {
                let mut notes = watch.notes();
                for (name, change) in event.keys(txn) {
                    note(&mut notes, txn, name, change);
                }
            }
        });
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was touched, and what the shared types of cards are called.
#[derive(Debug, Default)]
struct Notes {
    touched: Touched,
    cards: HashMap<BranchID, Known>,
}

/// A card, by its shared map.
#[derive(Debug)]
struct Known {
    id: CardId,
    /// The shared type of its description.
    description: Option<BranchID>,
}

impl Notes {
    fn know_all(&mut self, txn: &TransactionMut<'_>, cards: &MapRef) {
        for (name, value) in cards.iter(txn) {
            self.know(txn, name, &value);
        }
    }

    /// Remembers the shared map of a card, if it is one.
    fn know(&mut self, txn: &TransactionMut<'_>, name: &str, value: &Out) {
        if let (Ok(id), Out::YMap(card)) = (CardId::parse(name), value) {
            let description = description(txn, card);
            self.cards.insert(name_of(card), Known { id, description });
        }
    }

    /// A card came, went or is another one.
    fn cards_changed(&mut self, txn: &TransactionMut<'_>, name: &str, change: &EntryChange) {
        if let EntryChange::Removed(Out::YMap(old)) | EntryChange::Updated(Out::YMap(old), _) = change {
            self.cards.remove(&name_of(old));
        }
        if let EntryChange::Inserted(new) | EntryChange::Updated(_, new) = change {
            self.know(txn, name, new);
        }
        if let Ok(id) = CardId::parse(name) {
            self.touched.descriptions.insert(id.clone());
            self.touched.cards.insert(id);
        }
    }

    /// A relation came, went or is another one.
    fn links_changed(&mut self, _: &TransactionMut<'_>, name: &str, _: &EntryChange) {
        self.touched.links.extend(LinkId::parse(name));
    }

    /// Follows each way from a shared type that changed up to its root.
    fn follow(&mut self, txn: &TransactionMut<'_>) {
        let mut cards = BTreeSet::new();
        let mut way: Vec<&BranchPtr> = Vec::new();
        for branch in txn.changed_parent_types() {
            way.push(branch);
            if let BranchID::Root(name) = branch.id() {
                match way.as_slice() {
                    [.., card, _] if name.as_ref() == root::CARDS => {
                        let part = way.len().checked_sub(3).and_then(|at| way.get(at));
                        self.note_card(card, part.copied());
                        cards.insert(card.id());
                    }
                    _ => self
                        .touched
                        .lists
                        .extend(root::LISTS.iter().find(|list| **list == name.as_ref())),
                }
                way.clear();
            }
        }
        for card in cards {
            self.note_description(txn, &card);
        }
    }

    /// Something changed in a card, inside of this part of it.
    fn note_card(&mut self, card: &BranchPtr, part: Option<&BranchPtr>) {
        let Some(known) = self.cards.get(&card.id()) else {
            return;
        };
        self.touched.cards.insert(known.id.clone());
        if known.description.is_some() && known.description == part.map(|part| part.id()) {
            self.touched.descriptions.insert(known.id.clone());
        }
    }

    /// The description of a card may be another one than before.
    fn note_description(&mut self, txn: &TransactionMut<'_>, card: &BranchID) {
        let Some(known) = self.cards.get_mut(card) else {
            return;
        };
        let shared = txn
            .get_map(root::CARDS)
            .and_then(|cards| cards.get(txn, known.id.as_str()));
        let Some(Out::YMap(shared)) = shared else {
            return;
        };
        let now = description(txn, &shared);
        if now != known.description {
            known.description = now;
            self.touched.descriptions.insert(known.id.clone());
        }
    }
}

/// What names a shared map, for as long as it is there.
fn name_of(map: &MapRef) -> BranchID {
    let branch: &Branch = map.as_ref();
    branch.id()
}

/// The shared type of a card's description.
fn description<T: ReadTxn>(txn: &T, card: &MapRef) -> Option<BranchID> {
    match card.get(txn, field::DESC)? {
        Out::YXmlFragment(description) => {
            let branch: &Branch = description.as_ref();
            Some(branch.id())
        }
        _ => None,
    }
}
