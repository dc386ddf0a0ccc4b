//! What a comment says: Markdown in which people are mentioned, as `@[name](user:id)`.
//!
//! Invariant: whoever is shown as mentioned is in [`Said::mentions`], so that nobody is shown who was not checked. An
//! address of a person never gets any further than here.

use uuid::Uuid;

use super::error::ContentError;
use super::html;
use super::markdown::{self, Links, PERSON};
use super::model::{Node, mark, node, push_text};
use super::{Fault, Limits};

/// How much a comment may be.
const LIMITS: Limits = Limits {
    max_bytes: 32 * 1024,
    max_parts: 4_000,
    max_depth: 32,
};

/// The longest excerpt, in characters.
const MAX_EXCERPT: usize = 200;

/// What a comment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// As harmless HTML.
    pub html: String,
    /// How it begins, as one line of plain text of at most 200 characters.
    pub excerpt: String,
    /// Who is mentioned, each once, in the order of their first mention.
    pub mentions: Vec<Uuid>,
}

/// Reads the Markdown of a comment.
///
/// # Errors
/// [`ContentError`]: more than 32 KiB, more than 4,000 parts, or nested deeper than 32 levels.
pub fn comment(text: &str) -> Result<Said, ContentError> {
    if text.len() > LIMITS.max_bytes {
        return Err(ContentError::whole(Fault::TooLarge(LIMITS.max_bytes)));
    }
    let text = text.replace('\0', "\u{fffd}");
    let mut document = markdown::parse_with(&text, &LIMITS, Links::SafeAndPeople)?;
    let mut mentions = Vec::new();
    find_people(&mut document, &mut mentions);
    let mut excerpt = String::new();
    write_excerpt(&document, &mut excerpt);
    Ok(Said {
        html: html::render(&document),
        excerpt: excerpt.trim().chars().take(MAX_EXCERPT).collect(),
        mentions,
    })
}

/// Makes mentions of links to people behind an `@`, and plain text of all other links to people.
fn find_people(parent: &mut Node, found: &mut Vec<Uuid>) {
    let mut content: Vec<Node> = Vec::with_capacity(parent.content.len());
    let mut children = std::mem::take(&mut parent.content).into_iter().peekable();
    while let Some(mut child) = children.next() {
        if child.kind == node::MENTION {
            match child.str("id").and_then(|id| Uuid::try_parse(id).ok()) {
                Some(id) => content.push(mention(id, child.str("label").unwrap_or_default(), found)),
                None => push_text(&mut content, Node::text(label_of(&child), Vec::new())),
            }
            continue;
        }
        let Some(address) = address_of_person(&child) else {
            find_people(&mut child, found);
            content.push(child);
            continue;
        };
        let mut label = child.text.clone();
        while let Some(more) = children.next_if(|next| address_of_person(next).as_ref() == Some(&address)) {
            label.push_str(&more.text);
        }
        match Uuid::try_parse(&address) {
            Ok(id) if take_sign(&mut content) => content.push(mention(id, &label, found)),
            _ => push_text(&mut content, Node::text(label, Vec::new())),
        }
    }
    parent.content = content;
}

/// What stands behind `user:` in the address of a link.
fn address_of_person(child: &Node) -> Option<String> {
    let link = child.marks.iter().find(|mark| mark.kind == mark::LINK)?;
    Some(link.str("href")?.strip_prefix(PERSON)?.to_owned())
}

/// Takes the `@` from the end, if it is there.
fn take_sign(content: &mut Vec<Node>) -> bool {
    let Some(last) = content.last_mut().filter(|last| last.text.ends_with('@')) else {
        return false;
    };
    last.text.pop();
    if last.text.is_empty() {
        content.pop();
    }
    true
}

fn mention(id: Uuid, label: &str, found: &mut Vec<Uuid>) -> Node {
    if !found.contains(&id) {
        found.push(id);
    }
    Node::new(node::MENTION)
        .with("id", id.to_string())
        .with("label", (!label.is_empty()).then_some(label))
}

fn label_of(mention: &Node) -> String {
    format!("@{}", mention.str("label").unwrap_or_default())
}

fn write_excerpt(parent: &Node, into: &mut String) {
    for child in &parent.content {
        if into.len() > MAX_EXCERPT * 4 {
            return;
        }
        match child.kind.as_str() {
            node::TEXT => into.extend(child.text.split_inclusive(char::is_whitespace).map(|word| {
                // Lines and tabs are blanks here.
                word.replace(char::is_whitespace, " ")
            })),
            node::MENTION => into.push_str(&label_of(child)),
            node::HARD_BREAK => into.push(' '),
            _ => {
                write_excerpt(child, into);
                if !into.is_empty() && !into.ends_with(' ') {
                    into.push(' ');
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "0198c0de-0000-7000-8000-00000000000a";
    const BOB: &str = "0198c0de-0000-7000-8000-00000000000b";

    fn ids(of: &[&str]) -> Vec<Uuid> {
        of.iter().map(|id| id.parse().unwrap()).collect()
    }

    #[test]
    fn people_are_mentioned_behind_a_sign() {
        let said = comment(&format!(
            "Hello @[Ada **L**](user:{ADA}), and @[Bob](user:{BOB}); again @[Ada](user:{ADA})"
        ))
        .unwrap();
        assert_eq!(said.mentions, ids(&[ADA, BOB]));
        assert_eq!(said.excerpt, "Hello @Ada L, and @Bob; again @Ada");
        let expected = format!(
            "<p>Hello <span data-type=\"mention\" data-id=\"{ADA}\" data-label=\"Ada L\">@Ada L</span>, and "
        );
        assert!(said.html.starts_with(&expected), "{}", said.html);
    }

    #[test]
    fn what_is_no_mention_is_text() {
        for text in [
            format!("`@[Ada](user:{ADA})`"),
            format!("[Ada](user:{ADA})"),
            "@[Ada](user:nobody)".to_owned(),
            format!("    @[Ada](user:{ADA})"),
            format!("@ [Ada](user:{ADA})"),
            "<span data-type=\"mention\" data-id=\"x\">x</span>".to_owned(),
        ] {
            let said = comment(&text).unwrap();
            assert_eq!(said.mentions, ids(&[]), "{text}");
            let shown = ["data-type=\"mention\"", "href"].map(|sign| said.html.contains(sign));
            assert_eq!(shown, [false, false], "{text}: {}", said.html);
        }
    }

    #[test]
    fn whoever_is_shown_as_mentioned_is_found() {
        let text = format!("<span data-type=\"mention\" data-id=\"{BOB}\" data-label=\"B\">@B</span>");
        assert_eq!(comment(&text).unwrap().mentions, ids(&[BOB]));
        let inside = format!("- one\n  > *@[B](user:{BOB})*\n");
        assert_eq!(comment(&inside).unwrap().mentions, ids(&[BOB]));
    }

    #[test]
    fn nothing_in_it_runs() {
        for text in [
            "<script>alert(1)</script><img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "<a href=\"javascript:alert(1)\">x</a>",
            "@[<img src=x onerror=alert(1)>](user:0198c0de-0000-7000-8000-00000000000a)",
            "@[\"><script>](user:0198c0de-0000-7000-8000-00000000000a)",
        ] {
            let html = comment(text).unwrap().html;
            for sign in ["<script", "onerror=", "javascript:"] {
                let is_escaped = !html.contains(sign) || html.contains("&lt;");
                assert!(is_escaped && !html.contains("<script"), "{text}: {html}");
            }
        }
    }

    #[test]
    fn it_is_bounded() {
        assert_eq!(
            comment(&"x".repeat(32 * 1024 + 1)).unwrap_err().fault,
            Fault::TooLarge(32 * 1024)
        );
        assert!(comment(&"x".repeat(32 * 1024)).is_ok());
        assert_eq!(
            comment(&format!("{}x", "> ".repeat(100))).unwrap_err().fault,
            Fault::TooDeep(32)
        );
        assert_eq!(
            comment(&"*a* ".repeat(4_000)).unwrap_err().fault,
            Fault::TooMany(4_000)
        );
        let excerpt = comment(&"long words ".repeat(100)).unwrap().excerpt;
        assert_eq!(excerpt.chars().count(), 200);
    }
}
