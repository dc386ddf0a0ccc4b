//! From HTML to a tree.
//!
//! Works on the tokens of the input without building its DOM, so there is nothing in it that nests or grows. Tags that
//! are not known are ignored, what is inside of them is not; of scripts, styles, forms and embedded things the inside
//! is ignored as well.

use std::collections::BTreeMap;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{HtmlString, Spanned, StartTag, Token, Tokenizer};

use crate::content::Limits;
use crate::content::build::{Blanks, Builder};
use crate::content::error::ContentError;
use crate::content::model::{Mark, Node, mark, node};
use crate::content::url::safe_url;

/// The longest attribute of which a short word is expected, in bytes.
const MAX_WORD: usize = 256;

/// Reads a document.
pub(in crate::content) fn parse(text: &str, limits: &Limits) -> Result<Node, ContentError> {
    let mut sink = Sink::new(Builder::new(limits));
    sink.feed(text)?;
    sink.builder.finish()
}

/// Takes HTML in pieces, each of whole tags, and builds from it.
#[derive(Debug)]
pub(in crate::content) struct Sink {
    /// What is being built.
    pub(in crate::content) builder: Builder,
    /// End tags reach no node that was opened before this many were.
    pub(in crate::content) floor: usize,
    /// The same for marks.
    pub(in crate::content) mark_floor: usize,
    /// The element whose inside is ignored, and how many of its name are open.
    ignored: Option<(String, usize)>,
    /// Whether `<pre>` has just begun: a line end right after it does not count.
    after_pre: bool,
}

type Attributes = BTreeMap<HtmlString, Spanned<HtmlString, ()>>;

fn attribute(tag: &Attributes, name: &str) -> Option<String> {
    tag.get(name.as_bytes())
        .map(|value| String::from_utf8_lossy(&value.value).into_owned())
}

fn word(tag: &Attributes, name: &str) -> Option<String> {
    attribute(tag, name).filter(|word| word.len() <= MAX_WORD)
}

fn number(tag: &Attributes, name: &str, most: u64) -> Option<u64> {
    attribute(tag, name)?
        .trim()
        .parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
}

impl Sink {
    pub(in crate::content) fn new(builder: Builder) -> Self {
        Self {
            builder,
            floor: 1,
            mark_floor: 0,
            ignored: None,
            after_pre: false,
        }
    }

    /// Whether text is inside of something whose inside is ignored.
    pub(in crate::content) fn is_ignoring(&self) -> bool {
        self.ignored.is_some()
    }

    /// Ends what is ignored: where a block of the surrounding format ends, everything in it does.
    pub(in crate::content) fn stop_ignoring(&mut self) {
        self.ignored = None;
    }

    pub(in crate::content) fn feed(&mut self, html: &str) -> Result<(), ContentError> {
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(html, emitter) {
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) => self.start(&tag)?,
                Token::EndTag(tag) => self.end(&String::from_utf8_lossy(&tag.name)),
                Token::String(text) => self.text(&String::from_utf8_lossy(&text.value))?,
                Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), ContentError> {
        let after_pre = std::mem::take(&mut self.after_pre);
        if self.ignored.is_some() {
            return Ok(());
        }
        let text = if after_pre {
            text.strip_prefix('\n').unwrap_or(text)
        } else {
            text
        };
        self.builder.text(text)
    }

    fn start(&mut self, tag: &StartTag<()>) -> Result<(), ContentError> {
        let name = String::from_utf8_lossy(&tag.name);
        self.after_pre = name == "pre";
        match &mut self.ignored {
            Some((ignored, _)) if ignored == "head" && name == "body" => self.ignored = None,
            Some((ignored, depth)) => {
                *depth += usize::from(*ignored == name && !tag.self_closing);
                return Ok(());
            }
            None => {}
        }
        if is_ignored(&name) {
            if !tag.self_closing {
                self.ignored = Some((name.into_owned(), 1));
            }
            return Ok(());
        }
        match mark_kind(&name) {
            Some(mark::CODE) if self.in_code_block() => {
                self.language(&tag.attributes);
                Ok(())
            }
            Some(kind) => self.builder.mark(Mark::new(kind)),
            None => self.start_block(&name, tag),
        }
    }

    fn start_block(&mut self, name: &str, tag: &StartTag<()>) -> Result<(), ContentError> {
        let attributes = &tag.attributes;
        match name {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let block = match name.strip_prefix('h').and_then(|level| level.parse::<u64>().ok()) {
                    Some(level) => Node::new(node::HEADING).with("level", level),
                    None => Node::new(node::PARAGRAPH),
                };
                self.builder.open(block, blanks(attributes))
            }
            "pre" => self.builder.open(Node::new(node::CODE_BLOCK), Blanks::Exact),
            "blockquote" => self.builder.open(Node::new(node::BLOCKQUOTE), Blanks::Collapse),
            "ul" | "ol" | "menu" => self.builder.open(list(name, attributes), Blanks::Collapse),
            "li" => self.item(attributes),
            "table" => self.builder.open(Node::new(node::TABLE), Blanks::Collapse),
            "tr" => {
                self.close_in_table(&[node::TABLE_ROW]);
                self.builder.open(Node::new(node::TABLE_ROW), Blanks::Collapse)
            }
            "td" | "th" => {
                self.close_in_table(&[node::TABLE_CELL, node::TABLE_HEADER]);
                self.builder.open(cell(name, attributes), Blanks::Collapse)
            }
            "hr" => self.builder.block(Node::new(node::HORIZONTAL_RULE)),
            "br" if self.in_code_block() => self.builder.text("\n"),
            "br" => self.builder.inline(Node::new(node::HARD_BREAK)),
            "img" => self.image(attributes),
            "a" => self.link(attributes),
            "span" if word(attributes, "data-type").as_deref() == Some("mention") => self.mention(tag),
            "input" => {
                self.checkbox(attributes);
                Ok(())
            }
            _ => {
                if is_boundary(name) {
                    self.end_text();
                }
                Ok(())
            }
        }
    }

    fn end(&mut self, name: &str) {
        if let Some((ignored, depth)) = &mut self.ignored {
            if *ignored == name {
                *depth -= 1;
                if *depth == 0 {
                    self.ignored = None;
                }
            }
            return;
        }
        if let Some(kind) = mark_kind(name).or((name == "a").then_some(mark::LINK)) {
            self.builder.unmark(kind, self.mark_floor);
            return;
        }
        let kinds: &[&str] = match name {
            "p" => &[node::PARAGRAPH],
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => &[node::HEADING],
            "pre" => &[node::CODE_BLOCK],
            "blockquote" => &[node::BLOCKQUOTE],
            "ul" | "ol" | "menu" => &[node::BULLET_LIST, node::ORDERED_LIST, node::TASK_LIST],
            "li" => &[node::LIST_ITEM, node::TASK_ITEM],
            "table" => &[node::TABLE],
            "tr" => &[node::TABLE_ROW],
            "td" | "th" => &[node::TABLE_CELL, node::TABLE_HEADER],
            _ => {
                if is_boundary(name) {
                    self.end_text();
                }
                return;
            }
        };
        if !self.builder.close_kind(kinds, self.floor) {
            self.end_text();
        }
    }

    /// Ends the block of text that is open, unless it was opened by the surrounding format.
    fn end_text(&mut self) {
        if self.builder.depth() > self.floor {
            self.builder.end_text();
        } else {
            self.builder.end_loose_text();
        }
    }

    fn in_code_block(&self) -> bool {
        self.builder
            .open_nodes()
            .next()
            .is_some_and(|open| open.kind == node::CODE_BLOCK)
    }

    /// `<code class="language-x">` in `<pre>`.
    fn language(&mut self, attributes: &Attributes) {
        let class = word(attributes, "class").unwrap_or_default();
        let language = class
            .split_ascii_whitespace()
            .find_map(|class| class.strip_prefix("language-"));
        let floor = self.floor;
        if let (Some(language), Some(block)) = (language, self.builder.open_from(floor).next_back()) {
            block.attrs.insert("language".to_owned(), language.into());
        }
    }

    fn item(&mut self, attributes: &Attributes) -> Result<(), ContentError> {
        // An item ends the one before, but not one that this one's list is in.
        let nearest = self
            .builder
            .open_nodes()
            .find(|open| is_list(open) || is_item(open));
        if nearest.is_some_and(is_item) {
            self.builder
                .close_kind(&[node::LIST_ITEM, node::TASK_ITEM], self.floor);
        }
        let in_tasks = self
            .builder
            .open_nodes()
            .find(|open| is_list(open))
            .is_some_and(|open| open.kind == node::TASK_LIST);
        let item = if in_tasks || word(attributes, "data-type").as_deref() == Some(node::TASK_ITEM) {
            let checked = word(attributes, "data-checked").is_some_and(|checked| checked != "false");
            Node::new(node::TASK_ITEM).with("checked", checked)
        } else {
            Node::new(node::LIST_ITEM)
        };
        self.builder.open(item, Blanks::Collapse)
    }

    /// A checkbox that comes first in an item makes it a task.
    fn checkbox(&mut self, attributes: &Attributes) {
        let is_checkbox = word(attributes, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("checkbox"));
        if is_checkbox {
            self.make_task(attribute(attributes, "checked").is_some());
        }
    }

    /// Makes the innermost item a task, if nothing is in it yet.
    pub(in crate::content) fn make_task(&mut self, checked: bool) {
        let item = self.builder.open_from(1).rev().find(|open| is_item(open));
        if let Some(item) = item
            && item.content.is_empty()
        {
            item.kind = node::TASK_ITEM.to_owned();
            item.attrs.insert("checked".to_owned(), checked.into());
        }
    }

    /// Closes a part of the innermost table, not of one around it.
    fn close_in_table(&mut self, kinds: &[&str]) {
        let nearest = self
            .builder
            .open_nodes()
            .find(|open| open.kind == node::TABLE || kinds.contains(&open.kind.as_str()));
        if nearest.is_some_and(|open| open.kind != node::TABLE) {
            self.builder.close_kind(kinds, self.floor);
        }
    }

    fn image(&mut self, attributes: &Attributes) -> Result<(), ContentError> {
        let address = attribute(attributes, "src").unwrap_or_default();
        let Some(address) = safe_url(&address) else {
            return Ok(());
        };
        let image = Node::new(node::IMAGE)
            .with("src", address)
            .with("alt", attribute(attributes, "alt"))
            .with("title", attribute(attributes, "title"));
        self.builder.inline(image)
    }

    fn link(&mut self, attributes: &Attributes) -> Result<(), ContentError> {
        let address = attribute(attributes, "href").unwrap_or_default();
        let Some(address) = safe_url(&address) else {
            return Ok(());
        };
        // Links do not nest: a new one ends the one before.
        self.builder.unmark(mark::LINK, self.mark_floor);
        let mut link = Mark::new(mark::LINK).with("href", address);
        if let Some(title) = word(attributes, "title") {
            link = link.with("title", title);
        }
        if word(attributes, "target").as_deref() == Some("_blank") {
            link = link.with("target", "_blank");
        }
        self.builder.mark(link)
    }

    fn mention(&mut self, tag: &StartTag<()>) -> Result<(), ContentError> {
        let mut mention = Node::new(node::MENTION);
        for (from, to) in [
            ("data-id", "id"),
            ("data-label", "label"),
            ("data-mention-suggestion-char", "mentionSuggestionChar"),
        ] {
            mention = mention.with(to, word(&tag.attributes, from));
        }
        self.builder.inline(mention)?;
        if !tag.self_closing {
            self.ignored = Some(("span".to_owned(), 1));
        }
        Ok(())
    }
}

fn is_list(open: &Node) -> bool {
    matches!(
        open.kind.as_str(),
        node::BULLET_LIST | node::ORDERED_LIST | node::TASK_LIST
    )
}

fn is_item(open: &Node) -> bool {
    matches!(open.kind.as_str(), node::LIST_ITEM | node::TASK_ITEM)
}

fn list(name: &str, attributes: &Attributes) -> Node {
    if word(attributes, "data-type").as_deref() == Some(node::TASK_LIST) {
        return Node::new(node::TASK_LIST);
    }
    if name != "ol" {
        return Node::new(node::BULLET_LIST);
    }
    let start = attribute(attributes, "start").and_then(|start| start.trim().parse::<u64>().ok());
    let start = start.filter(|start| *start <= 999_999_999).unwrap_or(1);
    Node::new(node::ORDERED_LIST).with("start", start)
}

fn cell(name: &str, attributes: &Attributes) -> Node {
    let kind = if name == "th" {
        node::TABLE_HEADER
    } else {
        node::TABLE_CELL
    };
    Node::new(kind)
        .with("colspan", number(attributes, "colspan", 1000).unwrap_or(1))
        .with("rowspan", number(attributes, "rowspan", 1000).unwrap_or(1))
}

/// Whether the tag asks for its blanks to be kept.
fn blanks(attributes: &Attributes) -> Blanks {
    let style = attribute(attributes, "style").unwrap_or_default();
    let mut declarations = style
        .split(';')
        .filter_map(|declaration| declaration.split_once(':'));
    let keeps = declarations.any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("white-space")
            && value.trim().to_ascii_lowercase().starts_with("pre")
    });
    if keeps { Blanks::Exact } else { Blanks::Collapse }
}

fn mark_kind(name: &str) -> Option<&'static str> {
    Some(match name {
        "b" | "strong" => mark::BOLD,
        "i" | "em" | "cite" | "dfn" | "var" => mark::ITALIC,
        "s" | "del" | "strike" => mark::STRIKE,
        "code" | "kbd" | "samp" | "tt" => mark::CODE,
        "u" | "ins" => mark::UNDERLINE,
        "mark" => mark::HIGHLIGHT,
        _ => return None,
    })
}

/// Elements of which nothing is taken, not even the text in them.
fn is_ignored(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "template"
            | "title"
            | "textarea"
            | "noscript"
            | "iframe"
            | "object"
            | "svg"
            | "math"
            | "head"
            | "select"
            | "xmp"
            | "noembed"
            | "noframes"
            | "plaintext"
            | "audio"
            | "video"
            | "canvas"
            | "applet"
            | "frameset"
            | "map"
            | "colgroup"
            | "datalist"
    )
}

/// Elements that are no node but begin and end a line.
fn is_boundary(name: &str) -> bool {
    matches!(
        name,
        "div"
            | "section"
            | "article"
            | "aside"
            | "header"
            | "footer"
            | "main"
            | "nav"
            | "address"
            | "figure"
            | "figcaption"
            | "dl"
            | "dt"
            | "dd"
            | "details"
            | "summary"
            | "center"
            | "fieldset"
            | "form"
            | "hgroup"
            | "search"
            | "dialog"
            | "body"
            | "html"
            | "caption"
    )
}
