//! Builds a tree from a stream of beginnings, ends and text, as parsers of text formats see it.
//!
//! The builder counts depth, parts and bytes, so that a small input cannot unfold into a large tree; it opens
//! paragraphs for text that stands between blocks, and leaves everything else about structure to `schema::fit`.

use super::Limits;
use super::error::{ContentError, Fault};
use super::model::{Mark, Node, mark, node, push_text};
use super::schema::{self, Holds};

/// How much larger than its input a tree may be, in bytes of text and attributes.
const MAX_UNFOLDING: usize = 4;

/// How blanks in a text are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blanks {
    /// As they are.
    Exact,
    /// Any number of them is one, and none at the edges of a block: HTML.
    Collapse,
}

#[derive(Debug)]
struct Frame {
    node: Node,
    /// Opened for text that came without a block.
    is_implicit: bool,
    blanks: Blanks,
}

/// A tree that is being built.
#[derive(Debug)]
pub(super) struct Builder {
    limits: Limits,
    parts: usize,
    bytes: usize,
    frames: Vec<Frame>,
    marks: Vec<Mark>,
}

impl Builder {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            parts: 0,
            bytes: 0,
            frames: vec![Frame {
                node: Node::new(node::DOC),
                is_implicit: false,
                blanks: Blanks::Collapse,
            }],
            marks: Vec::new(),
        }
    }

    /// The number of open nodes, the document among them.
    pub(super) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// The number of open marks.
    pub(super) fn mark_depth(&self) -> usize {
        self.marks.len()
    }

    /// The open node, innermost first.
    pub(super) fn open_nodes(&self) -> impl Iterator<Item = &Node> {
        self.frames.iter().rev().map(|frame| &frame.node)
    }

    /// The nodes that are open below `depth`, outermost first, to be changed.
    pub(super) fn open_from(&mut self, depth: usize) -> impl DoubleEndedIterator<Item = &mut Node> {
        self.frames.iter_mut().skip(depth).map(|frame| &mut frame.node)
    }

    fn count(&mut self, bytes: usize) -> Result<(), ContentError> {
        self.parts += 1;
        self.bytes += bytes;
        let max_bytes = self.limits.max_bytes.saturating_mul(MAX_UNFOLDING);
        if self.parts > self.limits.max_parts {
            return Err(ContentError::whole(Fault::TooMany(self.limits.max_parts)));
        }
        if self.bytes > max_bytes {
            return Err(ContentError::whole(Fault::TooLarge(max_bytes)));
        }
        Ok(())
    }

    fn push_frame(&mut self, frame: Frame) -> Result<(), ContentError> {
        self.count(weight(&frame.node))?;
        if self.frames.len() >= self.limits.max_depth {
            return Err(ContentError::whole(Fault::TooDeep(self.limits.max_depth)));
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Opens a block inside of the current one. A block of text that is open ends, since nothing fits into it.
    pub(super) fn open(&mut self, node: Node, blanks: Blanks) -> Result<(), ContentError> {
        self.end_text();
        self.push_frame(Frame {
            node,
            is_implicit: false,
            blanks,
        })
    }

    /// Ends the block of text that is open, if one is.
    pub(super) fn end_text(&mut self) {
        if self.in_text() && self.frames.len() > 1 {
            self.close();
        }
    }

    /// Ends the paragraph that was opened for loose text, if one is open.
    pub(super) fn end_loose_text(&mut self) {
        if self.frames.last().is_some_and(|frame| frame.is_implicit) {
            self.close();
        }
    }

    fn in_text(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|frame| matches!(schema::holds(&frame.node.kind), Holds::Inline | Holds::PlainText))
    }

    /// Closes the innermost node; never the document.
    fn close(&mut self) {
        if self.frames.len() < 2 {
            return;
        }
        let Some(mut frame) = self.frames.pop() else {
            return;
        };
        if frame.blanks == Blanks::Collapse {
            trim_end(&mut frame.node);
        }
        // Loose text that was only blanks was no text.
        if frame.is_implicit && frame.node.content.is_empty() {
            return;
        }
        if let Some(parent) = self.frames.last_mut() {
            parent.node.content.push(frame.node);
        }
    }

    /// Closes nodes until `depth` are open.
    pub(super) fn close_to(&mut self, depth: usize) {
        while self.frames.len() > depth.max(1) {
            self.close();
        }
    }

    /// Closes the innermost node of one of `kinds` that is not below `floor`, with everything in it. Whether there
    /// was one.
    pub(super) fn close_kind(&mut self, kinds: &[&str], floor: usize) -> bool {
        let is_it = |frame: &Frame| kinds.contains(&frame.node.kind.as_str()) && !frame.is_implicit;
        match self.frames.iter().rposition(is_it) {
            Some(at) if at >= floor.max(1) => {
                self.close_to(at);
                true
            }
            _ => false,
        }
    }

    /// Begins a mark.
    pub(super) fn mark(&mut self, mark: Mark) -> Result<(), ContentError> {
        if self.marks.len() >= self.limits.max_depth {
            return Err(ContentError::whole(Fault::TooDeep(self.limits.max_depth)));
        }
        self.marks.push(mark);
        Ok(())
    }

    /// Ends the innermost mark of the kind that is not below `floor`.
    pub(super) fn unmark(&mut self, kind: &str, floor: usize) {
        if let Some(at) = self.marks.iter().rposition(|mark| mark.kind == kind)
            && at >= floor
        {
            self.marks.remove(at);
        }
    }

    /// Ends marks until `depth` are left.
    pub(super) fn unmark_to(&mut self, depth: usize) {
        self.marks.truncate(depth);
    }

    /// Text, in the block that is open or in a paragraph of its own.
    pub(super) fn text(&mut self, text: &str) -> Result<(), ContentError> {
        let blanks = match self.frames.last() {
            Some(frame) if self.in_text() => frame.blanks,
            _ => Blanks::Collapse,
        };
        self.text_as(text, blanks)
    }

    /// Text whose blanks are meant as `blanks` says.
    pub(super) fn text_as(&mut self, text: &str, blanks: Blanks) -> Result<(), ContentError> {
        let collapsed;
        let mut text = text;
        if blanks == Blanks::Collapse {
            collapsed = collapse(text, self.is_after_blank());
            text = &collapsed;
        }
        if text.is_empty() {
            return Ok(());
        }
        self.begin_text(blanks)?;
        let mut marks: Vec<Mark> = Vec::new();
        for mark in self.marks.iter().rev() {
            // The innermost of a kind counts.
            if marks.iter().all(|inner| inner.kind != mark.kind) {
                marks.push(mark.clone());
            }
        }
        let weight = marks
            .iter()
            .map(|mark| attrs_weight(&mark.attrs.0))
            .sum::<usize>();
        self.count(text.len() + weight)?;
        if let Some(frame) = self.frames.last_mut() {
            push_text(&mut frame.node.content, Node::text(text, marks));
        }
        Ok(())
    }

    /// Something that stands between text.
    pub(super) fn inline(&mut self, node: Node) -> Result<(), ContentError> {
        let blanks = self.frames.last().map_or(Blanks::Collapse, |frame| frame.blanks);
        self.begin_text(blanks)?;
        self.count(weight(&node))?;
        if let Some(frame) = self.frames.last_mut() {
            if frame.blanks == Blanks::Collapse && node.kind == node::HARD_BREAK {
                trim_end(&mut frame.node);
            }
            frame.node.content.push(node);
        }
        Ok(())
    }

    /// A block with nothing in it.
    pub(super) fn block(&mut self, node: Node) -> Result<(), ContentError> {
        self.open(node, Blanks::Collapse)?;
        self.close();
        Ok(())
    }

    fn begin_text(&mut self, blanks: Blanks) -> Result<(), ContentError> {
        if self.in_text() {
            return Ok(());
        }
        self.push_frame(Frame {
            node: Node::new(node::PARAGRAPH),
            is_implicit: true,
            blanks,
        })
    }

    /// Whether a blank would come after a blank, or first in its block.
    fn is_after_blank(&self) -> bool {
        let Some(frame) = self.frames.last().filter(|_| self.in_text()) else {
            return true;
        };
        match frame.node.content.last() {
            None => true,
            Some(last) => last.kind == node::HARD_BREAK || last.text.ends_with(is_blank),
        }
    }

    /// The document.
    pub(super) fn finish(mut self) -> Result<Node, ContentError> {
        self.close_to(1);
        let document = self.frames.pop().map(|frame| frame.node).unwrap_or_default();
        let document = schema::fit(document).normalised();
        if depth(&document) > self.limits.max_depth {
            return Err(ContentError::whole(Fault::TooDeep(self.limits.max_depth)));
        }
        Ok(document)
    }
}

fn depth(node: &Node) -> usize {
    1 + node.content.iter().map(depth).max().unwrap_or_default()
}

fn weight(node: &Node) -> usize {
    node.text.len() + attrs_weight(&node.attrs)
}

fn attrs_weight(attrs: &super::model::Attrs) -> usize {
    attrs
        .iter()
        .map(|(name, value)| name.len() + value.as_str().map_or(8, str::len))
        .sum()
}

/// The blanks that HTML collapses. A no-break space is none.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

fn collapse(text: &str, mut after_blank: bool) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for c in text.chars() {
        if !is_blank(c) {
            collapsed.push(c);
        } else if !after_blank {
            collapsed.push(' ');
        }
        after_blank = is_blank(c);
    }
    collapsed
}

/// Takes one blank from the end of a block of text.
fn trim_end(node: &mut Node) {
    if let Some(last) = node.content.last_mut()
        && last.is_text()
        && last.text.ends_with(' ')
        && last.marks.iter().all(|mark| mark.kind != mark::CODE)
    {
        last.text.pop();
        if last.text.is_empty() {
            node.content.pop();
        }
    }
}
