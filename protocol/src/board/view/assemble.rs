//! From what a document says to what is shown.

use std::collections::{BTreeMap, BTreeSet};

use super::forest;
use super::graph;
use super::order::ordered;
use super::{
    BoardView, CardState, CardView, ColumnView, FieldView, ItemView, LabelView, LaneView, LinkView,
    OptionView,
};
use crate::board::id::{CardId, ColumnId, FieldId, LabelId, LaneId, OptionId, UserId};
use crate::board::key::OrderKey;
use crate::board::moment::Moment;
use crate::board::raw::{LinkId, RawBoard, RawCard, RawColumn, RawEntry, RawField, Value, compare};
use crate::board::schema::{FieldType, LinkKind};
use crate::board::seat::Rank;

/// What everybody is shown of `raw`.
pub fn assemble(raw: &RawBoard) -> BoardView {
    let mut columns = columns(&raw.columns);
    let mut shown: BTreeMap<&CardId, ColumnId> = BTreeMap::new();
    let (mut seated, unsorted) = seats(raw, &columns);
    for column in &mut columns {
        column.cards = seated.remove(&column.id).unwrap_or_default();
        column.over_limit = column.is_over_limit();
    }
    for (id, cards) in columns.iter().map(|column| (&column.id, &column.cards)) {
        for card in cards {
            if let Some((card, _)) = raw.cards.get_key_value(card) {
                shown.insert(card, id.clone());
            }
        }
    }
    let show = |(id, card): (&CardId, &RawCard)| (id.clone(), card_view(raw, card, shown.get(id).cloned()));
    let mut cards: BTreeMap<CardId, CardView> = raw.cards.iter().map(show).collect();
    for (child, parent) in forest::parents(raw) {
        if let Some(card) = cards.get_mut(child) {
            card.parent = Some(parent.clone());
        }
        if let Some(card) = cards.get_mut(parent) {
            card.children.push(child.clone());
        }
    }
    let of_state = |state: CardState| {
        let cards = cards.iter().filter(move |(_, card)| card.state == state);
        cards.map(|(id, _)| id.clone()).collect()
    };
    BoardView {
        schema: raw.schema,
        archive: of_state(CardState::Archived),
        trash: of_state(CardState::Deleted),
        columns,
        unsorted,
        lanes: lanes(&raw.lanes),
        labels: labels(&raw.labels),
        fields: fields(&raw.fields),
        links: links(raw),
        cards,
    }
}

/// The key of an entry that is not deleted.
fn live(entry: &RawEntry) -> Option<Option<&OrderKey>> {
    entry.deleted.is_none().then_some(entry.key.as_ref())
}

/// The columns, without cards.
pub(in crate::board) fn columns(columns: &BTreeMap<ColumnId, RawColumn>) -> Vec<ColumnView> {
    ordered(columns, |column| live(&column.entry))
        .into_iter()
        .map(|(id, column)| ColumnView {
            id: id.clone(),
            title: column.entry.name.clone(),
            category: column.category,
            color: column.entry.color.clone(),
            wip: column.wip,
            over_limit: false,
            cards: Vec::new(),
        })
        .collect()
}

pub(in crate::board) fn lanes(lanes: &BTreeMap<LaneId, RawEntry>) -> Vec<LaneView> {
    ordered(lanes, live)
        .into_iter()
        .map(|(id, lane)| LaneView {
            id: id.clone(),
            title: lane.name.clone(),
        })
        .collect()
}

pub(in crate::board) fn labels(labels: &BTreeMap<LabelId, RawEntry>) -> Vec<LabelView> {
    ordered(labels, live)
        .into_iter()
        .map(|(id, label)| LabelView {
            id: id.clone(),
            name: label.name.clone(),
            color: label.color.clone(),
        })
        .collect()
}

pub(in crate::board) fn fields(fields: &BTreeMap<FieldId, RawField>) -> Vec<FieldView> {
    let option = |(id, option): (&OptionId, &RawEntry)| OptionView {
        id: id.clone(),
        name: option.name.clone(),
        color: option.color.clone(),
    };
    ordered(fields, |field| live(&field.entry))
        .into_iter()
        .map(|(id, field)| FieldView {
            id: id.clone(),
            name: field.entry.name.clone(),
            r#type: field.kind,
            options: ordered(&field.options, live).into_iter().map(option).collect(),
        })
        .collect()
}

/// The cards of each column, and the cards for which there is none.
///
/// First those that say they stand here, by key, those without a key last; then those whose own column is gone or
/// that name none, for which the first column stands in. Without any column all are unsorted.
fn seats(raw: &RawBoard, columns: &[ColumnView]) -> (BTreeMap<ColumnId, Vec<CardId>>, Vec<CardId>) {
    let there: BTreeSet<&ColumnId> = columns.iter().map(|column| &column.id).collect();
    let mut seats = Vec::new();
    for (id, card) in &raw.cards {
        if state(card) == CardState::Open {
            let own = card.place.as_ref().map(|place| &place.column);
            let own = own.filter(|own| there.contains(own));
            seats.push(((Rank::of(card.place.as_ref(), own), id), own));
        }
    }
    seats.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut seated: BTreeMap<ColumnId, Vec<CardId>> = BTreeMap::new();
    let mut unsorted = Vec::new();
    for ((_, id), own) in seats {
        match own.or_else(|| columns.first().map(|column| &column.id)) {
            Some(column) => seated.entry(column.clone()).or_default().push(id.clone()),
            None => unsorted.push(id.clone()),
        }
    }
    (seated, unsorted)
}

/// Where a card is in its life. Deleted goes before archived.
pub(in crate::board) fn state(card: &RawCard) -> CardState {
    match (&card.deleted, &card.archived) {
        (Some(_), _) => CardState::Deleted,
        (None, Some(_)) => CardState::Archived,
        (None, None) => CardState::Open,
    }
}

/// What is shown of a card by itself, in the column `shown` if it is open: not what it is a part of.
pub(in crate::board) fn card_view(raw: &RawBoard, card: &RawCard, shown: Option<ColumnId>) -> CardView {
    let items = ordered(&card.checklist, |item| Some(item.key.as_ref()));
    let lane = |lane: &LaneId| raw.lanes.get(lane).is_some_and(|lane| lane.deleted.is_none());
    let label = |label: &LabelId| raw.labels.get(label).is_some_and(|label| label.deleted.is_none());
    CardView {
        state: state(card),
        column: column(raw, card, shown),
        lane: card.lane.clone().filter(lane),
        title: card.title.clone(),
        described: card.described,
        priority: card.priority,
        due: card.due.clone(),
        start: card.start.clone(),
        estimate: card.estimate,
        color: card.color.clone(),
        cover: card.cover.clone().filter(|cover| card.files.contains_key(cover)),
        archived: card.archived.clone(),
        done: card.done.clone(),
        deleted: card.deleted.clone(),
        parent: None,
        children: Vec::new(),
        assignees: card.assignees.clone(),
        labels: card.labels.iter().filter(|id| label(id)).cloned().collect(),
        watchers: card.watchers.clone(),
        checklist: items
            .into_iter()
            .map(|(id, item)| ItemView {
                id: id.clone(),
                text: item.text.clone(),
                done: item.done,
                list: item.list.clone(),
            })
            .collect(),
        values: card
            .values
            .iter()
            .filter(|(id, value)| holds(raw, id, value))
            .map(|(id, value)| (id.clone(), value.clone()))
            .collect(),
        files: card.files.clone(),
    }
}

/// The column that a card is shown in, or would come back to.
fn column(raw: &RawBoard, card: &RawCard, shown: Option<ColumnId>) -> Option<ColumnId> {
    match state(card) {
        CardState::Open => shown,
        CardState::Archived => {
            let own = &card.place.as_ref()?.column;
            let there = raw.columns.get(own)?.entry.deleted.is_none();
            there.then(|| own.clone())
        }
        CardState::Deleted => None,
    }
}

/// Whether the field is there and holds such values.
fn holds(raw: &RawBoard, id: &FieldId, value: &Value) -> bool {
    let field = raw.fields.get(id);
    field.is_some_and(|field| field.entry.deleted.is_none() && accepts(field, value))
}

/// Whether `field` can hold `value`.
pub(in crate::board) fn accepts(field: &RawField, value: &Value) -> bool {
    match (field.kind, value) {
        (FieldType::Text, Value::Text(_))
        | (FieldType::Number, Value::Number(_))
        | (FieldType::Checkbox, Value::Flag(_)) => true,
        (FieldType::Date, Value::Text(text)) => Moment::parse(text).is_ok(),
        (FieldType::Person, Value::Text(text)) => UserId::parse(text).is_ok(),
        (FieldType::Select, Value::Text(text)) => OptionId::parse(text).is_ok_and(|id| {
            field
                .options
                .get(&id)
                .is_some_and(|option| option.deleted.is_none())
        }),
        _ => false,
    }
}

/// Relations whose ends are not deleted, and which of them close cycles. Each kind is looked at by itself.
fn links(raw: &RawBoard) -> Vec<LinkView> {
    let live = |id: &CardId| raw.cards.get(id).is_some_and(|card| card.deleted.is_none());
    let mut shown = Vec::new();
    for kind in LinkKind::ALL {
        let of_kind = raw.links.iter().filter(|(link, _)| link.kind == *kind);
        let links: Vec<(&LinkId, u64)> = of_kind
            .filter(|(link, _)| live(&link.from) && live(&link.to))
            .map(|(link, t)| (link, *t))
            .collect();
        let cyclic = if kind.orders() {
            graph::cyclic(&links)
        } else {
            BTreeSet::new()
        };
        shown.extend(links.iter().enumerate().map(|(at, (link, _))| LinkView {
            from: link.from.clone(),
            kind: *kind,
            to: link.to.clone(),
            cyclic: cyclic.contains(&at),
        }));
    }
    shown.sort_by(|one, other| compare(one.parts(), other.parts()));
    shown
}
