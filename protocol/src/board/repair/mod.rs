//! Writing what makes the document say what is shown anyway.
//!
//! The view copes with everything, but a document that keeps its broken parts stays surprising: a card whose column was
//! deleted jumps when the first column changes. A server repairs a board after a quiet moment.
//!
//! Invariant: a repair changes nothing that is shown, except that relations marked as cyclic go; a second repair writes
//! nothing; what does not belong to the schema stays as it is. The writes depend on the state of the document alone, so
//! two servers that repair the same state write the same.

mod plan;

use std::collections::HashMap;
use std::sync::Arc;

use yrs::{Any, Map, MapRef, ReadTxn, TransactionMut};

use super::id::{CardId, ColumnId, FieldId, ItemId, OptionId};
use super::key::OrderKey;
use super::raw::{LinkId, any, map, map_any};
use super::schema::{field, root};
use super::view::LinkView;
use super::{Before, Board};

pub use self::plan::{Plan, plan};

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub enum Fix {
    /// A column, lane, label or custom field gets an order key.
    Entry {
        /// The root it is in.
        root: &'static str,
        /// Its id.
        id: String,
        /// Its new key.
        key: OrderKey,
    },
    /// A choice of a custom field gets an order key.
    Choice(FieldId, OptionId, OrderKey),
    /// An item of a checklist gets an order key.
    Item(CardId, ItemId, OrderKey),
    /// A card gets a place.
    Place(CardId, ColumnId, OrderKey),
    /// A card's register gets another parent or another clock.
    Parent {
        /// The card.
        card: CardId,
        /// What it is a part of, if that changes: it says something that would close a cycle.
        parent: Option<Option<CardId>>,
        /// The clock.
        t: u64,
    },
    /// A relation gets another clock.
    Clock(LinkId, u64),
    /// A relation that closes a cycle goes.
    Unlink(LinkView),
}

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RepairReport {
    /// Order keys and places that were written.
    pub ordered: usize,
    /// Parents and logical clocks that were written.
    pub rewritten: usize,
    /// Relations that were taken away because they closed a cycle. Their authors want to know.
    pub unlinked: Vec<LinkView>,
    /// Whether another repair would find more: this one had written as much as it was to.
    pub more: bool,
}

impl RepairReport {
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.ordered == 0 && self.rewritten == 0 && self.unlinked.is_empty()
    }
}

/// Repairs the board in `txn`, which is read for it. It stops after `writes` writes at the next point at which nothing
/// shown has changed; the keys of one list are always written together.
pub fn repair(txn: &mut TransactionMut<'_>, writes: usize) -> RepairReport {
    let plan = plan(&Board::read(txn));
    carry_out(txn, plan, writes)
}

impl Board {
    /// The same for a board that is up to date with `txn`, and is afterwards. Answers besides what was shown before:
    /// places in the order, and relations that went.
    pub fn repair(&mut self, txn: &mut TransactionMut<'_>, writes: usize) -> (RepairReport, Before) {
        let plan = plan(self);
        let touched = plan.touches();
        let report = carry_out(txn, plan, writes);
        let before = self.refresh(txn, &touched);
        (report, before)
    }
}

/// Repairs the board by a plan of the very state that `txn` sees, for those that have read it already.
pub fn carry_out(txn: &mut TransactionMut<'_>, plan: Plan, writes: usize) -> RepairReport {
    let mut report = RepairReport::default();
    let mut written = 0;
    for unit in plan.units {
        if written >= writes {
            report.more = true;
            break;
        }
        written += unit.len();
        for fix in unit {
            apply(txn, &fix);
            match fix {
                Fix::Parent { .. } | Fix::Clock(..) => report.rewritten += 1,
                Fix::Unlink(link) => report.unlinked.push(link),
                _ => report.ordered += 1,
            }
        }
    }
    report
}

/// Writes `fix`, unless what it is about is not there.
fn apply(txn: &mut TransactionMut<'_>, fix: &Fix) -> Option<()> {
    match fix {
        Fix::Entry { root, id, key } => {
            let entries = txn.get_map(*root)?;
            map(txn, &entries, id)?.insert(txn, field::POS, key.as_str());
        }
        Fix::Choice(field_id, option, key) => {
            let fields = txn.get_map(root::FIELDS)?;
            let options = map(txn, &map(txn, &fields, field_id.as_str())?, field::OPTIONS)?;
            map(txn, &options, option.as_str())?.insert(txn, field::POS, key.as_str());
        }
        Fix::Item(id, item, key) => {
            let items = map(txn, &card(txn, id)?, field::CHECK)?;
            map(txn, &items, item.as_str())?.insert(txn, field::POS, key.as_str());
        }
        Fix::Place(id, column, key) => {
            let card = card(txn, id)?;
            card.insert(txn, field::PLACE, place(column, key));
        }
        Fix::Parent { card: id, parent, t } => {
            let card = card(txn, id)?;
            let mut register = object(txn, &card, field::PARENT)?;
            register.insert("t".to_owned(), clock(*t));
            if let Some(parent) = parent {
                let parent = parent
                    .as_ref()
                    .map_or(Any::Null, |parent| Any::from(parent.as_str()));
                register.insert("p".to_owned(), parent);
                register.insert("prev".to_owned(), Any::Null);
            }
            card.insert(txn, field::PARENT, Any::Map(Arc::new(register)));
        }
        Fix::Clock(link, t) => {
            let links = txn.get_map(root::LINKS)?;
            let mut register = object(txn, &links, &link.name())?;
            register.insert("t".to_owned(), clock(*t));
            links.insert(txn, link.name(), Any::Map(Arc::new(register)));
        }
        Fix::Unlink(link) => {
            txn.get_map(root::LINKS)?.remove(txn, &link.name());
        }
    }
    Some(())
}

fn card<T: ReadTxn>(txn: &T, id: &CardId) -> Option<MapRef> {
    map(txn, &txn.get_map(root::CARDS)?, id.as_str())
}

/// A copy of the JSON object in a register, with everything in it that we do not know.
fn object<T: ReadTxn>(txn: &T, parent: &MapRef, name: &str) -> Option<HashMap<String, Any>> {
    map_any(&any(txn, parent, name)?).cloned()
}

/// The register of a card that stands in `column` at `key`.
pub(super) fn place(column: &ColumnId, key: &OrderKey) -> Any {
    Any::from(vec![Any::from(column.as_str()), Any::from(key.as_str())])
}

/// A logical clock as a value. They are far below the sign bit.
pub(super) fn clock(t: u64) -> Any {
    Any::from(i64::try_from(t).unwrap_or(i64::MAX))
}
