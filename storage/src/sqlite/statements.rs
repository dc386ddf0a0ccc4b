//! The statements of the group commit, for any number of rows.

use std::sync::LazyLock;

use crate::pieces::Family;

/// Documents by id.
pub(super) static SELECT_HEADS: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "SELECT id, workspace_id, head_seq, quarantine_reason FROM documents WHERE id IN (",
        "?",
        ")",
    )
});

/// New documents; the ids that come back were created, the names of the others are taken.
pub(super) static INSERT_DOCUMENTS: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO documents (id, workspace_id, name, created_at_ms, head_seq) VALUES ",
        "(?,?,?,?,?)",
        " ON CONFLICT DO NOTHING RETURNING id",
    )
});

/// New heads of existing documents.
pub(super) static UPDATE_HEADS: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "UPDATE documents SET head_seq = moved.column2 FROM (VALUES ",
        "(?,?)",
        ") AS moved WHERE documents.id = moved.column1",
    )
});

/// Log rows.
pub(super) static INSERT_UPDATES: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO updates (document_id, seq, workspace_id, author, created_at_ms, bytes) VALUES ",
        "(?,?,?,?,?,?)",
        "",
    )
});
