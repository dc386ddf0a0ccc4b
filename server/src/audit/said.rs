//! What an entry says of an event: ids, roles and the names of what changed, never what was written.
//!
//! Invariant: of the texts in an event only ids and words that the server itself chose come into the log; anything a person may have
//! typed is left out and only named.

use serde_json::{Map, Value, json};
use uuid::Uuid;
use weft_storage::records::Event;

/// Members whose texts are of the server's choosing.
const WORDS: [&str; 8] = [
    "scope",
    "role",
    "reason",
    "state",
    "status",
    "kind",
    "type",
    "permission",
];
/// How deep members are looked at.
const MAX_DEPTH: usize = 3;

/// What an event is about, and the details of its entry.
pub(super) fn said_of(event: &Event) -> ((&'static str, Option<Uuid>), String) {
    let subject = match (event.task_id, event.document_id, event.project_id, event.team_id) {
        (Some(id), ..) => ("task", Some(id)),
        (_, Some(id), ..) => ("document", Some(id)),
        (_, _, Some(id), _) => ("project", Some(id)),
        (.., Some(id)) => ("team", Some(id)),
        _ => ("workspace", Some(event.workspace.0)),
    };
    let mut details = Map::new();
    for (name, id) in [
        ("document_id", event.document_id),
        ("project_id", event.project_id),
        ("team_id", event.team_id),
    ] {
        if let Some(id) = id.filter(|id| Some(*id) != subject.1) {
            details.insert(name.to_owned(), json!(id));
        }
    }
    if let Ok(Value::Object(data)) = serde_json::from_str(&event.data) {
        let (kept, fields) = without_content(&data, MAX_DEPTH);
        if !kept.is_empty() {
            details.insert("data".to_owned(), Value::Object(kept));
        }
        if !fields.is_empty() {
            details.insert("fields".to_owned(), json!(fields));
        }
    }
    (subject, Value::Object(details).to_string())
}

/// The members that are no content, and the names of the others.
fn without_content(data: &Map<String, Value>, depth: usize) -> (Map<String, Value>, Vec<String>) {
    let (mut kept, mut fields) = (Map::new(), Vec::new());
    for (name, value) in data {
        match value {
            Value::Object(inner) if depth > 0 => {
                let (inner, names) = without_content(inner, depth - 1);
                if !inner.is_empty() {
                    kept.insert(name.clone(), Value::Object(inner));
                }
                for field in names {
                    if !fields.contains(&field) {
                        fields.push(field);
                    }
                }
            }
            Value::String(text) if is_id(text) || WORDS.contains(&name.as_str()) => {
                kept.insert(name.clone(), value.clone());
            }
            Value::Bool(_) | Value::Number(_) if name.ends_with("_at") || name.starts_with("is_") => {
                kept.insert(name.clone(), value.clone());
            }
            _ => fields.push(name.clone()),
        }
    }
    (kept, fields)
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_only_named() {
        let data = json!({
            "user_id": "0198c0de-0000-7000-8000-000000000001", "scope": "workspace",
            "before": { "role": "member", "title": "Secret" }, "after": { "role": "admin", "title": "Other" },
            "labels": ["Secret"],
        });
        let Value::Object(data) = data else { unreachable!() };
        let (kept, fields) = without_content(&data, MAX_DEPTH);
        let kept = Value::Object(kept);
        assert_eq!(kept["before"], json!({ "role": "member" }));
        assert_eq!(kept["after"], json!({ "role": "admin" }));
        assert_eq!(kept["scope"], "workspace");
        assert!(!kept.to_string().contains("Secret"));
        assert!(fields.contains(&"title".to_owned()) && fields.contains(&"labels".to_owned()));
    }
}
