//! The chapters of the description: every tag that an operation may have, with what it is about.

use serde_json::{Value, json};

pub(super) const TAGS: &[(&str, &str)] = &[
    (
        "Documents",
        "Documents and what they show, read and changed while people edit them.",
    ),
    ("Batch", "Several requests in one."),
];

pub(super) fn add(api: &mut Value) {
    api["tags"] = TAGS
        .iter()
        .map(|(name, about)| json!({ "name": name, "description": about }))
        .collect();
}
