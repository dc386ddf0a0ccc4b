//! Names schemas as readers expect it: small ones are put where they are used, large ones are written once.

use serde_json::{Map, Value, json};

use crate::http::rest::schema::INLINE;

const PREFIX: &str = "#/components/schemas/";

pub(super) fn add(api: &mut Value) {
    put_small_ones_in_place(api);
    write_large_ones_once(api);
    rename_lists(api);
    drop_empty_defaults(api);
}

fn put_small_ones_in_place(api: &mut Value) {
    let mut small = Map::new();
    if let Some(schemas) = api
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        let (inline, named) = std::mem::take(schemas)
            .into_iter()
            .partition(|(name, _)| name.starts_with(INLINE));
        (small, *schemas) = (inline, named);
    }
    // One may refer to another.
    for _ in 0..3 {
        replace(api, &|value| {
            let target = value.get("$ref")?.as_str()?.strip_prefix(PREFIX)?;
            let mut schema = small.get(target)?.clone();
            // What is said at the place of use counts more.
            for (name, member) in value.as_object()? {
                if name != "$ref" {
                    schema[name] = member.clone();
                }
            }
            Some(schema)
        });
    }
}

/// Schemas that hold others are written with them in full; where these have a name it is used instead.
fn write_large_ones_once(api: &mut Value) {
    let named = api["components"]["schemas"].clone();
    let is_large = |schema: &Value| schema.get("properties").is_some() || schema.get("enum").is_some();
    let known: Vec<(&String, &Value)> = named
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, schema)| is_large(schema))
        .collect();
    let find = |value: &Value| {
        let (name, _) = known
            .iter()
            .find(|(_, schema)| is_large(value) && *schema == value)?;
        Some(json!({ "$ref": format!("{PREFIX}{name}") }))
    };
    if let Some(paths) = api.get_mut("paths") {
        replace(paths, &find);
    }
    let schemas = api
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    for (_, schema) in schemas.into_iter().flatten() {
        // Not the schema itself.
        for (_, member) in schema.as_object_mut().into_iter().flatten() {
            replace(member, &find);
        }
    }
}

/// `List_Team` is a `TeamList`.
fn rename_lists(api: &mut Value) {
    fn better(name: &str) -> Option<String> {
        name.strip_prefix("List_").map(|item| format!("{item}List"))
    }
    if let Some(schemas) = api
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        *schemas = std::mem::take(schemas)
            .into_iter()
            .map(|(name, schema)| (better(&name).unwrap_or(name), schema))
            .collect();
    }
    replace(api, &|value| {
        let name = better(value.get("$ref")?.as_str()?.strip_prefix(PREFIX)?)?;
        Some(json!({ "$ref": format!("{PREFIX}{name}") }))
    });
}

/// A default that says nothing, where leaving a member out means that it stays as it is.
fn drop_empty_defaults(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("default").is_some_and(Value::is_null) {
                members.remove("default");
            }
            members.values_mut().for_each(drop_empty_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty_defaults),
        _ => {}
    }
}

/// Replaces every value below `value` that `find` finds another one for.
fn replace(value: &mut Value, find: &impl Fn(&Value) -> Option<Value>) {
    if let Some(better) = find(value) {
        *value = better;
        return;
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, find)),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, find)),
        _ => {}
    }
}
