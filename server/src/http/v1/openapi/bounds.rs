//! Bounds for what has none: formats of integers, lengths of strings and lists.
//!
//! They follow from what holds for everything: no body is larger than 32 MiB, no head larger than 32 KiB, and integers
//! are what the types of Rust hold. A narrower bound is said where it is checked.

use serde_json::{Map, Value, json};

/// The largest integer that every JSON reader keeps exactly.
const MAX_EXACT: i64 = 9_007_199_254_740_991;
/// The longest string in a body.
const MAX_TEXT: u64 = 33_554_432;
/// The longest string in a head.
const MAX_HEAD_TEXT: u64 = 32_768;
/// The longest list: each element takes two bytes at least.
const MAX_ITEMS: u64 = 16_777_216;

pub(super) fn add(api: &mut Value) {
    walk(api, MAX_TEXT);
}

/// Looks for schemas everywhere: a schema is an object whose `type` is one of JSON Schema's.
fn walk(value: &mut Value, max_text: u64) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, max_text)),
        Value::Object(members) => {
            if is(members, "string") {
                bound_text(members, max_text);
            }
            if is(members, "integer") {
                bound_integer(members);
            }
            if is(members, "array") {
                members.entry("maxItems").or_insert_with(|| MAX_ITEMS.into());
            }
            for (name, member) in members {
                match name.as_str() {
                    "example" | "examples" | "default" | "const" | "enum" => {}
                    "parameters" | "headers" => walk(member, MAX_HEAD_TEXT),
                    _ => walk(member, max_text),
                }
            }
        }
        _ => {}
    }
}

fn is(schema: &Map<String, Value>, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => name == kind,
        Some(Value::Array(names)) => names.iter().any(|name| name == kind),
        _ => false,
    }
}

fn bound_text(schema: &mut Map<String, Value>, otherwise: u64) {
    if schema.contains_key("enum") || schema.contains_key("const") {
        return;
    }
    let longest = match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => 36,
        Some("date-time") => 40,
        Some("date") => 10,
        Some("email") => 254,
        Some("uri" | "uri-reference") => 2048,
        _ => otherwise,
    };
    schema.entry("maxLength").or_insert_with(|| longest.into());
}

fn bound_integer(schema: &mut Map<String, Value>) {
    let (format, least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("int8") => ("int32", i64::from(i8::MIN), i64::from(i8::MAX)),
        Some("int16") => ("int32", i64::from(i16::MIN), i64::from(i16::MAX)),
        Some("int32") => ("int32", i64::from(i32::MIN), i64::from(i32::MAX)),
        Some("u-int8") => ("int32", 0, i64::from(u8::MAX)),
        Some("u-int16") => ("int32", 0, i64::from(u16::MAX)),
        Some("u-int32") => ("int64", 0, i64::from(u32::MAX)),
        Some("u-int64") => ("int64", 0, MAX_EXACT),
        _ => ("int64", -MAX_EXACT, MAX_EXACT),
    };
    schema.insert("format".to_owned(), json!(format));
    if !schema.contains_key("exclusiveMinimum") {
        schema.entry("minimum").or_insert_with(|| least.into());
    }
    if !schema.contains_key("exclusiveMaximum") {
        schema.entry("maximum").or_insert_with(|| most.into());
    }
}
