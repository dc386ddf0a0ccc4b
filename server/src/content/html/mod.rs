//! HTML to and from trees.
//!
//! The reader takes tags as a stream and keeps the few that a document has words for; nothing else of the input
//! survives, so there is no list of dangerous things to forget one on. The writer emits fixed tags around escaped text.

mod parse;
mod write;

pub(super) use self::parse::{Sink, parse};
pub(super) use self::write::{escape_attribute, heading_level, mention, render, render_block};
