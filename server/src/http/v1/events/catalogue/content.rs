//! Documents and boards as wholes, their attachments, and what is said about them.

use serde_json::json;

use super::{EventType, Member, changed, choice, event, flag, id, list, number, part, text};
use crate::auth::permission::Action;

const SOMETHING: &str = "0198c0de-0000-7000-8000-000000000002";

fn role() -> Member {
    choice("role", &["viewer", "commenter", "editor", "owner"])
}

pub(super) fn types() -> Vec<EventType> {
    let mut all = documents();
    all.extend(sharing());
    all.extend(boards());
    all.extend(comments());
    all.extend(attachments());
    all
}

fn documents() -> Vec<EventType> {
    let short = |kind, about| {
        event(
            kind,
            about,
            Action::ViewDocument,
            &[part("after", &[text("title")])],
            json!({ "after": { "title": "Plan" } }),
        )
    };
    vec![
        event(
            "document.created",
            "A document was made.",
            Action::ViewDocument,
            &[part(
                "after",
                &[
                    text("title"),
                    choice("kind", &["text", "spreadsheet", "presentation"]),
                    id("project_id"),
                ],
            )],
            json!({ "after": { "title": "Plan", "kind": "text", "project_id": SOMETHING } }),
        ),
        event(
            "document.updated",
            "Somebody changed what a document says; told of the same person again after ten minutes, or when the document was closed \
             meanwhile.",
            Action::ViewDocument,
            &[],
            json!({}),
        ),
        event(
            "document.renamed",
            "A document got another title.",
            Action::ViewDocument,
            &changed(&[text("title")]),
            json!({ "before": { "title": "Plan" }, "after": { "title": "Plan B" } }),
        ),
        event(
            "document.moved",
            "A document was moved to another project.",
            Action::ViewDocument,
            &changed(&[id("project_id")]),
            json!({ "before": { "project_id": SOMETHING }, "after": { "project_id": SOMETHING } }),
        ),
        short("document.archived", "A document was archived."),
        short("document.unarchived", "A document came back out of the archive."),
        event(
            "document.deleted",
            "A document was put in the trash.",
            Action::ViewDocument,
            &[part("before", &[text("title")])],
            json!({ "before": { "title": "Plan" } }),
        ),
        short("document.restored", "A document was taken out of the trash."),
    ]
}

fn sharing() -> Vec<EventType> {
    vec![
        event(
            "document.shared",
            "A document or board was shared with somebody by name or by a link, or as something else than before; told to its \
             owners.",
            Action::ViewDocument,
            &[
                id("user_id").or_missing(),
                id("link_id").or_missing(),
                part("before", &[role()]).or_missing(),
                part("after", &[role()]),
            ],
            json!({ "user_id": SOMETHING, "after": { "role": "commenter" } }),
        ),
        event(
            "document.unshared",
            "A document or board is shared with somebody no longer, or a link was revoked; told to its owners.",
            Action::ViewDocument,
            &[
                id("user_id").or_missing(),
                id("link_id").or_missing(),
                part("before", &[role()]),
            ],
            json!({ "link_id": SOMETHING, "before": { "role": "viewer" } }),
        ),
        event(
            "document.access_requested",
            "Somebody who does not see a document or board asks to; told to its owners.",
            Action::ViewDocument,
            &[id("user_id")],
            json!({ "user_id": SOMETHING }),
        ),
        event(
            "document.access_declined",
            "Somebody who asked to see a document or board is not let in; told to its owners.",
            Action::ViewDocument,
            &[id("user_id")],
            json!({ "user_id": SOMETHING }),
        ),
    ]
}

fn boards() -> Vec<EventType> {
    let state = || {
        [
            text("title").or_missing(),
            id("project_id").or_missing(),
            flag("archived").or_missing(),
            flag("deleted").or_missing(),
        ]
    };
    vec![
        event(
            "board.created",
            "A board was made.",
            Action::ViewDocument,
            &[part("after", &[text("title"), id("project_id")])],
            json!({ "after": { "title": "Board", "project_id": SOMETHING } }),
        ),
        event(
            "board.updated",
            "A board's title, place or state changed, or its lanes, labels or fields, of which `changed` tells.",
            Action::ViewDocument,
            &[
                part("before", &state()).or_missing(),
                part("after", &state()).or_missing(),
                list("changed", text("")).or_missing(),
            ],
            json!({ "changed": ["labels"] }),
        ),
        event(
            "board.deleted",
            "A board was put in the trash.",
            Action::ViewDocument,
            &[part("before", &[text("title")])],
            json!({ "before": { "title": "Board" } }),
        ),
    ]
}

fn comments() -> Vec<EventType> {
    let short = |kind, about| {
        event(
            kind,
            about,
            Action::ViewDocument,
            &[
                id("comment_id"),
                id("parent_id").or_null().or_missing(),
                id("author_user_id").or_null(),
            ],
            json!({ "comment_id": SOMETHING, "author_user_id": SOMETHING }),
        )
    };
    vec![
        event(
            "comment.created",
            "Somebody commented on a document or a task.",
            Action::ViewDocument,
            &[
                id("comment_id"),
                id("parent_id").or_null(),
                text("author_name").or_null(),
                text("excerpt"),
                list("mentions", id("")),
            ],
            json!({
                "comment_id": SOMETHING, "parent_id": null, "author_name": null,
                "excerpt": "What do you think, @Ada?", "mentions": [SOMETHING],
            }),
        ),
        event(
            "comment.updated",
            "A comment says something else, mentions others, or stands elsewhere.",
            Action::ViewDocument,
            &[
                id("comment_id"),
                id("parent_id").or_null(),
                text("excerpt"),
                list("mentions", id("")),
                list("added_mentions", id("")),
            ],
            json!({
                "comment_id": SOMETHING, "parent_id": null, "excerpt": "Never mind.", "mentions": [],
                "added_mentions": [],
            }),
        ),
        short("comment.deleted", "A comment was deleted."),
        short("comment.resolved", "A thread of comments was resolved."),
        short("comment.reopened", "A thread of comments was opened again."),
    ]
}

fn attachments() -> Vec<EventType> {
    let of = |kind, about| {
        event(
            kind,
            about,
            Action::ViewDocument,
            &[
                id("attachment_id"),
                text("name"),
                text("content_type"),
                number("size_bytes"),
            ],
            json!({
                "attachment_id": SOMETHING, "name": "loom.png", "content_type": "image/png", "size_bytes": 4711,
            }),
        )
    };
    vec![
        of(
            "attachment.created",
            "A file was attached to a document or a task.",
        ),
        of("attachment.deleted", "An attached file was removed."),
    ]
}
