//! Total orders.
//!
//! Invariant: by key, those without a key last, and by id among equals. No two things of a list have the same id.

use std::collections::BTreeMap;

use crate::board::id::Id;
use crate::board::key::OrderKey;

/// Something that may have a place in an order. Keys come first; what has none comes last.
fn rank(key: Option<&OrderKey>) -> (bool, Option<&OrderKey>) {
    (key.is_none(), key)
}

/// The entries that `key` accepts, in the order of the keys that it finds.
pub(in crate::board) fn ordered<'m, K, V>(
    entries: &'m BTreeMap<Id<K>, V>,
    key: impl Fn(&'m V) -> Option<Option<&'m OrderKey>>,
) -> Vec<(&'m Id<K>, &'m V)> {
    let mut list: Vec<_> = entries
        .iter()
        .filter_map(|(id, value)| Some((rank(key(value)?), id, value)))
        .collect();
    list.sort_by_key(|(rank, id, _)| (*rank, *id));
    list.into_iter().map(|(_, id, value)| (id, value)).collect()
}
