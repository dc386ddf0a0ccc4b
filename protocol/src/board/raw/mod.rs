//! What a document says, as far as it says anything.
//!
//! Anybody can write anything into a shared document. Reading takes what schema 1 knows and is of the right type, and
//! passes over the rest without a word; nothing of it is changed.
//!
//! Invariant: every value in a [`RawBoard`] has been checked; reading never fails and never panics, and takes time and
//! memory in proportion to the document. Texts are cut to their limits.

mod card;
mod link;
mod list;
mod size;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use yrs::{Map, MapRef, Out, ReadTxn};

use super::id::{CardId, ColumnId, FieldId, LabelId, LaneId, OptionId, UserId};
use super::key::OrderKey;
use super::moment::Moment;
use super::schema::{Category, FieldType, WipMode, field, root};

pub use self::card::{RawCard, RawFile, RawItem, RawParent, RawPlace, description};
pub use self::link::LinkId;
pub(super) use self::link::{Parts, compare};
pub(super) use self::list::{columns, entry, fields, labels, lanes};
pub use self::size::Size;
pub use self::value::Value;
pub(super) use self::value::{any, integer, map, map_any, string};

/// What a document says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawBoard {
    /// The version of the schema, if the document was made to be a board.
    pub schema: Option<u64>,
    /// Columns, deleted ones too.
    pub columns: BTreeMap<ColumnId, RawColumn>,
    /// Lanes, deleted ones too.
    pub lanes: BTreeMap<LaneId, RawEntry>,
    /// Labels, deleted ones too.
    pub labels: BTreeMap<LabelId, RawEntry>,
    /// Custom fields of known types, deleted ones too.
    pub fields: BTreeMap<FieldId, RawField>,
    /// Cards, archived and deleted ones too.
    pub cards: BTreeMap<CardId, RawCard>,
    /// Relations and their logical clocks.
    pub links: BTreeMap<LinkId, u64>,
}

/// What columns, lanes, labels, fields and choices have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawEntry {
    /// What it is called; empty if it is not called anything.
    pub name: String,
    /// Where it stands among its like, if it has a valid key.
    pub key: Option<OrderKey>,
    /// Its colour.
    pub color: Option<String>,
    /// That it is deleted.
    pub deleted: Option<Stamp>,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct RawColumn {
    /// Name, order, colour, deletion.
    pub entry: RawEntry,
    /// What it means to stand in it.
    pub category: Category,
    /// How many cards it should have at most.
    pub wip: Option<Wip>,
}

/// A custom field.
#[derive(Debug, Clone, PartialEq)]
pub struct RawField {
    /// Name, order, deletion.
    pub entry: RawEntry,
    /// What it holds.
    pub kind: FieldType,
    /// Its choices, deleted ones too.
    pub options: BTreeMap<OptionId, RawEntry>,
}

/// When something was done, and who did it, as far as the document says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// When.
    pub at: Option<Moment>,
    /// By whom.
    pub by: Option<UserId>,
}

/// How many cards a column should have at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wip {
    /// The number, 1 to [`limit::WIP`](super::schema::limit::WIP).
    pub limit: u64,
    /// What the limit does.
    pub mode: WipMode,
}

impl RawBoard {
    /// Reads the document that `txn` sees.
    pub fn read<T: ReadTxn>(txn: &T) -> Self {
        Self {
            schema: schema(txn),
            columns: columns(txn),
            lanes: lanes(txn),
            labels: labels(txn),
            fields: fields(txn),
            cards: maps(txn, root::CARDS)
                .into_iter()
                .filter_map(|(id, card)| Some((CardId::parse(&id).ok()?, RawCard::of(txn, &card))))
                .collect(),
            links: links(txn),
        }
    }
}

/// The version of the schema, if the document says one.
pub fn schema<T: ReadTxn>(txn: &T) -> Option<u64> {
    let meta = txn.get_map(root::META)?;
    integer(&any(txn, &meta, field::SCHEMA)?)
}

/// One card.
pub fn card<T: ReadTxn>(txn: &T, id: &CardId) -> Option<RawCard> {
    let cards = txn.get_map(root::CARDS)?;
    Some(RawCard::of(txn, &map(txn, &cards, id.as_str())?))
}

/// The shared maps in the root `name`.
fn maps<T: ReadTxn>(txn: &T, name: &str) -> Vec<(String, MapRef)> {
    txn.get_map(name).map_or_else(Vec::new, |root| nested(txn, &root))
}

/// The shared maps in `parent`.
fn nested<T: ReadTxn>(txn: &T, parent: &MapRef) -> Vec<(String, MapRef)> {
    parent
        .iter(txn)
        .filter_map(|(name, value)| match value {
            Out::YMap(map) => Some((name.to_owned(), map)),
            _ => None,
        })
        .collect()
}

/// The relations that are well formed.
fn links<T: ReadTxn>(txn: &T) -> BTreeMap<LinkId, u64> {
    let Some(root) = txn.get_map(root::LINKS) else {
        return BTreeMap::new();
    };
    root.iter(txn)
        .filter_map(|(name, value)| Some((LinkId::parse(name)?, link_clock(&value)?)))
        .collect()
}

/// The logical clock of a relation, if it is there.
pub(super) fn link<T: ReadTxn>(txn: &T, id: &LinkId) -> Option<u64> {
    link_clock(&txn.get_map(root::LINKS)?.get(txn, &id.name())?)
}

/// The logical clock in the register of a relation, without which it is none.
fn link_clock(value: &Out) -> Option<u64> {
    let Out::Any(value) = value else {
        return None;
    };
    integer(map_any(value)?.get("t")?)
}
