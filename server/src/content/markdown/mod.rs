//! Markdown to and from trees: GitHub's dialect, with a few HTML tags for what it has no signs for.

mod escape;
mod inline;
mod parse;
mod write;

pub(super) use self::parse::{Links, PERSON, parse, parse_with};
pub(super) use self::write::render;
