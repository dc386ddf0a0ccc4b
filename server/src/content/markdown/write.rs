//! From a tree to Markdown.
//!
//! Empty paragraphs are not written, because Markdown has none. Tables that Markdown cannot draw and task items
//! without text are written as HTML.

use super::escape::Setting;
use super::inline;
use crate::content::html::{heading_level, render_block};
use crate::content::model::{Node, node};

/// `document` as Markdown, with a line end behind its last line.
pub(in crate::content) fn render(document: &Node) -> String {
    let mut text = blocks(&document.content);
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Blocks with an empty line between two of them.
fn blocks(content: &[Node]) -> String {
    let mut text = String::new();
    // Two lists in a row would be one, so they take turns with their signs.
    let mut is_second = false;
    let mut before: Option<&Node> = None;
    for block in content {
        is_second = before.is_some_and(|before| are_one_list(before, block)) && !is_second;
        let written = write_block(block, is_second);
        if written.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&written);
        before = Some(block);
    }
    text
}

fn are_one_list(before: &Node, block: &Node) -> bool {
    let kind = |list: &Node| match list.kind.as_str() {
        node::BULLET_LIST | node::TASK_LIST => Some('-'),
        node::ORDERED_LIST => Some('.'),
        _ => None,
    };
    kind(before).is_some() && kind(before) == kind(block)
}

fn write_block(block: &Node, is_second: bool) -> String {
    match block.kind.as_str() {
        node::PARAGRAPH => inline::render(&block.content, Setting::Paragraph),
        node::HEADING => {
            let text = inline::render(&block.content, Setting::Heading);
            format!("{} {text}", "#".repeat(heading_level(block)))
                .trim_end()
                .to_owned()
        }
        node::CODE_BLOCK => code(block),
        node::BULLET_LIST | node::ORDERED_LIST => list(block, is_second),
        node::TASK_LIST
            if block
                .content
                .iter()
                .any(|item| item.content.first().is_none_or(is_blank)) =>
        {
            render_block(block)
        }
        node::TASK_LIST => list(block, is_second),
        node::BLOCKQUOTE => quote(&blocks(&block.content)),
        node::HORIZONTAL_RULE => "___".to_owned(),
        node::IMAGE => inline::image(block),
        node::TABLE => table(block),
        node::TEXT | node::MENTION | node::HARD_BREAK => {
            inline::render(std::slice::from_ref(block), Setting::Paragraph)
        }
        _ if block.is_textblock() => inline::render(&block.content, Setting::Paragraph),
        _ => blocks(&block.content),
    }
}

/// Whether nothing is seen of a block of text.
fn is_blank(block: &Node) -> bool {
    block
        .content
        .iter()
        .all(|child| child.is_text() && child.text.trim().is_empty())
}

fn code(block: &Node) -> String {
    let code = block.plain_text().replace('\r', "\n").replace('\0', "\u{fffd}");
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let is_word = |language: &&str| {
        !language.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '`' | '\\' | '&'))
    };
    let language = block.str("language").filter(is_word).unwrap_or_default();
    if code.is_empty() {
        return format!("{fence}{language}\n{fence}");
    }
    format!("{fence}{language}\n{code}\n{fence}")
}

fn quote(text: &str) -> String {
    let lines: Vec<_> = text
        .split('\n')
        .map(|line| {
            if line.is_empty() {
                ">".to_owned()
            } else {
                format!("> {line}")
            }
        })
        .collect();
    lines.join("\n")
}

fn list(list: &Node, is_second: bool) -> String {
    let is_tight = list.content.iter().all(is_tight_item);
    let mut number = list.number("start").unwrap_or(1).min(999_999_999);
    let mut items = Vec::with_capacity(list.content.len());
    for item in &list.content {
        let marker = match (list.kind.as_str(), is_second) {
            (node::ORDERED_LIST, false) => format!("{number}."),
            (node::ORDERED_LIST, true) => format!("{number})"),
            (_, false) => "-".to_owned(),
            (_, true) => "*".to_owned(),
        };
        number = (number + 1).min(999_999_999);
        items.push(write_item(item, &marker));
    }
    items.join(if is_tight { "\n" } else { "\n\n" })
}

fn write_item(item: &Node, marker: &str) -> String {
    let indent = " ".repeat(marker.len() + 1);
    let content = match item.content.as_slice() {
        // The paragraph that has to come first, but of which nothing is seen.
        [first, rest @ ..] if first.content.is_empty() && !rest.is_empty() => rest,
        content => content,
    };
    let text = match content {
        [first, nested] if is_tight_item(item) => {
            let first = blocks(std::slice::from_ref(first));
            format!("{first}\n{}", blocks(std::slice::from_ref(nested)))
        }
        content => blocks(content),
    };
    let box_ = match item.kind.as_str() {
        node::TASK_ITEM if item.flag("checked") => "[x] ",
        node::TASK_ITEM => "[ ] ",
        _ => "",
    };
    let mut written = format!("{marker} {box_}").trim_end().to_owned();
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            written.push('\n');
        }
        if !line.is_empty() {
            written.push_str(if index == 0 { " " } else { &indent });
            written.push_str(line);
        }
    }
    written
}

/// Whether an item needs no empty lines: a paragraph, and perhaps a list that may follow a paragraph directly.
fn is_tight_item(item: &Node) -> bool {
    let [first, rest @ ..] = item.content.as_slice() else {
        return true;
    };
    let may_follow = |nested: &Node| match nested.kind.as_str() {
        node::ORDERED_LIST => nested.number("start").unwrap_or(1) == 1,
        node::BULLET_LIST | node::TASK_LIST => true,
        _ => false,
    };
    let begins_with_text = |nested: &Node| {
        let first = nested.content.first().and_then(|item| item.content.first());
        first.is_some_and(|block| block.kind == node::PARAGRAPH && !is_blank(block))
    };
    let is_text = first.kind == node::PARAGRAPH && !is_blank(first);
    match rest {
        [] => first.kind == node::PARAGRAPH,
        [nested] => is_text && may_follow(nested) && begins_with_text(nested) && !starts_with_html(nested),
        _ => false,
    }
}

/// Whether a list is written as HTML, which cannot follow a paragraph directly.
fn starts_with_html(list: &Node) -> bool {
    list.kind == node::TASK_LIST
        && list
            .content
            .iter()
            .any(|item| item.content.first().is_none_or(is_blank))
}

fn table(table: &Node) -> String {
    let Some((header, rows)) = table.content.split_first() else {
        return String::new();
    };
    let is_simple = |row: &Node, kind: &str| {
        row.content.len() == header.content.len()
            && row
                .content
                .iter()
                .all(|cell| cell.kind == kind && is_simple_cell(cell))
    };
    let can_be_drawn =
        is_simple(header, node::TABLE_HEADER) && rows.iter().all(|row| is_simple(row, node::TABLE_CELL));
    if !can_be_drawn || header.content.is_empty() {
        return render_block(table);
    }
    let mut lines = vec![row(header), format!("|{}", " --- |".repeat(header.content.len()))];
    lines.extend(rows.iter().map(row));
    lines.join("\n")
}

fn is_simple_cell(cell: &Node) -> bool {
    let is_single = |name| cell.number(name).is_none_or(|span| span == 1);
    let is_line = matches!(cell.content.as_slice(), [block] if block.kind == node::PARAGRAPH
        && block.content.iter().all(|child| child.is_inline()));
    is_single("colspan") && is_single("rowspan") && is_line
}

fn row(row: &Node) -> String {
    let mut line = "|".to_owned();
    for cell in &row.content {
        let text = cell
            .content
            .first()
            .map(|block| inline::render(&block.content, Setting::Cell));
        line.push(' ');
        line.push_str(&text.unwrap_or_default());
        line.push_str(" |");
    }
    line
}
