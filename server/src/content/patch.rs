//! Small changes to the blocks of a document, where a merge patch would mean nothing.
//!
//! `[{"op":"append","content":[…]}, {"op":"replace_block","index":3,"content":[…]}]`: the operations are applied one
//! after another, each to what the one before has left; `index` counts the blocks of the document from 0. `content`
//! is a node, a list of nodes, or, with `"format":"markdown"` or `"html"`, a text.

use serde_json::Value;

use super::error::{ContentError, Fault, Place};
use super::model::Node;
use super::{Format, Limits, json, parse};

/// How many operations one patch may have.
const MAX_OPERATIONS: usize = 100;

/// One change to the blocks of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentPatch {
    /// Blocks behind the last one.
    Append(Vec<Node>),
    /// Blocks before the first one.
    Prepend(Vec<Node>),
    /// Blocks before the one at this index, or behind the last one if the index is their number.
    InsertBefore(usize, Vec<Node>),
    /// Blocks in the place of the one at this index.
    ReplaceBlock(usize, Vec<Node>),
    /// The block at this index goes.
    DeleteBlock(usize),
}

impl ContentPatch {
    /// Reads a list of operations from JSON.
    ///
    /// # Errors
    /// [`ContentError`] with the path of the operation's member that is wrong.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Vec<Self>, ContentError> {
        if bytes.len() > limits.max_bytes {
            return Err(ContentError::whole(Fault::TooLarge(limits.max_bytes)));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ContentError::whole(Fault::NotUnicode))?;
        let Value::Array(operations) = json::parse_value(text, limits)? else {
            return Err(ContentError::whole(Fault::Expected("an array of operations")));
        };
        if operations.len() > MAX_OPERATIONS {
            return Err(ContentError::whole(Fault::TooMany(MAX_OPERATIONS)));
        }
        operations
            .into_iter()
            .enumerate()
            .map(|(index, operation)| Self::one(index, operation, limits))
            .collect()
    }

    fn one(index: usize, operation: Value, limits: &Limits) -> Result<Self, ContentError> {
        let mut place = Place::default();
        place.index(index);
        let Value::Object(mut members) = operation else {
            return Err(place.error(Fault::Expected("an operation object")));
        };
        let at = |name: &str, fault| {
            let mut place = Place::default();
            place.index(index);
            place.member(name);
            place.error(fault)
        };
        let op = members.remove("op");
        let op = op.as_ref().and_then(Value::as_str).unwrap_or_default();
        let position = members.remove("index");
        let has_index = matches!(op, "insert_before" | "replace_block" | "delete_block");
        let position = match position.as_ref().map(Value::as_u64) {
            Some(Some(position)) if has_index => usize::try_from(position).unwrap_or(usize::MAX),
            None if !has_index => 0,
            _ if has_index => {
                return Err(at(
                    "index",
                    Fault::Expected("the number of a block, counted from 0"),
                ));
            }
            _ => return Err(at("index", Fault::UnknownMember)),
        };
        let format = members.remove("format");
        let content = members.remove("content");
        if let Some((name, _)) = members.into_iter().next() {
            return Err(at(&name, Fault::UnknownMember));
        }
        if op == "delete_block" {
            return match content {
                None => Ok(Self::DeleteBlock(position)),
                Some(_) => Err(at("content", Fault::UnknownMember)),
            };
        }
        let blocks = blocks(content, format, limits).map_err(|error| {
            let inner = error.field.strip_prefix("content").unwrap_or(&error.field);
            let mut error = ContentError {
                field: format!("[{index}].content{inner}"),
                fault: error.fault,
            };
            error.field.truncate(500);
            error
        })?;
        match op {
            "append" => Ok(Self::Append(blocks)),
            "prepend" => Ok(Self::Prepend(blocks)),
            "insert_before" => Ok(Self::InsertBefore(position, blocks)),
            "replace_block" => Ok(Self::ReplaceBlock(position, blocks)),
            _ => Err(at(
                "op",
                Fault::Expected("append, prepend, insert_before, replace_block or delete_block"),
            )),
        }
    }
}

fn blocks(content: Option<Value>, format: Option<Value>, limits: &Limits) -> Result<Vec<Node>, ContentError> {
    let format = match format.as_ref().map(Value::as_str) {
        None | Some(Some("json")) => Format::Json,
        Some(Some("markdown")) => Format::Markdown,
        Some(Some("html")) => Format::Html,
        Some(_) => {
            return Err(ContentError::whole(Fault::Expected(
                "with the format json, markdown or html",
            )));
        }
    };
    match (format, content) {
        (_, None | Some(Value::Null)) => Err(ContentError::whole(Fault::Expected("there"))),
        (Format::Json, Some(content)) => json::nodes(content, "content", limits),
        (_, Some(Value::String(text))) => Ok(parse(text.as_bytes(), format, limits)?.content),
        (_, Some(_)) => Err(ContentError::whole(Fault::Expected("a string"))),
    }
}

/// `document` after `patches`.
///
/// # Errors
/// [`Fault::OutOfRange`] if an index points past the end.
pub fn apply_patch(mut document: Node, patches: &[ContentPatch]) -> Result<Node, ContentError> {
    for (number, patch) in patches.iter().enumerate() {
        let length = document.content.len();
        let checked = |index: usize, end: usize| {
            if index < end {
                return Ok(index);
            }
            Err(ContentError {
                field: format!("[{number}].index"),
                fault: Fault::OutOfRange,
            })
        };
        let (range, blocks) = match patch {
            ContentPatch::Append(blocks) => (length..length, blocks.as_slice()),
            ContentPatch::Prepend(blocks) => (0..0, blocks.as_slice()),
            ContentPatch::InsertBefore(index, blocks) => {
                let index = checked(*index, length + 1)?;
                (index..index, blocks.as_slice())
            }
            ContentPatch::ReplaceBlock(index, blocks) => {
                let index = checked(*index, length)?;
                (index..index + 1, blocks.as_slice())
            }
            ContentPatch::DeleteBlock(index) => {
                let index = checked(*index, length)?;
                (index..index + 1, &[][..])
            }
        };
        document.content.splice(range, blocks.iter().cloned());
    }
    Ok(document)
}
