//! Text that Markdown must not take for signs.

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// In a paragraph, whose first line it may begin.
    Paragraph,
    /// In a heading: on one line, where `#` may end it.
    Heading,
    /// In a cell of a table: on one line, where `|` ends it.
    Cell,
}

/// Appends `text` to `out`, which is what was written of the block so far.
pub(super) fn escape(text: &str, setting: Setting, is_last: bool, out: &mut String) {
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        let at_start = is_line_start(out);
        match c {
            ' ' if at_start || (next.is_none() && is_last) || next == Some('\n') => out.push_str("&#32;"),
            '\t' if at_start || next.is_none() => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\0' => out.push('\u{fffd}'),
            '\\' | '`' | '*' | '[' | ']' | '<' | '~' => push_escaped(c, out),
            '|' if setting == Setting::Cell => out.push_str("&#124;"),
            '|' => push_escaped(c, out),
            '_' if is_inside_word(out, next) => out.push('_'),
            '_' => push_escaped(c, out),
            '!' if next.is_none() => push_escaped(c, out),
            '&' if next.is_none_or(|next| next.is_ascii_alphanumeric() || next == '#') => {
                out.push_str("&amp;")
            }
            '#' if at_start || setting == Setting::Heading => push_escaped(c, out),
            '+' | '-' | '=' | '>' if at_start => push_escaped(c, out),
            '.' | ')' if ends_number(out) => push_escaped(c, out),
            c => out.push(c),
        }
    }
}

fn push_escaped(c: char, out: &mut String) {
    out.push('\\');
    out.push(c);
}

fn is_line_start(out: &str) -> bool {
    out.is_empty() || out.ends_with('\n')
}

fn is_inside_word(out: &str, next: Option<char>) -> bool {
    out.chars().next_back().is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric)
}

/// Whether the line is a number so far, which a dot would make an item of a list.
fn ends_number(out: &str) -> bool {
    let line = out.rsplit('\n').next().unwrap_or_default();
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// An address between the brackets of a link.
pub(super) fn destination(address: &str) -> String {
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(
                c,
                '/' | ':' | '.' | '-' | '_' | '#' | '?' | '=' | '%' | '@' | '~' | '+' | ',' | ';'
            )
    };
    if !address.is_empty() && address.chars().all(is_plain) && !address.contains("__") {
        return address.to_owned();
    }
    let mut escaped = String::with_capacity(address.len() + 2);
    escaped.push('<');
    for c in address.chars() {
        match c {
            '<' | '>' | '\\' => push_escaped(c, &mut escaped),
            '&' => escaped.push_str("&amp;"),
            '|' => escaped.push_str("&#124;"),
            c => escaped.push(c),
        }
    }
    escaped.push('>');
    escaped
}

/// A title behind an address, with the blank before it.
pub(super) fn title(title: Option<&str>) -> String {
    let Some(title) = title.filter(|title| !title.is_empty()) else {
        return String::new();
    };
    let mut escaped = " \"".to_owned();
    for c in title.chars() {
        match c {
            '"' | '\\' => push_escaped(c, &mut escaped),
            '&' => escaped.push_str("&amp;"),
            '|' => escaped.push_str("&#124;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped.push('"');
    escaped
}

/// `code` between backticks, or nothing if backticks cannot hold it.
pub(super) fn code_span(code: &str, setting: Setting) -> Option<String> {
    let has_bad =
        code.contains(['\n', '\r', '\0']) || (setting == Setting::Cell && code.contains(['|', '\\']));
    if has_bad || code.trim_matches(' ').is_empty() {
        return None;
    }
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let is_padded = code.starts_with(['`', ' ']) || code.ends_with(['`', ' ']);
    let pad = if is_padded { " " } else { "" };
    Some(format!("{fence}{pad}{code}{pad}{fence}"))
}
