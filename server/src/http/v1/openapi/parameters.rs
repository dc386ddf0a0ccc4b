//! Parameters that mean the same wherever they are, and are described once.

use serde_json::{Value, json};

use crate::http::rest::etag::MAX_CONDITION_BYTES;

use super::{add_member, each_operation, members};

/// One tag or up to sixteen, each in quotes, or `*`.
fn condition() -> Value {
    json!({
        "maxLength": MAX_CONDITION_BYTES,
        "pattern": r#"^(\*|(W/)?"[\x21\x23-\x2b\x2d-\x7e]*"(, (W/)?"[\x21\x23-\x2b\x2d-\x7e]*"){0,15})$"#,
    })
}

/// What is said of a parameter that does not say it itself, and bounds of its schema.
fn known(name: &str) -> Option<(&'static str, Value)> {
    Some(match name {
        "limit" => (
            "How many to give at most; above 100 is taken as 100.",
            json!({ "minimum": 1 }),
        ),
        "page" => (
            "The page, from 1, instead of a cursor; the answer then says how many there are in total.",
            json!({ "minimum": 1, "maximum": 10_001 }),
        ),
        "cursor" => (
            "`meta.next_cursor` of the page before.",
            json!({ "minLength": 1 }),
        ),
        "sort" => ("The order; with `-` before it reversed.", json!({})),
        "If-Match" => ("The `ETag` that was read, or `*`.", condition()),
        "If-None-Match" => ("`ETag`s that are known already.", condition()),
        "Idempotency-Key" => (
            "A name for this request. If the same request is sent again with it within 24 hours, it gets the same \
             answer and nothing is done again.",
            json!({ "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }),
        ),
        _ => return None,
    })
}

pub(super) fn add(api: &mut Value) {
    each_operation(api, |path, _, operation| {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        let mut takes_keys = false;
        for parameter in parameters.into_iter().flatten() {
            place(parameter, path);
            drop_null(parameter);
            forbid_nul(parameter);
            let name = parameter["name"].as_str().unwrap_or_default();
            takes_keys |= name == "Idempotency-Key";
            let Some((meaning, bounds)) = known(name) else {
                continue;
            };
            if parameter.get("description").is_none() {
                parameter["description"] = json!(meaning);
            }
            for (bound, value) in bounds.as_object().into_iter().flatten() {
                add_member(parameter, "schema", bound, value.clone());
            }
        }
        if takes_keys {
            add_replays(operation);
        }
    });
}

/// What is derived says `path` of parameters whose author says nothing; those that do not stand in the path are of the
/// query.
fn place(parameter: &mut Value, path: &str) {
    let name = parameter["name"].as_str().unwrap_or_default();
    if parameter["in"] == "path" && !path.contains(&format!("{{{name}}}")) {
        parameter["in"] = "query".into();
    }
}

/// Leaving a parameter out is not sending null, which only bodies can.
fn drop_null(parameter: &mut Value) {
    let Some(kinds) = parameter.pointer_mut("/schema/type") else {
        return;
    };
    let without: Vec<_> = kinds
        .as_array()
        .into_iter()
        .flatten()
        .filter(|kind| *kind != "null")
        .cloned()
        .collect();
    if let [kind] = &*without {
        *kinds = kind.clone();
    }
}

/// Texts in the query do not hold the character U+0000, which databases do not store.
fn forbid_nul(parameter: &mut Value) {
    let is_text = parameter["in"] == "query" && parameter["schema"]["type"] == "string";
    let is_narrower = ["enum", "format", "pattern"]
        .iter()
        .any(|member| parameter["schema"].get(member).is_some());
    if is_text && !is_narrower {
        parameter["schema"]["pattern"] = r"^[^\x00]*$".into();
    }
}

/// Answers that were given before say so.
fn add_replays(operation: &mut Value) {
    for (status, response) in members(operation, "responses") {
        if status.starts_with('2') {
            let header = json!({
                "description": "`true` if this is the answer of an earlier request with the same key.",
                "schema": { "type": "string", "enum": ["true"] },
            });
            add_member(response, "headers", "Idempotency-Replayed", header);
        }
    }
}
