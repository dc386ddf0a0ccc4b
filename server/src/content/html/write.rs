//! From a tree to HTML.
//!
//! Everything written is a tag of this file, an escaped text or an escaped attribute; addresses are checked again,
//! because editors write what they like into a document. Nodes that are not known become neutral elements around what
//! is in them.

use std::fmt::Write as _;

use crate::content::build::is_blank;
use crate::content::model::{Mark, Node, mark, node};
use crate::content::schema::{self, Holds};
use crate::content::url::safe_url;

/// `document` as HTML: a list of elements, without a frame around them and without line ends between them.
pub(in crate::content) fn render(document: &Node) -> String {
    let mut html = String::new();
    document
        .content
        .iter()
        .for_each(|block| write_node(block, &mut html));
    html
}

/// One block as HTML on a single line.
pub(in crate::content) fn render_block(block: &Node) -> String {
    let mut html = String::new();
    write_node(block, &mut html);
    html.replace('\n', "&#10;")
}

fn write_node(node: &Node, html: &mut String) {
    match node.kind.as_str() {
        node::TEXT => write_text(node, html),
        node::PARAGRAPH => write_textblock("p", node, html),
        node::HEADING => {
            let name = ["h1", "h2", "h3", "h4", "h5", "h6"][heading_level(node) - 1];
            write_textblock(name, node, html);
        }
        node::CODE_BLOCK => write_code(node, html),
        node::BULLET_LIST => write_element("ul", "", node, html),
        node::ORDERED_LIST => {
            let start = node.number("start").filter(|start| *start != 1);
            let start = start
                .map(|start| format!(" start=\"{start}\""))
                .unwrap_or_default();
            write_element("ol", &start, node, html);
        }
        node::LIST_ITEM => write_element("li", "", node, html),
        node::TASK_LIST => write_element("ul", " data-type=\"taskList\"", node, html),
        node::TASK_ITEM => write_task(node, html),
        node::BLOCKQUOTE => write_element("blockquote", "", node, html),
        node::TABLE => {
            html.push_str("<table><tbody>");
            node.content.iter().for_each(|row| write_node(row, html));
            html.push_str("</tbody></table>");
        }
        node::TABLE_ROW => write_element("tr", "", node, html),
        node::TABLE_CELL => write_element("td", &spans(node), node, html),
        node::TABLE_HEADER => write_element("th", &spans(node), node, html),
        node::HORIZONTAL_RULE => html.push_str("<hr>"),
        node::HARD_BREAK => html.push_str("<br>"),
        node::IMAGE => write_image(node, html),
        node::MENTION => html.push_str(&mention(node)),
        _ => write_unknown(node, html),
    }
}

/// The level of a heading, from 1 to 6.
pub(in crate::content) fn heading_level(node: &Node) -> usize {
    usize::try_from(node.number("level").unwrap_or(1).clamp(1, 6)).unwrap_or(1)
}

fn write_element(name: &str, attributes: &str, node: &Node, html: &mut String) {
    let _ = write!(html, "<{name}{attributes}>");
    node.content.iter().for_each(|child| write_node(child, html));
    let _ = write!(html, "</{name}>");
}

fn write_textblock(name: &str, node: &Node, html: &mut String) {
    // Browsers and parsers would collapse blanks that are meant.
    let style = if has_exact_blanks(node) {
        " style=\"white-space: pre-wrap\""
    } else {
        ""
    };
    write_element(name, style, node, html);
}

/// Whether collapsing would change the text of `node`.
fn has_exact_blanks(node: &Node) -> bool {
    let mut is_start = true;
    let mut after_blank = false;
    for child in &node.content {
        if child.kind == node::HARD_BREAK && after_blank {
            return true;
        }
        for c in child.text.chars() {
            let is_blank = is_blank(c);
            if is_blank && (is_start || after_blank || c != ' ') {
                return true;
            }
            (is_start, after_blank) = (false, is_blank);
        }
        if !child.is_text() {
            (is_start, after_blank) = (child.kind == node::HARD_BREAK, false);
        }
    }
    after_blank
}

fn write_code(node: &Node, html: &mut String) {
    html.push_str("<pre><code");
    if let Some(language) = node.str("language") {
        let _ = write!(html, " class=\"language-{}\"", escape_attribute(language));
    }
    html.push('>');
    escape_text(&node.plain_text(), html);
    html.push_str("</code></pre>");
}

fn write_task(node: &Node, html: &mut String) {
    let checked = node.flag("checked");
    let _ = write!(html, "<li data-type=\"taskItem\" data-checked=\"{checked}\">");
    html.push_str(if checked {
        "<input type=\"checkbox\" disabled checked>"
    } else {
        "<input type=\"checkbox\" disabled>"
    });
    node.content.iter().for_each(|child| write_node(child, html));
    html.push_str("</li>");
}

fn spans(node: &Node) -> String {
    let mut attributes = String::new();
    for name in ["colspan", "rowspan"] {
        if let Some(span) = node.number(name).filter(|span| (2..=1000).contains(span)) {
            let _ = write!(attributes, " {name}=\"{span}\"");
        }
    }
    attributes
}

fn write_image(node: &Node, html: &mut String) {
    let Some(address) = node.str("src").and_then(safe_url) else {
        escape_text(node.str("alt").unwrap_or_default(), html);
        return;
    };
    let _ = write!(html, "<img src=\"{}\"", escape_attribute(address));
    for name in ["alt", "title"] {
        if let Some(value) = node.str(name) {
            let _ = write!(html, " {name}=\"{}\"", escape_attribute(value));
        }
    }
    html.push('>');
}

/// A mention as HTML.
pub(in crate::content) fn mention(node: &Node) -> String {
    let mut html = "<span data-type=\"mention\"".to_owned();
    for (attribute, name) in [
        ("id", "data-id"),
        ("label", "data-label"),
        ("mentionSuggestionChar", "data-mention-suggestion-char"),
    ] {
        if let Some(value) = node.str(attribute) {
            let _ = write!(html, " {name}=\"{}\"", escape_attribute(value));
        }
    }
    html.push('>');
    html.push_str(&escape_attribute(&mention_text(node)));
    html.push_str("</span>");
    html
}

/// A mention as people read it.
fn mention_text(node: &Node) -> String {
    let sign = node.str("mentionSuggestionChar").unwrap_or("@");
    let name = node.str("label").or_else(|| node.str("id")).unwrap_or_default();
    format!("{sign}{name}")
}

fn write_unknown(node: &Node, html: &mut String) {
    let is_inline = node.content.is_empty() || schema::holds(&node.kind) == Holds::Nothing;
    let name = if is_inline { "span" } else { "div" };
    let kind = escape_attribute(&node.kind);
    write_element(name, &format!(" data-node=\"{kind}\""), node, html);
}

fn write_text(node: &Node, html: &mut String) {
    let marks = ordered(&node.marks);
    for mark in &marks {
        open_mark(mark, html);
    }
    escape_text(&node.text, html);
    for mark in marks.iter().rev() {
        if let Some(name) = mark_tag(mark) {
            let _ = write!(html, "</{name}>");
        }
    }
}

fn ordered(marks: &[Mark]) -> Vec<&Mark> {
    mark::ORDER
        .iter()
        .filter_map(|kind| marks.iter().find(|mark| mark.kind == *kind))
        .collect()
}

fn mark_tag(mark: &Mark) -> Option<&'static str> {
    Some(match mark.kind.as_str() {
        mark::BOLD => "strong",
        mark::ITALIC => "em",
        mark::STRIKE => "s",
        mark::CODE => "code",
        mark::UNDERLINE => "u",
        mark::HIGHLIGHT => "mark",
        mark::LINK => {
            mark.str("href").and_then(safe_url)?;
            "a"
        }
        _ => return None,
    })
}

fn open_mark(mark: &Mark, html: &mut String) {
    let Some(name) = mark_tag(mark) else { return };
    if name != "a" {
        let _ = write!(html, "<{name}>");
        return;
    }
    let address = mark.str("href").and_then(safe_url).unwrap_or_default();
    let _ = write!(html, "<a href=\"{}\"", escape_attribute(address));
    if let Some(title) = mark.str("title") {
        let _ = write!(html, " title=\"{}\"", escape_attribute(title));
    }
    if mark.str("target") == Some("_blank") {
        html.push_str(" target=\"_blank\"");
    }
    html.push_str(" rel=\"noopener noreferrer nofollow\">");
}

fn escape_text(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            // Parsers turn a carriage return into a line feed, and drop a NUL.
            '\r' => html.push_str("&#13;"),
            '\0' => html.push('\u{fffd}'),
            c => html.push(c),
        }
    }
}

/// `value` for use between quotes.
pub(in crate::content) fn escape_attribute(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    escape_text(value, &mut escaped);
    escaped
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
        .replace('\n', "&#10;")
}
