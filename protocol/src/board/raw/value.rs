//! Values of registers, each checked on its way out.
//!
//! Invariant: what has another type is `None`; numbers are those that JavaScript and Rust read alike.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use yrs::{Any, Map, MapRef, Out, ReadTxn};

use super::{Stamp, Wip};
use crate::board::id::{Id, UserId};
use crate::board::key::OrderKey;
use crate::board::moment::Moment;
use crate::board::schema::{WipMode, is_color, limit};

/// The value of a custom field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Of a field of texts, choices, users, days.
    Text(String),
    /// Of a field of numbers. Finite.
    Number(f64),
    /// Of a field of yes or no.
    Flag(bool),
}

/// The register `name`.
pub(in crate::board) fn any<T: ReadTxn>(txn: &T, map: &MapRef, name: &str) -> Option<Any> {
    match map.get(txn, name)? {
        Out::Any(any) => Some(any),
        _ => None,
    }
}

/// The shared map `name`.
pub(in crate::board) fn map<T: ReadTxn>(txn: &T, parent: &MapRef, name: &str) -> Option<MapRef> {
    match parent.get(txn, name)? {
        Out::YMap(map) => Some(map),
        _ => None,
    }
}

/// The string in the register `name`.
pub(in crate::board) fn string<T: ReadTxn>(txn: &T, map: &MapRef, name: &str) -> Option<String> {
    any(txn, map, name).and_then(|value| text(&value).map(str::to_owned))
}

/// The string that `value` is.
pub(super) fn text(value: &Any) -> Option<&str> {
    match value {
        Any::String(text) => Some(text),
        _ => None,
    }
}

/// The JSON object that `value` is.
pub(in crate::board) fn map_any(value: &Any) -> Option<&HashMap<String, Any>> {
    match value {
        Any::Map(map) => Some(map),
        _ => None,
    }
}

/// The integer from 0 to [`limit::INTEGER`] that `value` is.
pub(in crate::board) fn integer(value: &Any) -> Option<u64> {
    let Any::Number(number) = value else {
        return None;
    };
    let number = u64::try_from(number.as_i64()?).ok()?;
    (number <= limit::INTEGER).then_some(number)
}

/// The finite number that `value` is; never a negative zero.
pub(super) fn number(value: &Any) -> Option<f64> {
    let Any::Number(number) = value else {
        return None;
    };
    number
        .as_f64()
        .filter(|number| number.is_finite())
        .map(|number| number + 0.0)
}

/// The first `chars` characters of `text`.
pub(super) fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

/// The string in the register `name`, cut to `chars` characters.
pub(super) fn cut_string<T: ReadTxn>(txn: &T, map: &MapRef, name: &str, chars: usize) -> Option<String> {
    Some(cut(text(&any(txn, map, name)?)?, chars))
}

/// The id in the register `name`.
pub(super) fn id<T: ReadTxn, K>(txn: &T, map: &MapRef, name: &str) -> Option<Id<K>> {
    Id::parse(text(&any(txn, map, name)?)?).ok()
}

/// The order key in the register `name`.
pub(super) fn key<T: ReadTxn>(txn: &T, map: &MapRef, name: &str) -> Option<OrderKey> {
    OrderKey::parse(text(&any(txn, map, name)?)?).ok()
}

/// The colour in the register `name`.
pub(super) fn color<T: ReadTxn>(txn: &T, map: &MapRef, name: &str) -> Option<String> {
    string(txn, map, name).filter(|color| is_color(color))
}

/// The moment in the register `name`.
pub(super) fn moment<T: ReadTxn>(txn: &T, map: &MapRef, name: &str) -> Option<Moment> {
    Moment::parse(text(&any(txn, map, name)?)?).ok()
}

/// The stamp in the register `name`. Any object is one, whether or not it says when and by whom.
pub(super) fn stamp<T: ReadTxn>(txn: &T, map: &MapRef, name: &str) -> Option<Stamp> {
    let value = any(txn, map, name)?;
    let stamp = map_any(&value)?;
    Some(Stamp {
        at: stamp
            .get("at")
            .and_then(text)
            .and_then(|at| Moment::parse(at).ok()),
        by: stamp
            .get("by")
            .and_then(text)
            .and_then(|by| UserId::parse(by).ok()),
    })
}

/// The limit in the register `name`.
pub(super) fn wip<T: ReadTxn>(txn: &T, map: &MapRef, name: &str) -> Option<Wip> {
    let value = any(txn, map, name)?;
    let wip = map_any(&value)?;
    Some(Wip {
        limit: integer(wip.get("limit")?).filter(|limit| (1..=limit::WIP).contains(limit))?,
        mode: WipMode::parse(text(wip.get("mode")?)?)?,
    })
}

/// The members of the set `name`, in order: ids whose value is `true`.
pub(super) fn members<T: ReadTxn, K>(txn: &T, parent: &MapRef, name: &str) -> Vec<Id<K>> {
    let Some(set) = map(txn, parent, name) else {
        return Vec::new();
    };
    let mut members: Vec<Id<K>> = set
        .iter(txn)
        .filter(|(_, value)| matches!(value, Out::Any(Any::Bool(true))))
        .filter_map(|(id, _)| Id::parse(id).ok())
        .collect();
    members.sort();
    members
}
