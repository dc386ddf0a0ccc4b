//! What travels as content, for the description of the API alone. `crate::content` decides what is taken.

#![expect(dead_code, reason = "only the description is made of these")]

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// Rich text as ProseMirror JSON.
#[derive(Serialize, ToSchema)]
pub(in crate::http::v1) struct RichText {
    #[serde(rename = "type")]
    kind: DocumentKind,
    #[schema(max_items = 100_000)]
    content: Vec<RichTextNode>,
}

/// The type of the outermost node.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DocumentKind {
    Doc,
}

/// A block, or a run of text.
#[derive(Serialize, ToSchema)]
pub(super) struct RichTextNode {
    #[serde(rename = "type")]
    #[schema(max_length = 100)]
    kind: String,
    /// Of runs of text alone.
    text: Option<String>,
    attrs: Option<Map<String, Value>>,
    #[schema(max_items = 100)]
    marks: Option<Vec<RichTextMark>>,
    #[schema(no_recursion, max_items = 100_000)]
    content: Option<Vec<RichTextNode>>,
}

/// How a run of text looks, or where it leads.
#[derive(Serialize, ToSchema)]
pub(super) struct RichTextMark {
    #[serde(rename = "type")]
    #[schema(max_length = 100)]
    kind: String,
    attrs: Option<Map<String, Value>>,
}

/// A change to the blocks of a document. Operations are applied one after another; `index` counts blocks from 0.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BlockOperation {
    op: BlockOperationKind,
    /// For `insert_before`, `replace_block` and `delete_block` alone.
    index: Option<u32>,
    /// One node, a list of nodes, or text in `format`; for all but `delete_block`.
    content: Option<Value>,
    format: Option<TextFormat>,
}

/// What an operation does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum BlockOperationKind {
    Append,
    Prepend,
    InsertBefore,
    ReplaceBlock,
    DeleteBlock,
}

/// A format of rich text.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TextFormat {
    Json,
    Markdown,
    Html,
}

/// A format of content.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ContentFormat {
    Json,
    Markdown,
    Html,
    Yjs,
}

/// A format of changes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PatchFormat {
    Json,
    Yjs,
}

macro_rules! content_parameters {
    ($($name:ident $format:ty),*) => {
        $(
            #[derive(IntoParams)]
            #[into_params(parameter_in = Query)]
            pub(super) struct $name {
                /// The format, before what the headers say.
                #[param(inline)]
                format: Option<$format>,
                /// The name of the shared type that holds the rich text; `prosemirror` if it is left out.
                #[param(min_length = 1, max_length = 255)]
                field: Option<String>,
            }
        )*
    };
}

content_parameters!(ContentParams ContentFormat, TextParams TextFormat, PatchParams PatchFormat);
