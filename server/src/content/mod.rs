//! Documents as content: rich text between its CRDT and the formats of the REST API.
//!
//! Pure functions: bytes and values in, values out; no I/O, no clock, no rooms. A stored document is read into a
//! [`Node`] tree ([`read`]), a tree is written back as the smallest change that was found ([`write`](fn@write)), and
//! trees come from and go to ProseMirror JSON, Markdown and HTML ([`parse`], [`render`]).
//!
//! What must hold: whatever comes in is bounded by [`Limits`] before it takes memory; nothing that comes out as
//! Markdown or HTML can run; a write touches only what differs, so that what others type meanwhile survives; writing
//! the same target twice changes nothing the second time.

mod build;
mod carry;
mod comment;
mod diff;
mod error;
mod html;
mod json;
mod markdown;
mod model;
mod patch;
mod schema;
#[cfg(test)]
mod tests;
mod url;
mod yjs;

use yrs::{ReadTxn, TransactionMut, XmlFragmentRef};

pub use self::comment::{Said, comment};
pub use self::error::{ContentError, Fault};
pub use self::json::to_value;
pub use self::model::{Attrs, Mark, MarkAttrs, Node};
pub use self::patch::{ContentPatch, apply_patch};
pub use self::yjs::ChangeSummary;

/// The name of the shared type that Tiptap and ProseMirror documents are kept under, unless the caller knows better.
pub const DEFAULT_FIELD: &str = "prosemirror";

/// How content is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// ProseMirror JSON. Says everything.
    Json,
    /// GitHub-flavoured Markdown, with a few HTML tags for what it has no signs for.
    Markdown,
    /// HTML, of which only the harmless part is taken and written.
    Html,
}

impl Format {
    /// The media type of answers in this format.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// The format of a media type, parameters and case aside; also `application/vnd.prosemirror+json`.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/json" | "application/vnd.prosemirror+json" => Some(Self::Json),
            "text/markdown" | "text/x-markdown" => Some(Self::Markdown),
            "text/html" => Some(Self::Html),
            _ => None,
        }
    }
}

/// How much one document may be when it comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the input.
    pub max_bytes: usize,
    /// Nodes, marks and attribute values together.
    pub max_parts: usize,
    /// Levels of nodes, the document itself being the first.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 4 * 1024 * 1024,
            max_parts: 50_000,
            max_depth: 64,
        }
    }
}

/// Reads the rich text that `field` of a document holds. A field that was never written to is an empty document.
///
/// # Errors
/// [`Fault::NotRichText`] if the field holds something else; [`Fault::TooDeep`] if it nests deeper than 128 levels.
pub fn read<T: ReadTxn>(txn: &T, field: &str) -> Result<Node, ContentError> {
    yjs::read(txn, field)
}

/// The tree that `fragment` shows, wherever that is in the document: the description of a card, for example.
///
/// # Errors
/// As [`read`].
pub fn read_fragment<T: ReadTxn>(txn: &T, fragment: &XmlFragmentRef) -> Result<Node, ContentError> {
    yjs::read_fragment(txn, fragment)
}

/// Writes a tree down.
pub fn render(node: &Node, format: Format) -> String {
    match format {
        Format::Json => json::render(node),
        Format::Markdown => markdown::render(node),
        Format::Html => html::render(node),
    }
}

/// Takes content from outside. What Markdown and HTML contain and a document cannot is left out; JSON has to fit.
///
/// # Errors
/// [`ContentError`]: too much of something, malformed, or (JSON only) not what a document may contain.
pub fn parse(bytes: &[u8], format: Format, limits: &Limits) -> Result<Node, ContentError> {
    if bytes.len() > limits.max_bytes {
        return Err(ContentError::whole(Fault::TooLarge(limits.max_bytes)));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ContentError::whole(Fault::NotUnicode))?;
    if format == Format::Json {
        return json::parse(text, limits);
    }
    // Both text formats ask for this.
    let text = text.replace('\0', "\u{fffd}");
    match format {
        Format::Markdown => markdown::parse(&text, limits),
        _ => html::parse(&text, limits),
    }
}

/// Makes `field` hold exactly `target`, changing only what differs.
///
/// # Errors
/// As [`read`]. Then nothing was changed.
pub fn write(txn: &mut TransactionMut, field: &str, target: &Node) -> Result<ChangeSummary, ContentError> {
    yjs::write(txn, field, target, yjs::Fidelity::Exact)
}

/// Makes `field` show `target` when it is rendered as `format`, changing only what differs.
///
/// What the format has no words for stays as it is: attributes, marks and nodes of other names, colours, widths. For
/// [`Format::Json`] this is [`write`](fn@write).
///
/// # Errors
/// As [`read`]. Then nothing was changed.
pub fn write_as(
    txn: &mut TransactionMut,
    field: &str,
    target: Node,
    format: Format,
) -> Result<ChangeSummary, ContentError> {
    if format == Format::Json {
        return write(txn, field, &target);
    }
    let current = yjs::read(txn, field)?;
    let target = carry::carry_over(current, target, format);
    yjs::write(txn, field, &target, yjs::Fidelity::Merge)
}

/// As [`write_as`], for a fragment wherever it is in the document.
///
/// # Errors
/// As [`read_fragment`]. Then nothing was changed.
pub fn write_fragment_as(
    txn: &mut TransactionMut,
    fragment: &XmlFragmentRef,
    target: Node,
    format: Format,
) -> Result<ChangeSummary, ContentError> {
    if format == Format::Json {
        return yjs::write_fragment(txn, fragment, &target, yjs::Fidelity::Exact);
    }
    let current = yjs::read_fragment(txn, fragment)?;
    let target = carry::carry_over(current, target, format);
    yjs::write_fragment(txn, fragment, &target, yjs::Fidelity::Merge)
}
