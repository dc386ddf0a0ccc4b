//! From Markdown to a tree.
//!
//! HTML in Markdown is read as HTML is (`html::Sink`): the harmless part counts, the rest is left out.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::content::Limits;
use crate::content::build::{Blanks, Builder};
use crate::content::error::ContentError;
use crate::content::html::Sink;
use crate::content::model::{Mark, Node, mark, node};
use crate::content::url::safe_url;

/// The longest name of a language, in bytes.
const MAX_LANGUAGE: usize = 64;

/// What an address begins with that names an account.
pub(in crate::content) const PERSON: &str = "user:";

/// Which addresses links may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::content) enum Links {
    /// Those that are safe.
    Safe,
    /// Also those of people, for whoever makes something else of them before anything is shown.
    SafeAndPeople,
}

/// Reads a document.
pub(in crate::content) fn parse(text: &str, limits: &Limits) -> Result<Node, ContentError> {
    parse_with(text, limits, Links::Safe)
}

/// Reads a document whose links may be `links`.
pub(in crate::content) fn parse_with(
    text: &str,
    limits: &Limits,
    links: Links,
) -> Result<Node, ContentError> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut reader = Reader {
        sink: Sink::new(Builder::new(limits)),
        open: Vec::new(),
        html: String::new(),
        image: None,
        in_header: false,
        links,
    };
    for event in Parser::new_ext(text, options) {
        reader.take(event)?;
    }
    reader.sink.builder.finish()
}

/// What to go back to at an end.
struct Opened {
    depth: usize,
    marks: usize,
    floor: usize,
    mark_floor: usize,
}

struct Reader {
    sink: Sink,
    /// The open tags of Markdown.
    open: Vec<Opened>,
    /// The HTML block that is being collected.
    html: String,
    /// The image whose description is being collected, and how many images are open inside of it.
    image: Option<(Node, String, usize)>,
    in_header: bool,
    links: Links,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) -> Result<(), ContentError> {
        if self.image.is_some() {
            return self.take_description(&event);
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(text) => {
                self.sink.builder.mark(Mark::new(mark::CODE))?;
                let written = self.text(&text);
                self.sink.builder.unmark(mark::CODE, 0);
                written
            }
            Event::SoftBreak => self.text(" "),
            Event::HardBreak if self.sink.is_ignoring() => Ok(()),
            Event::HardBreak => self.sink.builder.inline(Node::new(node::HARD_BREAK)),
            Event::Rule => self.sink.builder.block(Node::new(node::HORIZONTAL_RULE)),
            Event::InlineHtml(html) => self.sink.feed(&html),
            Event::Html(html) => {
                self.html.push_str(&html);
                Ok(())
            }
            Event::TaskListMarker(checked) => {
                self.sink.make_task(checked);
                Ok(())
            }
            // Not asked for, so not sent.
            Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_) => Ok(()),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), ContentError> {
        if self.sink.is_ignoring() {
            return Ok(());
        }
        self.sink.builder.text_as(text, Blanks::Exact)
    }

    /// Everything until the end of an image is its description.
    fn take_description(&mut self, event: &Event<'_>) -> Result<(), ContentError> {
        let Some((_, description, inside)) = &mut self.image else {
            return Ok(());
        };
        match event {
            Event::Text(text) | Event::Code(text) => description.push_str(text),
            Event::SoftBreak | Event::HardBreak => description.push(' '),
            Event::Start(Tag::Image { .. }) => *inside += 1,
            Event::End(TagEnd::Image) if *inside > 0 => *inside -= 1,
            Event::End(TagEnd::Image) => {
                if let Some((image, description, _)) = self.image.take()
                    && image.str("src").is_some()
                {
                    let description = (!description.is_empty()).then_some(description);
                    self.sink.builder.inline(image.with("alt", description))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, tag: Tag<'_>) -> Result<(), ContentError> {
        let block = match tag {
            Tag::Emphasis => return self.mark(Mark::new(mark::ITALIC)),
            Tag::Strong => return self.mark(Mark::new(mark::BOLD)),
            Tag::Strikethrough => return self.mark(Mark::new(mark::STRIKE)),
            Tag::Link { dest_url, title, .. } => return self.link(&dest_url, &title),
            Tag::Image { dest_url, title, .. } => {
                let image = Node::new(node::IMAGE)
                    .with("src", safe_url(&dest_url))
                    .with("title", (!title.is_empty()).then_some(title.as_ref()));
                self.image = Some((image, String::new(), 0));
                return Ok(());
            }
            Tag::Heading { level, .. } => Node::new(node::HEADING).with("level", level as u64),
            Tag::BlockQuote(_) => Node::new(node::BLOCKQUOTE),
            Tag::CodeBlock(kind) => code_block(&kind),
            Tag::List(None) => Node::new(node::BULLET_LIST),
            Tag::List(Some(start)) => Node::new(node::ORDERED_LIST).with("start", start),
            Tag::Item => Node::new(node::LIST_ITEM),
            Tag::Table(_) => Node::new(node::TABLE),
            Tag::TableHead => {
                self.in_header = true;
                Node::new(node::TABLE_ROW)
            }
            Tag::TableRow => Node::new(node::TABLE_ROW),
            Tag::TableCell => {
                let kind = if self.in_header {
                    node::TABLE_HEADER
                } else {
                    node::TABLE_CELL
                };
                Node::new(kind).with("colspan", 1).with("rowspan", 1)
            }
            Tag::HtmlBlock => {
                // What it opens may go on behind it.
                self.html.clear();
                self.sink.builder.end_loose_text();
                return Ok(());
            }
            Tag::Paragraph => Node::new(node::PARAGRAPH),
            // Not asked for, so not sent; their content would stand for itself.
            _ => return Ok(()),
        };
        self.opened();
        self.sink.builder.open(block, Blanks::Exact)?;
        self.sink.floor = self.sink.builder.depth();
        self.sink.mark_floor = self.sink.builder.mark_depth();
        Ok(())
    }

    fn opened(&mut self) {
        self.sink.builder.end_text();
        self.open.push(Opened {
            depth: self.sink.builder.depth(),
            marks: self.sink.builder.mark_depth(),
            floor: self.sink.floor,
            mark_floor: self.sink.mark_floor,
        });
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), ContentError> {
        match tag {
            TagEnd::Emphasis => self.sink.builder.unmark(mark::ITALIC, self.sink.mark_floor),
            TagEnd::Strong => self.sink.builder.unmark(mark::BOLD, self.sink.mark_floor),
            TagEnd::Strikethrough => self.sink.builder.unmark(mark::STRIKE, self.sink.mark_floor),
            TagEnd::Link => self.sink.builder.unmark(mark::LINK, self.sink.mark_floor),
            TagEnd::HtmlBlock => {
                let html = std::mem::take(&mut self.html);
                return self.sink.feed(&html);
            }
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::Table
            | TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::TableCell => self.close(tag),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, tag: TagEnd) {
        let Some(opened) = self.open.pop() else { return };
        if tag == TagEnd::CodeBlock {
            self.trim_code();
        }
        self.in_header &= tag != TagEnd::TableHead;
        self.sink.builder.close_to(opened.depth);
        self.sink.builder.unmark_to(opened.marks);
        self.sink.floor = opened.floor;
        self.sink.mark_floor = opened.mark_floor;
        self.sink.stop_ignoring();
    }

    /// The line end before the closing fence is no part of the code.
    fn trim_code(&mut self) {
        let block = self.sink.builder.open_from(1).next_back();
        if let Some(block) = block
            && let Some(last) = block.content.last_mut()
            && last.text.ends_with('\n')
        {
            last.text.pop();
        }
    }

    fn mark(&mut self, mark: Mark) -> Result<(), ContentError> {
        self.sink.builder.mark(mark)
    }

    fn link(&mut self, address: &str, title: &str) -> Result<(), ContentError> {
        let is_person = self.links == Links::SafeAndPeople && address.starts_with(PERSON);
        let Some(address) = safe_url(address).or(is_person.then_some(address)) else {
            return Ok(());
        };
        let mut link = Mark::new(mark::LINK).with("href", address);
        if !title.is_empty() {
            link = link.with("title", title);
        }
        self.mark(link)
    }
}

fn code_block(kind: &CodeBlockKind<'_>) -> Node {
    let block = Node::new(node::CODE_BLOCK);
    match kind {
        CodeBlockKind::Indented => block,
        CodeBlockKind::Fenced(info) => {
            let language = info
                .split_whitespace()
                .next()
                .filter(|word| word.len() <= MAX_LANGUAGE);
            block.with("language", language)
        }
    }
}
