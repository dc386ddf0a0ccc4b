//! Parameters that mean the same wherever they are, and are described once.

use serde_json::{Value, json};

use super::each_operation;

/// What is said of a parameter that does not say it itself.
const MEANINGS: &[(&str, &str)] = &[
    ("limit", "How many to give at most; above 100 is taken as 100."),
    ("cursor", "`meta.next_cursor` of the page before."),
    ("If-Match", "The `ETag` that was read, or `*`."),
    ("If-None-Match", "`ETag`s that are known already."),
];

pub(super) fn add(api: &mut Value) {
    each_operation(api, |_, _, operation| {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            let meaning = MEANINGS.iter().find(|(known, _)| *known == name);
            if let Some((_, meaning)) = meaning.filter(|_| parameter.get("description").is_none()) {
                parameter["description"] = json!(meaning);
            }
        }
    });
}
