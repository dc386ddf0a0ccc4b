//! Rich text in a `yrs` document, kept the way ProseMirror bindings keep it.
//!
//! An element of the shared XML is a node and its attributes; a shared XML text is a run of text nodes, whose marks
//! are formatting attributes. [`read`] tells what such a binding would show; [`write`](fn@write) changes the shared
//! types as little as it can.

mod read;
mod text;
mod value;
mod write;

pub(crate) use self::read::{read, read_fragment};
pub use self::write::ChangeSummary;
pub(crate) use self::write::{Fidelity, write, write_fragment};
