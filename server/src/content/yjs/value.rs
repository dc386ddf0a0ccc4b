//! Values of the shared types as JSON values and back, and marks as formatting attributes.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use yrs::any::Number;
use yrs::types::Attrs as Formatting;
use yrs::{Any, Out};

use crate::content::model::{Attrs, Mark, MarkAttrs, canonical_number};

/// `value` as JSON, or nothing if JSON has no word for it.
pub(super) fn to_json(value: &Any) -> Option<Value> {
    Some(match value {
        Any::Null => Value::Null,
        Any::Undefined | Any::Buffer(_) => return None,
        Any::Bool(flag) => Value::Bool(*flag),
        Any::Number(Number::Int(number)) => Value::from(*number),
        Any::Number(Number::Float(number)) => canonical_number(*number),
        Any::String(text) => Value::from(text.as_ref()),
        Any::Array(values) => Value::Array(values.iter().filter_map(to_json).collect()),
        Any::Map(members) => object(members),
    })
}

fn object(members: &HashMap<String, Any>) -> Value {
    let members = members
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), to_json(value)?)));
    Value::Object(members.collect::<Map<_, _>>())
}

/// An attribute of an element as JSON, if it is a plain value.
pub(super) fn attribute(value: &Out) -> Option<Value> {
    match value {
        Out::Any(value) => to_json(value),
        _ => None,
    }
}

/// `value` as a value of a shared type. Whole numbers stay whole, as JavaScript writes them.
pub(super) fn to_any(value: &Value) -> Any {
    match value {
        Value::Null => Any::Null,
        Value::Bool(flag) => Any::Bool(*flag),
        Value::Number(number) => Any::Number(match number.as_i64() {
            Some(whole) => Number::Int(whole),
            None => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Any::String(Arc::from(text.as_str())),
        Value::Array(values) => Any::Array(values.iter().map(to_any).collect()),
        Value::Object(members) => Any::Map(Arc::new(
            members
                .iter()
                .map(|(name, value)| (name.clone(), to_any(value)))
                .collect(),
        )),
    }
}

/// The characters that follow `--` in the name of a formatting attribute of a mark that may stand beside itself.
const HASH_LENGTH: usize = 8;

/// The name of the mark that the formatting attribute `key` stands for.
pub(super) fn mark_name(key: &str) -> &str {
    let Some(at) = key.len().checked_sub(HASH_LENGTH + 2) else {
        return key;
    };
    let is_hash = |hash: &str| {
        hash.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
    };
    match key.split_at_checked(at) {
        Some((name, hash)) if hash.strip_prefix("--").is_some_and(is_hash) => name,
        _ => key,
    }
}

/// The mark that a formatting attribute stands for.
pub(super) fn mark(key: &str, value: &Any) -> Mark {
    let attrs = match to_json(value) {
        Some(Value::Object(members)) => members.into_iter().collect(),
        // Not what ProseMirror writes, but other editors of the same text do: `bold: true`.
        Some(Value::Bool(_) | Value::Null) | None => Attrs::new(),
        Some(other) => Attrs::from([("value".to_owned(), other)]),
    };
    Mark {
        kind: mark_name(key).to_owned(),
        attrs: MarkAttrs(attrs),
    }
}

/// The formatting attributes for `marks`. Marks in `overlapping`, and those that occur twice here, get a name of their
/// own each, as the binding does it.
pub(super) fn formatting(marks: &[Mark], overlapping: &BTreeSet<String>) -> Formatting {
    let mut formatting = Formatting::new();
    for mark in marks {
        let is_twice = marks.iter().filter(|other| other.kind == mark.kind).count() > 1;
        let key = if is_twice || overlapping.contains(&mark.kind) {
            format!("{}--{}", mark.kind, hash(mark))
        } else {
            mark.kind.clone()
        };
        let attrs = mark
            .attrs
            .0
            .iter()
            .map(|(name, value)| (name.clone(), to_any(value)));
        formatting.insert(Arc::from(key), Any::Map(Arc::new(attrs.collect())));
    }
    formatting
}

/// What the binding calls a mark that may stand beside itself: six bytes of its SHA-256, folded, as base64.
fn hash(mark: &Mark) -> String {
    let mut bytes = vec![118];
    bytes.push(if mark.attrs.0.is_empty() { 1 } else { 2 });
    put_string(&mut bytes, "type");
    bytes.push(119);
    put_string(&mut bytes, &mark.kind);
    if !mark.attrs.0.is_empty() {
        put_string(&mut bytes, "attrs");
        put_object(&mut bytes, mark.attrs.0.iter());
    }
    let digest = Sha256::digest(&bytes);
    let mut folded = [0_u8; 6];
    for (index, byte) in digest.iter().enumerate() {
        folded[index % 6] ^= byte;
    }
    base64(folded)
}

fn base64(bytes: [u8; 6]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let number = bytes
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (0..HASH_LENGTH)
        .map(|at| char::from(ALPHABET[(number >> (42 - 6 * at) & 63) as usize]))
        .collect()
}

fn put_string(bytes: &mut Vec<u8>, text: &str) {
    put_length(bytes, text.len());
    bytes.extend(text.as_bytes());
}

fn put_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length > 127 {
        bytes.push(128 | (length & 127) as u8);
        length >>= 7;
    }
    bytes.push(length as u8);
}

fn put_object<'v>(bytes: &mut Vec<u8>, members: impl ExactSizeIterator<Item = (&'v String, &'v Value)>) {
    bytes.push(118);
    put_length(bytes, members.len());
    for (name, value) in members {
        put_string(bytes, name);
        put_value(bytes, value);
    }
}

/// `value` in lib0's encoding, with the members of objects in alphabetical order.
fn put_value(bytes: &mut Vec<u8>, value: &Value) {
    use yrs::encoding::write::Write as _;
    match value {
        Value::Object(members) => put_object(bytes, members.iter()),
        Value::Array(values) => {
            bytes.push(117);
            put_length(bytes, values.len());
            values.iter().for_each(|value| put_value(bytes, value));
        }
        Value::String(text) => {
            bytes.push(119);
            put_string(bytes, text);
        }
        other => {
            let mut encoded = Vec::new();
            to_any(other).encode(&mut encoded);
            bytes.write_all(&encoded);
        }
    }
}
