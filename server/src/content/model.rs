//! Rich text as a tree: what ProseMirror calls a document.
//!
//! The names are those of Tiptap's StarterKit and its tables, task lists, images and mentions, but any other name is
//! carried along. Trees are never deeper than [`MAX_TREE_DEPTH`]: whoever builds one counts, so whoever walks one may
//! recurse.

use std::collections::BTreeMap;

use serde_json::Value;

/// How deep the tree of a stored document may be for this server to read it: what live editors can make of it.
pub(crate) const MAX_TREE_DEPTH: usize = 128;

/// Attributes by name. On nodes a `null` is the same as no attribute; on marks it is a value.
pub type Attrs = BTreeMap<String, Value>;

/// The names of nodes.
pub(crate) mod node {
    pub(crate) const DOC: &str = "doc";
    pub(crate) const TEXT: &str = "text";
    pub(crate) const PARAGRAPH: &str = "paragraph";
    pub(crate) const HEADING: &str = "heading";
    pub(crate) const BULLET_LIST: &str = "bulletList";
    pub(crate) const ORDERED_LIST: &str = "orderedList";
    pub(crate) const LIST_ITEM: &str = "listItem";
    pub(crate) const TASK_LIST: &str = "taskList";
    pub(crate) const TASK_ITEM: &str = "taskItem";
    pub(crate) const BLOCKQUOTE: &str = "blockquote";
    pub(crate) const CODE_BLOCK: &str = "codeBlock";
    pub(crate) const HORIZONTAL_RULE: &str = "horizontalRule";
    pub(crate) const HARD_BREAK: &str = "hardBreak";
    pub(crate) const IMAGE: &str = "image";
    pub(crate) const TABLE: &str = "table";
    pub(crate) const TABLE_ROW: &str = "tableRow";
    pub(crate) const TABLE_HEADER: &str = "tableHeader";
    pub(crate) const TABLE_CELL: &str = "tableCell";
    pub(crate) const MENTION: &str = "mention";
}

/// The names of marks.
pub(crate) mod mark {
    pub(crate) const BOLD: &str = "bold";
    pub(crate) const ITALIC: &str = "italic";
    pub(crate) const STRIKE: &str = "strike";
    pub(crate) const CODE: &str = "code";
    pub(crate) const UNDERLINE: &str = "underline";
    pub(crate) const LINK: &str = "link";
    pub(crate) const HIGHLIGHT: &str = "highlight";

    /// All of them, from the outermost to the innermost when they are written as tags.
    pub(crate) const ORDER: [&str; 7] = [LINK, BOLD, ITALIC, STRIKE, UNDERLINE, HIGHLIGHT, CODE];
}

/// A piece of a document: a block, something inline, or a run of text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Node {
    /// The name of its type.
    pub kind: String,
    /// Its attributes.
    pub attrs: Attrs,
    /// What is inside, in order.
    pub content: Vec<Node>,
    /// The marks on it; on text only.
    pub marks: Vec<Mark>,
    /// The text, of a text node only.
    pub text: String,
}

/// What is said about a run of text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark {
    /// The name of its type.
    pub kind: String,
    /// Its attributes.
    pub attrs: MarkAttrs,
}

/// The attributes of a mark, comparable and sortable.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct MarkAttrs(pub Attrs);

impl Ord for MarkAttrs {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let text = |attrs: &Self| serde_json::to_string(&attrs.0).unwrap_or_default();
        text(self).cmp(&text(other))
    }
}

impl PartialOrd for MarkAttrs {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Mark {
    /// A mark without attributes.
    pub fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            attrs: MarkAttrs::default(),
        }
    }

    /// This mark with one attribute more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.attrs.0.insert(name.to_owned(), value.into());
        self
    }

    /// The attribute `name`, if it is a string.
    pub fn str(&self, name: &str) -> Option<&str> {
        self.attrs.0.get(name).and_then(Value::as_str)
    }
}

impl Node {
    /// A node without attributes and content.
    pub fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            ..Self::default()
        }
    }

    /// A node with this content.
    pub fn of(kind: &str, content: Vec<Self>) -> Self {
        Self {
            kind: kind.to_owned(),
            content,
            ..Self::default()
        }
    }

    /// A run of text.
    pub fn text(text: impl Into<String>, marks: Vec<Mark>) -> Self {
        Self {
            kind: node::TEXT.to_owned(),
            text: text.into(),
            marks,
            ..Self::default()
        }
    }

    /// This node with one attribute more; `null` adds nothing.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !value.is_null() {
            self.attrs.insert(name.to_owned(), value);
        }
        self
    }

    /// Whether this is a run of text.
    pub fn is_text(&self) -> bool {
        self.kind == node::TEXT
    }

    /// The attribute `name`, if it is a string.
    pub fn str(&self, name: &str) -> Option<&str> {
        self.attrs.get(name).and_then(Value::as_str)
    }

    /// The attribute `name`, if it is a whole number that is not negative.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.attrs.get(name).and_then(Value::as_u64)
    }

    /// Whether the attribute `name` is `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.attrs.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether nodes of this type stand inside a line of text.
    pub fn is_inline(&self) -> bool {
        matches!(self.kind.as_str(), node::TEXT | node::HARD_BREAK | node::MENTION)
    }

    /// Whether this is a block of text: its content is inline, or it is of a type whose content is.
    pub fn is_textblock(&self) -> bool {
        match self.kind.as_str() {
            node::PARAGRAPH | node::HEADING | node::CODE_BLOCK => true,
            _ => !self.content.is_empty() && self.content.iter().all(|child| child.is_inline()),
        }
    }

    /// All text below this node, for captions and similar.
    pub fn plain_text(&self) -> String {
        fn collect(node: &Node, into: &mut String) {
            into.push_str(&node.text);
            node.content.iter().for_each(|child| collect(child, into));
        }
        let mut text = String::new();
        collect(self, &mut text);
        text
    }

    /// The number of nodes of this tree.
    pub fn count(&self) -> usize {
        1 + self.content.iter().map(Self::count).sum::<usize>()
    }

    /// The tree in the one form that all readers make: no empty text, no two runs of text side by side with the same
    /// marks, marks without duplicates, no `null` among the attributes of nodes.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        self.attrs.retain(|_, value| !value.is_null());
        let mut content: Vec<Self> = Vec::with_capacity(self.content.len());
        for child in self.content {
            if !child.is_text() {
                content.push(child.normalised());
                continue;
            }
            push_text(&mut content, child);
        }
        self.content = content;
        self
    }
}

/// Appends the run `text` to `content`, joining it to the run before where both carry the same marks.
pub(crate) fn push_text(content: &mut Vec<Node>, mut text: Node) {
    if text.text.is_empty() {
        return;
    }
    text.marks.sort();
    text.marks.dedup();
    match content.last_mut() {
        Some(last) if last.is_text() && last.marks == text.marks => last.text.push_str(&text.text),
        _ => content.push(text),
    }
}

/// `value` with its numbers in the one form that JavaScript knows: whole ones without a fraction, no others than
/// doubles can hold.
pub(crate) fn canonical_number(value: f64) -> Value {
    const SAFE: f64 = 9_007_199_254_740_991.0;
    if value.fract() == 0.0 && value.abs() <= SAFE {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number within 53 bits")]
        return Value::from(value as i64);
    }
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}
