//! Columns, lanes, labels and custom fields.

use std::collections::BTreeMap;

use yrs::{MapRef, ReadTxn};

use super::value::{color, cut_string, key, stamp, string, wip};
use super::{RawColumn, RawEntry, RawField, maps, nested};
use crate::board::id::{ColumnId, FieldId, Id, LabelId, LaneId};
use crate::board::raw::map;
use crate::board::schema::{Category, FieldType, field, limit, root};

/// What an entry of a list says of itself; `name` is the register with what it is called.
pub(in crate::board) fn entry<T: ReadTxn>(txn: &T, map: &MapRef, name: &str) -> RawEntry {
    RawEntry {
        name: cut_string(txn, map, name, limit::NAME_CHARS).unwrap_or_default(),
        key: key(txn, map, field::POS),
        color: color(txn, map, field::COLOR),
        deleted: stamp(txn, map, field::DEL),
    }
}

/// The columns.
pub(in crate::board) fn columns<T: ReadTxn>(txn: &T) -> BTreeMap<ColumnId, RawColumn> {
    let column = |map: &MapRef| RawColumn {
        entry: entry(txn, map, field::TITLE),
        category: string(txn, map, field::CATEGORY)
            .and_then(|text| Category::parse(&text))
            .unwrap_or(Category::Unstarted),
        wip: wip(txn, map, field::WIP),
    };
    maps(txn, root::COLUMNS)
        .into_iter()
        .filter_map(|(id, map)| Some((Id::parse(&id).ok()?, column(&map))))
        .collect()
}

/// The lanes.
pub(in crate::board) fn lanes<T: ReadTxn>(txn: &T) -> BTreeMap<LaneId, RawEntry> {
    maps(txn, root::LANES)
        .into_iter()
        .filter_map(|(id, map)| Some((Id::parse(&id).ok()?, entry(txn, &map, field::TITLE))))
        .collect()
}

/// The labels.
pub(in crate::board) fn labels<T: ReadTxn>(txn: &T) -> BTreeMap<LabelId, RawEntry> {
    maps(txn, root::LABELS)
        .into_iter()
        .filter_map(|(id, map)| Some((Id::parse(&id).ok()?, entry(txn, &map, field::NAME))))
        .collect()
}

/// The custom fields of known types.
pub(in crate::board) fn fields<T: ReadTxn>(txn: &T) -> BTreeMap<FieldId, RawField> {
    maps(txn, root::FIELDS)
        .into_iter()
        .filter_map(|(id, map)| Some((Id::parse(&id).ok()?, custom(txn, &map)?)))
        .collect()
}

/// A custom field, if its type is known.
fn custom<T: ReadTxn>(txn: &T, field_map: &MapRef) -> Option<RawField> {
    let kind = FieldType::parse(&string(txn, field_map, field::TYPE)?)?;
    let options = map(txn, field_map, field::OPTIONS).map_or_else(Vec::new, |options| nested(txn, &options));
    Some(RawField {
        entry: entry(txn, field_map, field::NAME),
        kind,
        options: options
            .into_iter()
            .filter_map(|(id, option)| Some((Id::parse(&id).ok()?, entry(txn, &option, field::NAME))))
            .collect(),
    })
}
