//! The statements of the group commit, for any number of rows, and those of an append that is alone.

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

/// A whole transaction, for updates of one document that is there: its head, if it is the expected one, and the log
/// rows. If it is not, the first row has no number and is refused, and what follows is not run.
pub(super) static APPEND_ALONE: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "BEGIN IMMEDIATE; \
         UPDATE documents SET head_seq = ? \
         WHERE id = ? AND workspace_id = ? AND head_seq = ? AND quarantine_reason IS NULL; \
         INSERT INTO updates (document_id, seq, workspace_id, author, created_at_ms, bytes) VALUES ",
        "(?,CASE changes() WHEN 1 THEN ? END,?,?,?,?)",
        "; COMMIT",
    )
});
