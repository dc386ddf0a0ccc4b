//! From what a document says to what is shown.

use std::collections::{BTreeMap, BTreeSet};

use super::forest;
use super::graph;
use super::order::{ordered, rank};
use super::{
    BoardView, CardState, CardView, ColumnView, FieldView, ItemView, LabelView, LaneView, LinkView,
    OptionView,
};
use crate::board::id::{CardId, ColumnId, FieldId, LabelId, LaneId, OptionId, UserId};
use crate::board::key::OrderKey;
use crate::board::moment::Moment;
use crate::board::raw::{RawBoard, RawCard, RawEntry, RawField, RawLink, Value};
use crate::board::schema::{FieldType, LinkKind};

/// What everybody is shown of `raw`.
pub fn assemble(raw: &RawBoard) -> BoardView {
    let columns = columns(raw);
    let (seated, unsorted) = seats(raw, &columns);
    let there = There::of(raw, &seated);
    let parents = forest::parents(raw);
    let mut cards: BTreeMap<CardId, CardView> = raw
        .cards
        .iter()
        .map(|(id, card)| (id.clone(), there.card(id, card)))
        .collect();
    for (child, parent) in parents {
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
        columns: columns
            .into_iter()
            .map(|mut column| {
                column.cards = seated.get(&column.id).cloned().unwrap_or_default();
                column.over_limit = column
                    .wip
                    .is_some_and(|wip| column.cards.len() as u64 > wip.limit);
                column
            })
            .collect(),
        unsorted,
        lanes: lanes(raw),
        labels: labels(raw),
        fields: fields(raw),
        links: links(raw),
        cards,
    }
}

/// The key of an entry that is not deleted.
fn live(entry: &RawEntry) -> Option<Option<&OrderKey>> {
    entry.deleted.is_none().then_some(entry.key.as_ref())
}

fn columns(raw: &RawBoard) -> Vec<ColumnView> {
    ordered(&raw.columns, |column| live(&column.entry))
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

fn lanes(raw: &RawBoard) -> Vec<LaneView> {
    ordered(&raw.lanes, live)
        .into_iter()
        .map(|(id, lane)| LaneView {
            id: id.clone(),
            title: lane.name.clone(),
        })
        .collect()
}

fn labels(raw: &RawBoard) -> Vec<LabelView> {
    ordered(&raw.labels, live)
        .into_iter()
        .map(|(id, label)| LabelView {
            id: id.clone(),
            name: label.name.clone(),
            color: label.color.clone(),
        })
        .collect()
}

fn fields(raw: &RawBoard) -> Vec<FieldView> {
    let option = |(id, option): (&OptionId, &RawEntry)| OptionView {
        id: id.clone(),
        name: option.name.clone(),
        color: option.color.clone(),
    };
    ordered(&raw.fields, |field| live(&field.entry))
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
            let key = card.place.as_ref().and_then(|place| place.key.as_ref());
            let own = card.place.as_ref().map(|place| &place.column);
            let own = own.filter(|own| there.contains(own));
            seats.push((own.is_none(), rank(key), id, own));
        }
    }
    seats.sort_by_key(|(stranded, rank, id, _)| (*stranded, *rank, *id));
    let mut seated: BTreeMap<ColumnId, Vec<CardId>> = BTreeMap::new();
    let mut unsorted = Vec::new();
    for (_, _, id, own) in seats {
        match own.or_else(|| columns.first().map(|column| &column.id)) {
            Some(column) => seated.entry(column.clone()).or_default().push(id.clone()),
            None => unsorted.push(id.clone()),
        }
    }
    (seated, unsorted)
}

/// Where a card is in its life. Deleted goes before archived.
fn state(card: &RawCard) -> CardState {
    match (&card.deleted, &card.archived) {
        (Some(_), _) => CardState::Deleted,
        (None, Some(_)) => CardState::Archived,
        (None, None) => CardState::Open,
    }
}

/// What there is for cards to refer to.
struct There<'r> {
    seats: BTreeMap<&'r CardId, &'r ColumnId>,
    raw: &'r RawBoard,
}

impl<'r> There<'r> {
    fn of(raw: &'r RawBoard, seated: &'r BTreeMap<ColumnId, Vec<CardId>>) -> Self {
        let seats = seated
            .iter()
            .flat_map(|(column, cards)| cards.iter().map(move |card| (card, column)))
            .collect();
        Self { seats, raw }
    }

    fn column(&self, id: &CardId, card: &RawCard) -> Option<ColumnId> {
        let own = || {
            let column = &card.place.as_ref()?.column;
            let there = self.raw.columns.get(column)?.entry.deleted.is_none();
            there.then(|| column.clone())
        };
        match state(card) {
            CardState::Open => self.seats.get(id).map(|column| (*column).clone()),
            CardState::Archived => own(),
            CardState::Deleted => None,
        }
    }

    fn has_lane(&self, id: &LaneId) -> bool {
        self.raw.lanes.get(id).is_some_and(|lane| lane.deleted.is_none())
    }

    fn has_label(&self, id: &LabelId) -> bool {
        self.raw
            .labels
            .get(id)
            .is_some_and(|label| label.deleted.is_none())
    }

    /// The value, if its field is there and holds such values.
    fn value(&self, id: &FieldId, value: &Value) -> Option<Value> {
        let field = self.raw.fields.get(id)?;
        (field.entry.deleted.is_none() && accepts(field, value)).then(|| value.clone())
    }

    fn card(&self, id: &CardId, card: &RawCard) -> CardView {
        let items = ordered(&card.checklist, |item| Some(item.key.as_ref()));
        CardView {
            state: state(card),
            column: self.column(id, card),
            lane: card.lane.clone().filter(|lane| self.has_lane(lane)),
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
            labels: card
                .labels
                .iter()
                .filter(|label| self.has_label(label))
                .cloned()
                .collect(),
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
                .filter_map(|(id, value)| Some((id.clone(), self.value(id, value)?)))
                .collect(),
            files: card.files.clone(),
        }
    }
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
        let of_kind = raw.links.iter().filter(|link| link.kind == *kind);
        let links: Vec<&RawLink> = of_kind
            .filter(|link| live(&link.from) && live(&link.to))
            .collect();
        let cyclic = if kind.orders() {
            graph::cyclic(&links)
        } else {
            BTreeSet::new()
        };
        shown.extend(links.iter().enumerate().map(|(at, link)| LinkView {
            from: link.from.clone(),
            kind: *kind,
            to: link.to.clone(),
            cyclic: cyclic.contains(&at),
        }));
    }
    shown.sort_by_cached_key(LinkView::name);
    shown
}
