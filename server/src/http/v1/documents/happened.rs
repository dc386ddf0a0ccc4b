//! What happens to documents and boards as wholes, as events tell it.

use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::records::DocumentRow;

use crate::http::v1::happened::{Happened, difference};

/// What the rows of documents call a board.
const BOARD: &str = "board";

/// With whom a document is shared.
#[derive(Debug, Clone, Copy)]
pub(super) enum SharedWith {
    /// Somebody, by name.
    User(Uuid),
    /// Whoever has a link.
    Link(Uuid),
}

/// Something that happened to a document; `data` is an object.
fn about(document: &DocumentRow, kind: &'static str, data: Value) -> Happened<'static> {
    Happened {
        kind,
        project: Some(document.project_id),
        document: Some(document.id),
        data,
        ..Happened::default()
    }
}

/// A document was made.
pub(in crate::http::v1) fn made(document: &DocumentRow) -> Happened<'static> {
    let after = json!({ "title": document.title, "project_id": document.project_id });
    if document.kind == BOARD {
        return about(document, "board.created", json!({ "after": after }));
    }
    let mut data = json!({ "after": after });
    data["after"]["kind"] = json!(document.kind);
    about(document, "document.created", data)
}

/// A document was put in the trash.
pub(super) fn trashed(document: &DocumentRow) -> Happened<'static> {
    let kind = if document.kind == BOARD {
        "board.deleted"
    } else {
        "document.deleted"
    };
    about(document, kind, json!({ "before": { "title": document.title } }))
}

/// What is said of a document, its place or its state changed, if it did.
pub(super) fn changed(before: &DocumentRow, after: &DocumentRow) -> Vec<Happened<'static>> {
    if after.kind == BOARD {
        let state = |document: &DocumentRow| {
            json!({
                "title": document.title,
                "project_id": document.project_id,
                "archived": document.archived_at_ms.is_some(),
                "deleted": document.deleted_at_ms.is_some(),
            })
        };
        let updated = difference(&state(before), &state(after));
        return updated
            .map(|data| about(after, "board.updated", data))
            .into_iter()
            .collect();
    }
    let mut all = Vec::new();
    if before.title != after.title {
        let data = json!({ "before": { "title": before.title }, "after": { "title": after.title } });
        all.push(about(after, "document.renamed", data));
    }
    if before.project_id != after.project_id {
        let place = |document: &DocumentRow| json!({ "project_id": document.project_id });
        let data = json!({ "before": place(before), "after": place(after) });
        all.push(about(after, "document.moved", data));
    }
    let turns = [
        (
            before.archived_at_ms.is_some(),
            after.archived_at_ms.is_some(),
            ["document.archived", "document.unarchived"],
        ),
        (
            before.deleted_at_ms.is_some(),
            after.deleted_at_ms.is_some(),
            ["document.deleted", "document.restored"],
        ),
    ];
    for (was, is, [on, off]) in turns {
        if was != is {
            let data = json!({ "after": { "title": after.title } });
            all.push(about(after, if is { on } else { off }, data));
        }
    }
    all
}

/// Somebody asks to see a document.
pub(super) fn access_requested(document: &DocumentRow, user: Uuid) -> Happened<'static> {
    about(document, "document.access_requested", json!({ "user_id": user }))
}

/// Somebody who asked to see a document is not let in.
pub(super) fn access_declined(document: &DocumentRow, user: Uuid) -> Happened<'static> {
    about(document, "document.access_declined", json!({ "user_id": user }))
}

/// A document is shared with somebody as something else than before; nothing if it is not.
pub(super) fn shared(
    document: &DocumentRow,
    with: SharedWith,
    before: Option<&str>,
    after: Option<&str>,
) -> Option<Happened<'static>> {
    let kind = match (before, after) {
        (before, after) if before == after => return None,
        (_, Some(_)) => "document.shared",
        (_, None) => "document.unshared",
    };
    let mut data = match with {
        SharedWith::User(id) => json!({ "user_id": id }),
        SharedWith::Link(id) => json!({ "link_id": id }),
    };
    for (name, role) in [("before", before), ("after", after)] {
        if let Some(role) = role {
            data[name] = json!({ "role": role });
        }
    }
    Some(about(document, kind, data))
}
