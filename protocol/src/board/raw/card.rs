//! What a document says about one card.

use std::collections::BTreeMap;

use serde::Serialize;
use yrs::{Any, GetString, Map, MapRef, Out, ReadTxn, XmlFragment, XmlFragmentRef};

use super::value::{
    any, color, cut, cut_string, id, integer, key, map, map_any, members, moment, number, stamp, string, text,
};
use super::{Stamp, Value, nested};
use crate::board::id::{CardId, ColumnId, FieldId, FileId, Id, ItemId, LabelId, LaneId, UserId};
use crate::board::key::OrderKey;
use crate::board::moment::Moment;
use crate::board::schema::{Priority, field, limit, root};

/// A card.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawCard {
    /// Column and order, if the register names a column.
    pub place: Option<RawPlace>,
    /// The lane, which need not exist.
    pub lane: Option<LaneId>,
    /// The title; empty if there is none.
    pub title: String,
    /// Whether there is something in the description.
    pub described: bool,
    /// The priority.
    pub priority: Option<Priority>,
    /// When it is due.
    pub due: Option<Moment>,
    /// When it starts.
    pub start: Option<Moment>,
    /// The estimate, 0 to [`limit::ESTIMATE`].
    pub estimate: Option<f64>,
    /// The colour.
    pub color: Option<String>,
    /// The file on its face, which need not exist.
    pub cover: Option<FileId>,
    /// That it is archived.
    pub archived: Option<Stamp>,
    /// That it is done.
    pub done: Option<Stamp>,
    /// That it is deleted.
    pub deleted: Option<Stamp>,
    /// The card that it is a part of.
    pub parent: Option<RawParent>,
    /// Who works on it, in order.
    pub assignees: Vec<UserId>,
    /// Its labels, which need not exist, in order.
    pub labels: Vec<LabelId>,
    /// Who hears of it, in order.
    pub watchers: Vec<UserId>,
    /// Its checklist, by id.
    pub checklist: BTreeMap<ItemId, RawItem>,
    /// Values of custom fields, which need not exist.
    pub values: BTreeMap<FieldId, Value>,
    /// Its files.
    pub files: BTreeMap<FileId, RawFile>,
}

/// Where a card stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawPlace {
    /// The column, which need not exist.
    pub column: ColumnId,
    /// The order key, if it is a valid one.
    pub key: Option<OrderKey>,
}

/// What a card says about the card that it is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawParent {
    /// The card, which need not exist; `None` for a card that is a part of none.
    pub card: Option<CardId>,
    /// What it was before.
    pub previous: Option<CardId>,
    /// The logical clock when it was said.
    pub t: u64,
}

/// An item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawItem {
    /// What it says.
    pub text: String,
    /// Whether it is done.
    pub done: bool,
    /// Where it stands.
    pub key: Option<OrderKey>,
    /// The name of the list it stands in; usually empty.
    pub list: String,
}

/// An attached file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RawFile {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its media type.
    pub mime: Option<String>,
}

impl RawCard {
    /// What `card` says.
    pub(super) fn of<T: ReadTxn>(txn: &T, card: &MapRef) -> Self {
        Self {
            place: place(txn, card),
            lane: id(txn, card, field::LANE),
            title: title(txn, card),
            described: fragment(txn, card).is_some_and(|fragment| fragment.len(txn) > 0),
            priority: string(txn, card, field::PRIO).and_then(|text| Priority::parse(&text)),
            due: moment(txn, card, field::DUE),
            start: moment(txn, card, field::START),
            estimate: any(txn, card, field::EST)
                .and_then(|value| number(&value))
                .filter(|estimate| (0.0..=limit::ESTIMATE).contains(estimate)),
            color: color(txn, card, field::COLOR),
            cover: id(txn, card, field::COVER),
            archived: stamp(txn, card, field::ARCH),
            done: stamp(txn, card, field::DONE),
            deleted: stamp(txn, card, field::DEL),
            parent: parent(txn, card),
            assignees: members(txn, card, field::ASSIGNEES),
            labels: members(txn, card, field::LABELS),
            watchers: members(txn, card, field::WATCHERS),
            checklist: checklist(txn, card),
            values: values(txn, card),
            files: files(txn, card),
        }
    }
}

/// The description of the card `id`, for those that read rich text.
pub fn description<T: ReadTxn>(txn: &T, id: &CardId) -> Option<XmlFragmentRef> {
    fragment(txn, &map(txn, &txn.get_map(root::CARDS)?, id.as_str())?)
}

fn fragment<T: ReadTxn>(txn: &T, card: &MapRef) -> Option<XmlFragmentRef> {
    match card.get(txn, field::DESC)? {
        Out::YXmlFragment(fragment) => Some(fragment),
        _ => None,
    }
}

fn title<T: ReadTxn>(txn: &T, card: &MapRef) -> String {
    match card.get(txn, field::TITLE) {
        Some(Out::YText(title)) => cut(&title.get_string(txn), limit::TITLE_CHARS),
        _ => String::new(),
    }
}

/// Column and key: an array of exactly two, of which the first is an id.
fn place<T: ReadTxn>(txn: &T, card: &MapRef) -> Option<RawPlace> {
    let Any::Array(place) = any(txn, card, field::PLACE)? else {
        return None;
    };
    let [column, key] = place.as_ref() else {
        return None;
    };
    Some(RawPlace {
        column: ColumnId::parse(text(column)?).ok()?,
        key: text(key).and_then(|key| OrderKey::parse(key).ok()),
    })
}

/// The parent register, which counts only with a valid clock.
fn parent<T: ReadTxn>(txn: &T, card: &MapRef) -> Option<RawParent> {
    let value = any(txn, card, field::PARENT)?;
    let parent = map_any(&value)?;
    let card = |name: &str| {
        parent
            .get(name)
            .and_then(text)
            .and_then(|id| CardId::parse(id).ok())
    };
    Some(RawParent {
        card: card("p"),
        previous: card("prev"),
        t: integer(parent.get("t")?)?,
    })
}

fn checklist<T: ReadTxn>(txn: &T, card: &MapRef) -> BTreeMap<ItemId, RawItem> {
    let items = map(txn, card, field::CHECK).map_or_else(Vec::new, |check| nested(txn, &check));
    let item = |map: &MapRef| RawItem {
        text: cut_string(txn, map, field::TEXT, limit::TEXT_CHARS).unwrap_or_default(),
        done: any(txn, map, field::DONE) == Some(Any::Bool(true)),
        key: key(txn, map, field::POS),
        list: cut_string(txn, map, field::LIST, limit::NAME_CHARS).unwrap_or_default(),
    };
    items
        .into_iter()
        .filter_map(|(id, map)| Some((Id::parse(&id).ok()?, item(&map))))
        .collect()
}

/// Values whose type some field could have; which field has which type is not known here.
fn values<T: ReadTxn>(txn: &T, card: &MapRef) -> BTreeMap<FieldId, Value> {
    let Some(values) = map(txn, card, field::VALUES) else {
        return BTreeMap::new();
    };
    let value = |value: &Out| match value {
        Out::Any(Any::String(text)) => Some(Value::Text(cut(text, limit::TEXT_CHARS))),
        Out::Any(Any::Bool(flag)) => Some(Value::Flag(*flag)),
        Out::Any(other) => number(other).map(Value::Number),
        _ => None,
    };
    values
        .iter(txn)
        .filter_map(|(id, out)| Some((Id::parse(id).ok()?, value(&out)?)))
        .collect()
}

/// Files that have a name.
fn files<T: ReadTxn>(txn: &T, card: &MapRef) -> BTreeMap<FileId, RawFile> {
    let Some(files) = map(txn, card, field::FILES) else {
        return BTreeMap::new();
    };
    let file = |value: &Out| {
        let Out::Any(value) = value else {
            return None;
        };
        let file = map_any(value)?;
        Some(RawFile {
            name: cut(text(file.get("name")?)?, limit::NAME_CHARS),
            size: file.get("size").and_then(integer),
            mime: file
                .get("mime")
                .and_then(text)
                .map(|mime| cut(mime, limit::NAME_CHARS)),
        })
    };
    files
        .iter(txn)
        .filter_map(|(id, out)| Some((Id::parse(id).ok()?, file(&out)?)))
        .collect()
}
