//! Marked text as Markdown.
//!
//! Marks become signs where Markdown is sure to read them back as such, and HTML tags everywhere else: a sign next to
//! a letter or a blank may mean nothing.

use super::escape::{self, Setting, code_span, escape};
use crate::content::html::{escape_attribute, mention};
use crate::content::model::{Mark, Node, mark, node};
use crate::content::url::safe_url;

/// Marked text as a tree: runs that share a mark stand in one span.
enum Span<'n> {
    Leaf(&'n Node),
    Marked(&'n Mark, Vec<Span<'n>>),
}

/// The content of a block of text, on one line or, in paragraphs with hard breaks, on several.
pub(super) fn render(content: &[Node], setting: Setting) -> String {
    let leaves: Vec<(&Node, Vec<&Mark>)> = content.iter().map(|node| (node, written_marks(node))).collect();
    let spans = nest(&leaves, 0);
    let mut out = String::new();
    write(&spans, setting, None, &mut out);
    out
}

/// The marks that are written, outermost first.
fn written_marks(node: &Node) -> Vec<&Mark> {
    let is_written = |mark: &&Mark| mark.kind != mark::LINK || mark.str("href").and_then(safe_url).is_some();
    let found = mark::ORDER
        .iter()
        .filter_map(|kind| node.marks.iter().find(|mark| mark.kind == *kind));
    found.filter(is_written).collect()
}

/// Spans around neighbours that share the mark at `depth` of their lists.
fn nest<'n>(leaves: &[(&'n Node, Vec<&'n Mark>)], depth: usize) -> Vec<Span<'n>> {
    let shares = |before: &(&Node, Vec<&Mark>), after: &(&Node, Vec<&Mark>)| {
        before.1.get(depth).is_some() && before.1.get(depth) == after.1.get(depth)
    };
    leaves
        .chunk_by(shares)
        .map(|chunk| match chunk[0].1.get(depth) {
            Some(mark) => Span::Marked(mark, nest(chunk, depth + 1)),
            None => Span::Leaf(chunk[0].0),
        })
        .collect()
}

/// Appends `spans` to `out`; `after` is what follows them, if something does.
fn write(spans: &[Span<'_>], setting: Setting, after: Option<char>, out: &mut String) {
    for (index, span) in spans.iter().enumerate() {
        let following = spans.get(index + 1).map_or(after, |next| first_character(next));
        match span {
            Span::Leaf(leaf) => write_leaf(leaf, setting, following, out),
            Span::Marked(mark, inside) => write_marked(mark, inside, setting, following, out),
        }
    }
}

/// What a span will begin with, as far as it matters: a letter, a blank, or some sign.
fn first_character(span: &Span<'_>) -> Option<char> {
    match span {
        Span::Marked(mark, _) if mark.kind == mark::BOLD => Some('*'),
        Span::Marked(mark, _) if mark.kind == mark::ITALIC => Some('_'),
        Span::Marked(mark, _) if mark.kind == mark::STRIKE => Some('~'),
        Span::Marked(..) => Some('<'),
        Span::Leaf(leaf) if leaf.is_text() => leaf.text.chars().next(),
        Span::Leaf(_) => Some('<'),
    }
}

fn write_leaf(leaf: &Node, setting: Setting, following: Option<char>, out: &mut String) {
    match leaf.kind.as_str() {
        node::TEXT => escape(&leaf.text, setting, following.is_none(), out),
        node::HARD_BREAK => {
            let breaks_line = setting == Setting::Paragraph
                && out.ends_with(|c: char| c.is_alphanumeric() || ".,;:!?)\"'>".contains(c))
                && following.is_some_and(char::is_alphanumeric);
            out.push_str(if breaks_line { "\\\n" } else { "<br>" });
        }
        node::MENTION => out.push_str(&mention(leaf).replace('|', "&#124;")),
        node::IMAGE => out.push_str(&image(leaf)),
        _ => escape(&leaf.plain_text(), setting, following.is_none(), out),
    }
}

/// An image as Markdown; without an address that is allowed, its description.
pub(super) fn image(image: &Node) -> String {
    let mut description = String::new();
    escape(
        image.str("alt").unwrap_or_default(),
        Setting::Cell,
        true,
        &mut description,
    );
    match image.str("src").and_then(safe_url) {
        Some(address) => {
            format!(
                "![{description}]({}{})",
                escape::destination(address),
                escape::title(image.str("title"))
            )
        }
        None => description,
    }
}

fn write_marked(
    mark: &Mark,
    inside: &[Span<'_>],
    setting: Setting,
    following: Option<char>,
    out: &mut String,
) {
    if mark.kind == mark::CODE
        && let [Span::Leaf(leaf)] = inside
        && !out.ends_with('`')
        && following != Some('`')
        && let Some(code) = code_span(&leaf.text, setting)
    {
        out.push_str(&code);
        return;
    }
    if mark.kind == mark::LINK {
        write_link(mark, inside, setting, out);
        return;
    }
    let (sign, tag) = signs(mark);
    let edge = sign.chars().next();
    // What is inside is escaped as if it stood behind a sign, which never begins a line.
    let start = out.len();
    out.push_str(if sign.is_empty() { "<" } else { sign });
    let inner_start = out.len();
    write(inside, setting, edge.or(Some('<')), out);
    let inner = out.split_off(inner_start);
    out.truncate(start);
    let before = out.chars().next_back();
    if !sign.is_empty() && is_sure(sign, before, &inner, following) {
        out.push_str(sign);
        out.push_str(&inner);
        out.push_str(sign);
    } else {
        out.push_str(&format!("<{tag}>{inner}</{tag}>"));
    }
}

fn signs(mark: &Mark) -> (&'static str, &'static str) {
    match mark.kind.as_str() {
        mark::BOLD => ("**", "strong"),
        mark::ITALIC => ("_", "em"),
        mark::STRIKE => ("~~", "del"),
        mark::UNDERLINE => ("", "u"),
        mark::HIGHLIGHT => ("", "mark"),
        _ => ("", "code"),
    }
}

/// Whether `sign` before and behind `inner` is sure to be read as a mark.
fn is_sure(sign: &str, before: Option<char>, inner: &str, after: Option<char>) -> bool {
    let (Some(first), Some(last)) = (inner.chars().next(), inner.chars().next_back()) else {
        return false;
    };
    if first.is_whitespace() || last.is_whitespace() {
        return false;
    }
    is_sure_edge(sign, before, first) && is_sure_edge(sign, after, last)
}

/// The same for one end: `outside` and `inside` are the characters on either side of the sign.
fn is_sure_edge(sign: &str, outside: Option<char>, inside: char) -> bool {
    let Some(outside) = outside else { return true };
    if sign.starts_with(outside) || sign.starts_with(inside) {
        return false;
    }
    if outside.is_ascii_whitespace() || outside.is_ascii_punctuation() {
        return true;
    }
    // Inside of a word a lone underscore is a letter.
    sign != "_" && outside.is_alphanumeric() && inside.is_alphanumeric()
}

fn write_link(mark: &Mark, inside: &[Span<'_>], setting: Setting, out: &mut String) {
    let address = mark.str("href").and_then(safe_url).unwrap_or_default();
    let title = mark.str("title");
    let start = out.len();
    out.push('[');
    let inner_start = out.len();
    write(inside, setting, Some(']'), out);
    let inner = out.split_off(inner_start);
    out.truncate(start);
    if address.chars().any(|c| matches!(c, '`' | '\u{fffd}')) {
        let title = title
            .map(|title| format!(" title=\"{}\"", escape_attribute(title)))
            .unwrap_or_default();
        let address = escape_attribute(address)
            .replace('|', "&#124;")
            .replace('`', "&#96;");
        out.push_str(&format!("<a href=\"{address}\"{title}>{inner}</a>"));
    } else {
        out.push_str(&format!(
            "[{inner}]({}{})",
            escape::destination(address),
            escape::title(title)
        ));
    }
}
