//! What a document says, as far as it says anything.
//!
//! Anybody can write anything into a shared document. Reading takes what schema 1 knows and is of the right type, and
//! passes over the rest without a word; nothing of it is changed.
//!
//! Invariant: every value in a [`RawBoard`] has been checked; reading never fails and never panics, and takes time and
//! memory in proportion to the document. Texts are cut to their limits.

mod card;
mod list;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use yrs::{Map, MapRef, Out, ReadTxn};

use super::id::{CardId, ColumnId, FieldId, LabelId, LaneId, OptionId, UserId};
use super::key::OrderKey;
use super::moment::Moment;
use super::schema::{Category, FieldType, LinkKind, WipMode, field, root};
use super::watch::Touched;

pub use self::card::{RawCard, RawFile, RawItem, RawParent, RawPlace, description};
pub(super) use self::list::entry;
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
    /// Relations, in the order of their names.
    pub links: Vec<RawLink>,
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

/// A relation between two cards, which need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLink {
    /// Whose.
    pub from: CardId,
    /// Of which kind.
    pub kind: LinkKind,
    /// To whom.
    pub to: CardId,
    /// The logical clock when it was made.
    pub t: u64,
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
        let mut raw = Self {
            cards: maps(txn, root::CARDS)
                .into_iter()
                .filter_map(|(id, card)| Some((CardId::parse(&id).ok()?, RawCard::of(txn, &card))))
                .collect(),
            links: links(txn),
            ..Self::default()
        };
        raw.read_lists(txn);
        raw
    }

    /// Reads again what a [`Watch`](super::Watch) took note of. Costs nothing for the cards that nobody touched.
    pub fn refresh<T: ReadTxn>(&mut self, txn: &T, touched: &Touched) {
        for id in &touched.cards {
            self.refresh_card(txn, id);
        }
        if touched.lists {
            self.read_lists(txn);
        }
        if touched.links {
            self.links = links(txn);
        }
    }

    /// Reads all but cards and relations.
    fn read_lists<T: ReadTxn>(&mut self, txn: &T) {
        self.schema = schema(txn);
        self.columns = list::columns(txn);
        self.lanes = list::lanes(txn);
        self.labels = list::labels(txn);
        self.fields = list::fields(txn);
    }

    /// Reads one card again, after a change that touched it alone. A card that is not there any more is taken out.
    pub fn refresh_card<T: ReadTxn>(&mut self, txn: &T, id: &CardId) {
        match card(txn, id) {
            Some(card) => self.cards.insert(id.clone(), card),
            None => self.cards.remove(id),
        };
    }

    /// The highest logical clock in the document, forged ones included.
    pub fn clock(&self) -> u64 {
        let parents = self.cards.values().filter_map(|card| card.parent.as_ref());
        parents
            .map(|parent| parent.t)
            .chain(self.links.iter().map(|link| link.t))
            .max()
            .unwrap_or(0)
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

/// The relations that are well formed, in the order of their names.
fn links<T: ReadTxn>(txn: &T) -> Vec<RawLink> {
    let Some(root) = txn.get_map(root::LINKS) else {
        return Vec::new();
    };
    let mut links: Vec<RawLink> = root
        .iter(txn)
        .filter_map(|(name, value)| link(name, &value))
        .collect();
    links.sort_by_cached_key(RawLink::name);
    links
}

/// The relation of this name, if it is well formed.
fn link(name: &str, value: &Out) -> Option<RawLink> {
    let mut parts = name.splitn(3, '|');
    let from = CardId::parse(parts.next()?).ok()?;
    let kind = LinkKind::parse(parts.next()?)?;
    let to = CardId::parse(parts.next()?).ok()?;
    let Out::Any(value) = value else {
        return None;
    };
    let link = RawLink {
        t: integer(map_any(value)?.get("t")?)?,
        from,
        kind,
        to,
    };
    let ordered = kind != LinkKind::Relates || link.from < link.to;
    (link.from != link.to && ordered).then_some(link)
}

impl RawLink {
    /// The name under which it stands in the document.
    pub fn name(&self) -> String {
        link_name(&self.from, self.kind, &self.to)
    }
}

/// The name of the relation of this kind between two cards.
pub fn link_name(from: &CardId, kind: LinkKind, to: &CardId) -> String {
    format!("{from}|{}|{to}", kind.as_str())
}
