//! The chapters of the description: every tag that an operation may have, with what it is about.

use utoipa::openapi::tag::{Tag, TagBuilder};

const TAGS: &[(&str, &str)] = &[(
    "Documents",
    "Documents and what they show, read and changed while people edit them.",
)];

pub(super) fn all() -> Vec<Tag> {
    TAGS.iter()
        .map(|(name, about)| TagBuilder::new().name(*name).description(Some(*about)).build())
        .collect()
}
