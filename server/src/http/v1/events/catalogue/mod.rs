//! Every type of event: when it is told, what its `data` looks like, and who may read of it.
//!
//! Invariant: an event that is not here is told to nobody; a test compares what the server tells with the schemas here.

mod content;
mod people;
mod tasks;

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::auth::permission::Action;

/// A type of events.
#[derive(Debug)]
pub(in crate::http::v1) struct EventType {
    /// Its name, such as `task.moved`.
    pub(in crate::http::v1) name: &'static str,
    /// When such an event is told.
    pub(in crate::http::v1) about: &'static str,
    /// What a credential must allow, somewhere at all, to read of it.
    pub(super) read_by: Action,
    /// What its `data` looks like.
    pub(in crate::http::v1) schema: Value,
    /// The `data` of one.
    pub(in crate::http::v1) example: Value,
}

/// All of them.
pub(in crate::http::v1) fn all() -> &'static [EventType] {
    static ALL: LazyLock<Vec<EventType>> = LazyLock::new(|| {
        let mut all = people::types();
        all.extend(content::types());
        all.extend(tasks::types());
        all
    });
    &ALL
}

/// A member of `data`.
#[derive(Debug, Clone)]
struct Member {
    name: &'static str,
    schema: Value,
    is_required: bool,
}

impl Member {
    /// The same member, which may be missing.
    fn or_missing(mut self) -> Self {
        self.is_required = false;
        self
    }

    /// The same member, which may be null.
    fn or_null(mut self) -> Self {
        if let Some(kind) = self.schema.get_mut("type") {
            *kind = json!([kind.clone(), "null"]);
        } else {
            self.schema = json!({ "anyOf": [self.schema, { "type": "null" }] });
        }
        self
    }
}

fn member(name: &'static str, schema: Value) -> Member {
    Member {
        name,
        schema,
        is_required: true,
    }
}

fn id(name: &'static str) -> Member {
    member(name, json!({ "type": "string", "format": "uuid" }))
}

/// An id within a board's document, or of an account as that has it.
fn name(name: &'static str) -> Member {
    member(name, json!({ "type": "string", "maxLength": 64 }))
}

fn text(name: &'static str) -> Member {
    member(name, json!({ "type": "string" }))
}

fn choice(name: &'static str, of: &[&str]) -> Member {
    member(name, json!({ "type": "string", "enum": of }))
}

fn flag(name: &'static str) -> Member {
    member(name, json!({ "type": "boolean" }))
}

fn number(name: &'static str) -> Member {
    member(name, json!({ "type": "integer" }))
}

fn list(name: &'static str, of: Member) -> Member {
    member(name, json!({ "type": "array", "items": of.schema }))
}

fn part(name: &'static str, members: &[Member]) -> Member {
    member(name, object(members))
}

/// Anything: what it is depends on what changed.
fn some_of(name: &'static str) -> Member {
    member(name, json!({ "type": "object" }))
}

/// What was, and what is.
fn changed(members: &[Member]) -> [Member; 2] {
    [part("before", members), part("after", members)]
}

fn object(members: &[Member]) -> Value {
    let properties: Map<String, Value> = members
        .iter()
        .map(|member| (member.name.to_owned(), member.schema.clone()))
        .collect();
    let required: Vec<_> = members
        .iter()
        .filter(|member| member.is_required)
        .map(|member| member.name)
        .collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn event(
    name: &'static str,
    about: &'static str,
    read_by: Action,
    members: &[Member],
    example: Value,
) -> EventType {
    EventType {
        name,
        about,
        read_by,
        schema: object(members),
        example,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_speak() {
        let names: BTreeSet<_> = all().iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), all().len());
        for kind in all() {
            assert!(kind.about.ends_with('.'), "{}", kind.name);
            let required = kind.schema["required"].as_array().unwrap();
            for member in required {
                let member = member.as_str().unwrap();
                assert!(kind.example.get(member).is_some(), "{}: {member}", kind.name);
            }
            for member in kind.example.as_object().unwrap().keys() {
                let known = kind.schema["properties"].get(member);
                assert!(known.is_some(), "{}: {member}", kind.name);
            }
        }
    }
}
