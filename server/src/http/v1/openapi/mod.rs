//! Completes the description of the API: what all operations have in common is said here, once.
//!
//! It only says what the server does. Each pass is a file that walks over the finished JSON, leaves alone what an
//! operation says itself, and adds what is missing.

mod bounds;
mod headers;
mod info;
mod parameters;
mod problems;
mod security;
mod shapes;
mod tags;
mod webhooks;

#[cfg(test)]
mod tests;

use serde_json::Value;
use utoipa::openapi::OpenApi;

/// The keys of a path that are operations.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The whole document, made of what the handlers say of themselves; `correct` has the first word.
pub(super) fn complete(described: &OpenApi, correct: impl FnOnce(&mut Value)) -> Value {
    // Every member is plain data, which cannot fail to become JSON.
    let mut api = serde_json::to_value(described).unwrap_or_default();
    correct(&mut api);
    shapes::add(&mut api);
    info::add(&mut api);
    tags::add(&mut api);
    security::add(&mut api);
    problems::add(&mut api);
    parameters::add(&mut api);
    headers::add(&mut api);
    webhooks::add(&mut api);
    bounds::add(&mut api);
    api
}

/// The members of the object at `name`, if it is there.
fn members<'a>(parent: &'a mut Value, name: &str) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    let object = parent.get_mut(name).and_then(Value::as_object_mut);
    object.into_iter().flatten()
}

/// Adds a member to the object at `name`, which is made if need be. A member that is there stays as it is.
fn add_member(parent: &mut Value, name: &str, key: &str, value: Value) {
    if parent[name].get(key).is_none() {
        parent[name][key] = value;
    }
}

/// Shows every operation, with its path, to `visit`.
fn each_operation(api: &mut Value, mut visit: impl FnMut(&str, &str, &mut Value)) {
    for (path, item) in members(api, "paths") {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                visit(path, method, operation);
            }
        }
    }
}
