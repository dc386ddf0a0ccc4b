//! Columns, lanes, labels and custom fields that changed, and the cards that are shown otherwise because of them.
//!
//! Invariant: cards are looked at only if something that they may refer to came, went or means something else.

use std::collections::{BTreeMap, BTreeSet};

use yrs::ReadTxn;

use crate::board::Board;
use crate::board::before::{Before, Placed};
use crate::board::id::{CardId, ColumnId, FieldId, Id, LabelId, LaneId, OptionId};
use crate::board::raw::{self, RawCard, RawColumn, RawEntry, RawField};
use crate::board::schema::root;
use crate::board::view::{columns, fields, labels, lanes};

/// Lists as the document says now, those that differ from before.
#[derive(Debug, Default)]
pub(super) struct Lists {
    schema: Option<Option<u64>>,
    columns: Option<BTreeMap<ColumnId, RawColumn>>,
    lanes: Option<BTreeMap<LaneId, RawEntry>>,
    labels: Option<BTreeMap<LabelId, RawEntry>>,
    fields: Option<BTreeMap<FieldId, RawField>>,
}

/// Reads the lists in these roots.
pub(super) fn read<T: ReadTxn>(board: &Board, txn: &T, roots: &BTreeSet<&'static str>) -> Lists {
    let old = &board.raw;
    let is = |root| roots.contains(root);
    Lists {
        schema: is(root::META)
            .then(|| raw::schema(txn))
            .filter(|new| *new != old.schema),
        columns: is(root::COLUMNS)
            .then(|| raw::columns(txn))
            .filter(|new| *new != old.columns),
        lanes: is(root::LANES)
            .then(|| raw::lanes(txn))
            .filter(|new| *new != old.lanes),
        labels: is(root::LABELS)
            .then(|| raw::labels(txn))
            .filter(|new| *new != old.labels),
        fields: is(root::FIELDS)
            .then(|| raw::fields(txn))
            .filter(|new| *new != old.fields),
    }
}

/// Adds the cards that are shown otherwise, or elsewhere, because of these lists.
pub(super) fn concerned(board: &Board, lists: &Lists, cards: &mut BTreeSet<CardId>) {
    let turned = Turned::of(board, lists);
    if turned.is_empty() {
        return;
    }
    let found = board
        .raw
        .cards
        .iter()
        .filter(|(_, card)| turned.concerns(board, card));
    cards.extend(found.map(|(id, _)| id.clone()));
}

/// What cards may refer to and that came, went or means something else.
#[derive(Debug, Default)]
struct Turned {
    columns: BTreeSet<ColumnId>,
    /// Whether another column is the first one, where cards without a column of their own stand.
    first: bool,
    lanes: BTreeSet<LaneId>,
    labels: BTreeSet<LabelId>,
    fields: BTreeSet<FieldId>,
}

impl Turned {
    fn of(board: &Board, lists: &Lists) -> Self {
        let old = &board.raw;
        let mut turned = Self::default();
        if let Some(new) = &lists.columns {
            turned.columns = differing(&old.columns, new, |column| column.entry.deleted.is_none());
            let first = columns(new).into_iter().next().map(|column| column.id);
            turned.first = first.as_ref() != board.view.columns.first().map(|column| &column.id);
        }
        if let Some(new) = &lists.lanes {
            turned.lanes = differing(&old.lanes, new, |lane| lane.deleted.is_none());
        }
        if let Some(new) = &lists.labels {
            turned.labels = differing(&old.labels, new, |label| label.deleted.is_none());
        }
        if let Some(new) = &lists.fields {
            turned.fields = differing(&old.fields, new, |field| {
                field
                    .entry
                    .deleted
                    .is_none()
                    .then(|| (field.kind, choices(field)))
            });
        }
        turned
    }

    fn is_empty(&self) -> bool {
        self.columns.is_empty()
            && !self.first
            && self.lanes.is_empty()
            && self.labels.is_empty()
            && self.fields.is_empty()
    }

    /// Whether what is shown of a card may change.
    fn concerns(&self, board: &Board, card: &RawCard) -> bool {
        let own = card.place.as_ref().map(|place| &place.column);
        let stranded = || {
            let own = own.and_then(|own| board.raw.columns.get(own));
            own.is_none_or(|own| own.entry.deleted.is_some())
        };
        own.is_some_and(|own| self.columns.contains(own))
            || (self.first && stranded())
            || card.lane.as_ref().is_some_and(|lane| self.lanes.contains(lane))
            || card.labels.iter().any(|label| self.labels.contains(label))
            || (!self.fields.is_empty() && card.values.keys().any(|field| self.fields.contains(field)))
    }
}

/// The choices of a field that are not deleted.
fn choices(field: &RawField) -> Vec<&OptionId> {
    let options = field.options.iter();
    options
        .filter(|(_, option)| option.deleted.is_none())
        .map(|(id, _)| id)
        .collect()
}

/// What has another meaning in one list than in the other; what is not there has none.
fn differing<'l, K, V, M: PartialEq + Default>(
    old: &'l BTreeMap<Id<K>, V>,
    new: &'l BTreeMap<Id<K>, V>,
    meaning: impl Fn(&'l V) -> M,
) -> BTreeSet<Id<K>> {
    let meaning = |value: Option<&'l V>| value.map_or_else(M::default, &meaning);
    old.keys()
        .chain(new.keys())
        .filter(|id| meaning(old.get(*id)) != meaning(new.get(*id)))
        .cloned()
        .collect()
}

/// Shows these lists, and notes how they were shown before.
pub(super) fn apply(board: &mut Board, lists: Lists, before: &mut Before) {
    let (raw, view) = (&mut board.raw, &mut board.view);
    if let Some(schema) = lists.schema {
        before.schema = Some(view.schema);
        (raw.schema, view.schema) = (schema, schema);
    }
    if let Some(new) = lists.columns {
        let heads = view
            .columns
            .iter()
            .map(|column| (column.id.clone(), column.head()));
        note(&mut before.columns, heads);
        let old = std::mem::replace(&mut view.columns, columns(&new));
        let mut old: BTreeMap<ColumnId, _> = old
            .into_iter()
            .map(|column| (column.id.clone(), column))
            .collect();
        for column in &mut view.columns {
            // Whether it is over its limit is seen when all cards are in their places.
            match old.remove(&column.id) {
                Some(old) => (column.cards, column.over_limit) = (old.cards, old.over_limit),
                None => fresh(&mut before.columns, &column.id),
            }
        }
        raw.columns = new;
    }
    if let Some(new) = lists.lanes {
        note(
            &mut before.lanes,
            view.lanes.drain(..).map(|lane| (lane.id.clone(), lane)),
        );
        view.lanes = lanes(&new);
        view.lanes
            .iter()
            .for_each(|lane| fresh(&mut before.lanes, &lane.id));
        raw.lanes = new;
    }
    if let Some(new) = lists.labels {
        note(
            &mut before.labels,
            view.labels.drain(..).map(|label| (label.id.clone(), label)),
        );
        view.labels = labels(&new);
        view.labels
            .iter()
            .for_each(|label| fresh(&mut before.labels, &label.id));
        raw.labels = new;
    }
    if let Some(new) = lists.fields {
        note(
            &mut before.fields,
            view.fields.drain(..).map(|field| (field.id.clone(), field)),
        );
        view.fields = fields(&new);
        view.fields
            .iter()
            .for_each(|field| fresh(&mut before.fields, &field.id));
        raw.fields = new;
    }
}

/// Notes a list as it was.
fn note<K, V>(before: &mut BTreeMap<Id<K>, Option<Placed<V>>>, list: impl Iterator<Item = (Id<K>, V)>) {
    let placed = |(position, (id, view))| (id, Some(Placed { position, view }));
    before.extend(list.enumerate().map(placed));
}

/// Notes that something was not there, if it was not.
fn fresh<K, V>(before: &mut BTreeMap<Id<K>, Option<Placed<V>>>, id: &Id<K>) {
    if !before.contains_key(id) {
        before.insert(id.clone(), None);
    }
}
