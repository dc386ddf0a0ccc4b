//! Which node may stand in which, as far as the names are known.
//!
//! An editor that meets an element its schema forbids *deletes* it from the shared document, so nothing that breaks
//! these rules may be written. Names that are not known here may stand anywhere and hold anything.

use super::error::{ContentError, Fault, Place};
use super::model::{Attrs, Node, node};

/// What a node may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Blocks, at least one except in the document itself.
    Blocks,
    /// A paragraph and then blocks.
    ParagraphAndBlocks,
    /// Text and what stands between it.
    Inline,
    /// Text without marks.
    PlainText,
    /// Only nodes of these types, at least one.
    Only(&'static [&'static str]),
    /// Nothing.
    Nothing,
    /// Whoever made up the name knows.
    Anything,
}

/// What nodes of this type may contain.
pub(super) fn holds(kind: &str) -> Holds {
    match kind {
        node::DOC | node::BLOCKQUOTE | node::TABLE_CELL | node::TABLE_HEADER => Holds::Blocks,
        node::LIST_ITEM | node::TASK_ITEM => Holds::ParagraphAndBlocks,
        node::PARAGRAPH | node::HEADING => Holds::Inline,
        node::CODE_BLOCK => Holds::PlainText,
        node::BULLET_LIST | node::ORDERED_LIST => Holds::Only(&[node::LIST_ITEM]),
        node::TASK_LIST => Holds::Only(&[node::TASK_ITEM]),
        node::TABLE => Holds::Only(&[node::TABLE_ROW]),
        node::TABLE_ROW => Holds::Only(&[node::TABLE_CELL, node::TABLE_HEADER]),
        node::HORIZONTAL_RULE | node::HARD_BREAK | node::IMAGE | node::MENTION | node::TEXT => Holds::Nothing,
        _ => Holds::Anything,
    }
}

/// Whether the name is a block that may stand among other blocks.
fn is_known_block(kind: &str) -> bool {
    matches!(
        kind,
        node::PARAGRAPH
            | node::HEADING
            | node::BULLET_LIST
            | node::ORDERED_LIST
            | node::TASK_LIST
            | node::BLOCKQUOTE
            | node::CODE_BLOCK
            | node::HORIZONTAL_RULE
            | node::TABLE
            | node::IMAGE
    )
}

fn is_known(kind: &str) -> bool {
    holds(kind) != Holds::Anything
}

/// Whether `child` may stand in a node that holds this.
fn admits(holds: Holds, child: &Node) -> bool {
    let kind = child.kind.as_str();
    match holds {
        Holds::Anything => true,
        Holds::Nothing => false,
        Holds::PlainText => child.is_text() && child.marks.is_empty(),
        // Images are blocks or inline, as the editor is configured.
        Holds::Inline => child.is_inline() || kind == node::IMAGE || !is_known(kind),
        Holds::Blocks | Holds::ParagraphAndBlocks => is_known_block(kind) || !is_known(kind),
        Holds::Only(kinds) => kinds.contains(&kind),
    }
}

/// Checks a tree from outside.
///
/// # Errors
/// [`Fault::Expected`] with the path of the first node that does not belong where it is.
pub(super) fn check(document: &Node) -> Result<(), ContentError> {
    check_below(document, &mut Place::default())
}

fn check_below(parent: &Node, place: &mut Place) -> Result<(), ContentError> {
    let holds = holds(&parent.kind);
    let back = place.member("content");
    let first = parent.content.first();
    match holds {
        Holds::Blocks | Holds::Only(_) if first.is_none() && parent.kind != node::DOC => {
            return Err(place.error(Fault::Expected("a list with at least one node")));
        }
        Holds::ParagraphAndBlocks
            if first.is_none_or(|child| child.kind != node::PARAGRAPH && is_known(&child.kind)) =>
        {
            return Err(place.error(Fault::Expected("a list that begins with a paragraph")));
        }
        _ => {}
    }
    for (index, child) in parent.content.iter().enumerate() {
        let back = place.index(index);
        if !admits(holds, child) {
            return Err(place.error(Fault::Expected("a node that may stand here")));
        }
        check_below(child, place)?;
        place.leave(back);
    }
    place.leave(back);
    Ok(())
}

/// Makes a tree from a text format obey the rules: wraps stray text, fills what must not be empty, lifts blocks out
/// of paragraphs. Deepens nothing by more than one level.
pub(super) fn fit(parent: Node) -> Node {
    let Node {
        kind,
        attrs,
        content,
        marks,
        text,
    } = parent;
    let mut fitted = Vec::with_capacity(content.len());
    for child in content {
        let child = fit(child);
        if is_hollow(&child) {
            continue;
        }
        match holds(&child.kind) {
            Holds::Inline => lift_blocks(child, &mut fitted),
            Holds::Only([node::LIST_ITEM]) => split_tasks(child, &mut fitted),
            _ => fitted.push(child),
        }
    }
    let content = match holds(&kind) {
        Holds::Blocks => blocks(fitted, kind == node::DOC),
        Holds::ParagraphAndBlocks => {
            let mut content = blocks(fitted, true);
            if content.first().is_none_or(|child| child.kind != node::PARAGRAPH) {
                content.insert(0, Node::new(node::PARAGRAPH));
            }
            content
        }
        Holds::PlainText => {
            let text: String = fitted.iter().map(Node::plain_text).collect();
            if text.is_empty() {
                Vec::new()
            } else {
                vec![Node::text(text, Vec::new())]
            }
        }
        Holds::Nothing => Vec::new(),
        // A list may get tasks, and then becomes a list of tasks in `split_tasks`.
        Holds::Only(kinds) => fitted.into_iter().map(|child| wrapped(child, kinds)).collect(),
        Holds::Inline | Holds::Anything => fitted,
    };
    Node {
        kind,
        attrs,
        content,
        marks,
        text,
    }
}

/// Blocks as they are; of items, rows and cells without their list or table what is in them.
fn unpack(child: Node, into: &mut Vec<Node>) {
    if admits(Holds::Blocks, &child) {
        into.push(child);
    } else {
        child.content.into_iter().for_each(|child| unpack(child, into));
    }
}

/// A child of a list, table or row, in an item, row or cell of its own if it is none.
fn wrapped(child: Node, kinds: &'static [&'static str]) -> Node {
    if kinds.contains(&child.kind.as_str()) || (kinds == [node::LIST_ITEM] && child.kind == node::TASK_ITEM) {
        return child;
    }
    let is_cell = matches!(child.kind.as_str(), node::TABLE_CELL | node::TABLE_HEADER);
    if kinds == [node::TABLE_ROW] && is_cell {
        return Node::of(node::TABLE_ROW, vec![child]);
    }
    let mut content = blocks(vec![child], false);
    match kinds {
        [node::TABLE_ROW] => Node::of(node::TABLE_ROW, vec![cell(content)]),
        [item @ (node::LIST_ITEM | node::TASK_ITEM)] => {
            if content.first().is_none_or(|child| child.kind != node::PARAGRAPH) {
                content.insert(0, Node::new(node::PARAGRAPH));
            }
            let item = Node::of(item, content);
            if kinds == [node::TASK_ITEM] {
                item.with("checked", false)
            } else {
                item
            }
        }
        _ => cell(content),
    }
}

fn cell(content: Vec<Node>) -> Node {
    Node::of(node::TABLE_CELL, content)
        .with("colspan", 1)
        .with("rowspan", 1)
}

/// A list in which some items are tasks becomes lists of tasks and lists without.
fn split_tasks(list: Node, into: &mut Vec<Node>) {
    if list.content.iter().all(|item| item.kind != node::TASK_ITEM) {
        into.push(list);
        return;
    }
    let mut items = list.content.into_iter().peekable();
    while let Some(first) = items.next() {
        let is_task = first.kind == node::TASK_ITEM;
        let mut content = vec![first];
        while let Some(item) = items.next_if(|item| (item.kind == node::TASK_ITEM) == is_task) {
            content.push(item);
        }
        if is_task {
            into.push(Node::of(node::TASK_LIST, content));
        } else {
            let mut part = Node::of(&list.kind, content);
            part.attrs.clone_from(&list.attrs);
            into.push(part);
        }
    }
}

/// Lists and tables without anything in them cannot exist.
fn is_hollow(child: &Node) -> bool {
    matches!(holds(&child.kind), Holds::Only(_)) && child.content.is_empty()
}

/// Splits a text block around the blocks in it, images above all.
fn lift_blocks(block: Node, into: &mut Vec<Node>) {
    if block
        .content
        .iter()
        .all(|child| child.kind != node::IMAGE && admits(Holds::Inline, child))
    {
        into.push(block);
        return;
    }
    let Node {
        kind, attrs, content, ..
    } = block;
    let mut line = Vec::new();
    for child in content {
        if child.kind != node::IMAGE && admits(Holds::Inline, &child) {
            line.push(child);
            continue;
        }
        push_line(&kind, &attrs, std::mem::take(&mut line), into);
        into.push(child);
    }
    push_line(&kind, &attrs, line, into);
}

/// The rest of a line, without the blanks that were between it and what it was split from.
fn push_line(kind: &str, attrs: &Attrs, mut line: Vec<Node>, into: &mut Vec<Node>) {
    if let Some(first) = line.first_mut() {
        first
            .text
            .drain(..first.text.len() - first.text.trim_start_matches(' ').len());
    }
    if let Some(last) = line.last_mut() {
        last.text.truncate(last.text.trim_end_matches(' ').len());
    }
    let is_blank = line
        .iter()
        .all(|child| child.is_text() && child.text.trim().is_empty());
    if !is_blank {
        let mut block = Node::of(kind, line);
        block.attrs.clone_from(attrs);
        into.push(block);
    }
}

/// Only blocks: text that stands between them goes into paragraphs.
fn blocks(content: Vec<Node>, may_be_empty: bool) -> Vec<Node> {
    let mut blocks: Vec<Node> = Vec::with_capacity(content.len());
    let mut line: Vec<Node> = Vec::new();
    for child in content {
        if child.is_inline() {
            line.push(child);
            continue;
        }
        push_line(
            node::PARAGRAPH,
            &Attrs::new(),
            std::mem::take(&mut line),
            &mut blocks,
        );
        unpack(child, &mut blocks);
    }
    push_line(node::PARAGRAPH, &Attrs::new(), line, &mut blocks);
    if blocks.is_empty() && !may_be_empty {
        blocks.push(Node::new(node::PARAGRAPH));
    }
    blocks
}
