//! Putting everything that a new board begins with onto it at once.
//!
//! The moves look at the board for each card; thousands of cards that are all known beforehand need not.

use std::collections::{BTreeMap, HashMap};

use yrs::types::text::TextPrelim;
use yrs::{Any, Map, MapPrelim, MapRef, TransactionMut, WriteTxn, XmlFragmentPrelim};

use super::{ChangeError, Editor};
use crate::board::id::{CardId, ColumnId, Id, kind};
use crate::board::key::{OrderKey, settle};
use crate::board::plan::{Plan, PlannedCard, PlannedEntry, PlannedField, PlannedItem, PlannedLink};
use crate::board::raw::{Stamp, Value, Wip};
use crate::board::repair::{clock, place};
use crate::board::schema::{field, root};

impl Editor<'_, '_> {
    /// Puts a plan onto a board on which nothing ever stood. Descriptions are left empty: those who know rich text fill
    /// them in. Planting a plan twice, on two documents, gives the same order keys.
    ///
    /// # Errors
    /// [`ChangeError::BoardExists`] if there is something on the board; what [`Plan::check`] says.
    pub fn plant(&mut self, plan: &Plan) -> Result<(), ChangeError> {
        plan.check()?;
        let roots = [
            root::COLUMNS,
            root::LANES,
            root::LABELS,
            root::FIELDS,
            root::CARDS,
            root::LINKS,
        ];
        if roots
            .iter()
            .any(|name| self.txn.get_or_insert_map(*name).len(self.txn) > 0)
        {
            return Err(ChangeError::BoardExists);
        }
        self.touched
            .lists
            .extend([root::COLUMNS, root::LANES, root::LABELS, root::FIELDS]);
        self.touched
            .cards
            .extend(plan.cards.iter().map(|card| card.id.clone()));
        self.touched.links.extend(plan.links.iter().map(PlannedLink::id));
        let by = self.hand.stamp.by.as_ref().map(|by| Any::from(by.as_str()));
        columns(self.txn, plan);
        let lanes = self.txn.get_or_insert_map(root::LANES);
        entries(self.txn, &lanes, field::TITLE, &plan.lanes);
        let labels = self.txn.get_or_insert_map(root::LABELS);
        entries(self.txn, &labels, field::NAME, &plan.labels);
        fields(self.txn, &plan.fields);
        cards(self.txn, &plan.cards);
        links(self.txn, plan, by);
        Ok(())
    }
}

/// Keys for `count` things in order.
fn keys(count: usize) -> impl Iterator<Item = OrderKey> {
    settle(&vec![None; count]).into_iter().map(|(_, key)| key)
}

fn set(txn: &mut TransactionMut<'_>, map: &MapRef, name: &str, value: impl Into<Any>) {
    map.insert(txn, name, value.into());
}

fn set_text(txn: &mut TransactionMut<'_>, map: &MapRef, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        set(txn, map, name, text);
    }
}

fn columns(txn: &mut TransactionMut<'_>, plan: &Plan) {
    let list = txn.get_or_insert_map(root::COLUMNS);
    for (column, key) in plan.columns.iter().zip(keys(plan.columns.len())) {
        let entry = list.insert(txn, column.id.as_str(), MapPrelim::default());
        set(txn, &entry, field::TITLE, column.title.as_str());
        set(txn, &entry, field::POS, key.as_str());
        set(txn, &entry, field::CATEGORY, column.category.as_str());
        set_text(txn, &entry, field::COLOR, column.color.as_deref());
        if let Some(wip) = column.wip {
            set(txn, &entry, field::WIP, limit(wip));
        }
    }
}

/// A limit as a value.
fn limit(wip: Wip) -> Any {
    Any::from(HashMap::from([
        ("limit".to_owned(), clock(wip.limit)),
        ("mode".to_owned(), Any::from(wip.mode.as_str())),
    ]))
}

fn entries<K>(txn: &mut TransactionMut<'_>, list: &MapRef, name: &str, planned: &[PlannedEntry<K>]) {
    for (planned, key) in planned.iter().zip(keys(planned.len())) {
        let entry = list.insert(txn, planned.id.as_str(), MapPrelim::default());
        set(txn, &entry, name, planned.name.as_str());
        set(txn, &entry, field::POS, key.as_str());
        set_text(txn, &entry, field::COLOR, planned.color.as_deref());
    }
}

fn fields(txn: &mut TransactionMut<'_>, planned: &[PlannedField]) {
    let list = txn.get_or_insert_map(root::FIELDS);
    for (planned, key) in planned.iter().zip(keys(planned.len())) {
        let custom = list.insert(txn, planned.id.as_str(), MapPrelim::default());
        set(txn, &custom, field::NAME, planned.name.as_str());
        set(txn, &custom, field::POS, key.as_str());
        set(txn, &custom, field::TYPE, planned.r#type.as_str());
        let options = custom.insert(txn, field::OPTIONS, MapPrelim::default());
        entries::<kind::Choice>(txn, &options, field::NAME, &planned.options);
    }
}

fn cards(txn: &mut TransactionMut<'_>, planned: &[PlannedCard]) {
    let mut counts: BTreeMap<&ColumnId, usize> = BTreeMap::new();
    for card in planned {
        *counts.entry(&card.column).or_default() += 1;
    }
    let mut seats: BTreeMap<&ColumnId, _> = counts
        .into_iter()
        .map(|(column, count)| (column, keys(count)))
        .collect();
    let list = txn.get_or_insert_map(root::CARDS);
    let mut t = 0;
    for planned in planned {
        let card = list.insert(txn, planned.id.as_str(), MapPrelim::default());
        if let Some(key) = seats.get_mut(&planned.column).and_then(Iterator::next) {
            set(txn, &card, field::PLACE, place(&planned.column, &key));
        }
        registers(txn, &card, planned);
        if let Some(parent) = &planned.parent {
            t += 1;
            set(txn, &card, field::PARENT, parent_register(parent, t));
        }
        card.insert(txn, field::TITLE, TextPrelim::new(planned.title.as_str()));
        card.insert(txn, field::DESC, XmlFragmentPrelim::default());
        members(txn, &card, field::ASSIGNEES, &planned.assignees);
        members(txn, &card, field::LABELS, &planned.labels);
        members(txn, &card, field::WATCHERS, &planned.watchers);
        checklist(txn, &card, &planned.checklist);
        let values = card.insert(txn, field::VALUES, MapPrelim::default());
        for (id, value) in &planned.values {
            set(txn, &values, id.as_str(), any(value));
        }
        card.insert(txn, field::FILES, MapPrelim::default());
    }
}

fn registers(txn: &mut TransactionMut<'_>, card: &MapRef, planned: &PlannedCard) {
    set_text(txn, card, field::LANE, planned.lane.as_ref().map(Id::as_str));
    set_text(
        txn,
        card,
        field::PRIO,
        planned.priority.map(|priority| priority.as_str()),
    );
    set_text(
        txn,
        card,
        field::DUE,
        planned.due.as_ref().map(|due| due.as_str()),
    );
    set_text(
        txn,
        card,
        field::START,
        planned.start.as_ref().map(|start| start.as_str()),
    );
    set_text(txn, card, field::COLOR, planned.color.as_deref());
    if let Some(estimate) = planned.estimate {
        set(txn, card, field::EST, estimate);
    }
    for (name, planned) in [(field::ARCH, &planned.archived), (field::DONE, &planned.done)] {
        if let Some(planned) = planned {
            set(txn, card, name, stamp(planned));
        }
    }
}

fn stamp(stamp: &Stamp) -> Any {
    let at = stamp
        .at
        .as_ref()
        .map(|at| ("at".to_owned(), Any::from(at.as_str())));
    let by = stamp
        .by
        .as_ref()
        .map(|by| ("by".to_owned(), Any::from(by.as_str())));
    Any::from(HashMap::from_iter(at.into_iter().chain(by)))
}

fn parent_register(parent: &CardId, t: u64) -> Any {
    Any::from(HashMap::from([
        ("p".to_owned(), Any::from(parent.as_str())),
        ("prev".to_owned(), Any::Null),
        ("t".to_owned(), clock(t)),
    ]))
}

fn members<K>(txn: &mut TransactionMut<'_>, card: &MapRef, name: &str, ids: &[Id<K>]) {
    let set = card.insert(txn, name, MapPrelim::default());
    for id in ids {
        set.insert(txn, id.as_str(), true);
    }
}

fn checklist(txn: &mut TransactionMut<'_>, card: &MapRef, planned: &[PlannedItem]) {
    let items = card.insert(txn, field::CHECK, MapPrelim::default());
    for (planned, key) in planned.iter().zip(keys(planned.len())) {
        let item = items.insert(txn, planned.id.as_str(), MapPrelim::default());
        set(txn, &item, field::TEXT, planned.text.as_str());
        set(txn, &item, field::DONE, planned.done);
        set(txn, &item, field::POS, key.as_str());
        if !planned.list.is_empty() {
            set(txn, &item, field::LIST, planned.list.as_str());
        }
    }
}

fn any(value: &Value) -> Any {
    match value {
        Value::Text(text) => Any::from(text.as_str()),
        Value::Number(number) => Any::from(*number),
        Value::Flag(flag) => Any::from(*flag),
    }
}

fn links(txn: &mut TransactionMut<'_>, plan: &Plan, by: Option<Any>) {
    let list = txn.get_or_insert_map(root::LINKS);
    // Behind the clocks of the parents.
    let first = plan.cards.len() as u64 + 1;
    for (t, link) in (first..).zip(&plan.links) {
        let mut value = HashMap::from([("t".to_owned(), clock(t))]);
        value.extend(by.clone().map(|by| ("by".to_owned(), by)));
        set(txn, &list, &link.id().name(), Any::from(value));
    }
}
