//! Reads what a document is now: its row, its snapshot and the log behind it, in one statement.
//!
//! Each statement is a conversation with the thread that owns the connection, and a transaction of four of them would cost
//! more than what they read. One statement sees one state of the database, as a transaction does.

use std::sync::LazyLock;

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

use super::rows;
use crate::backend::{DocumentView, Lookup, TailLimit};

/// The parts of the answer, in their order.
const DOCUMENT: i64 = 0;
const SNAPSHOT: i64 = 1;

/// Every row has the columns of all parts; those of other parts are empty.
fn statement(condition: &str) -> String {
    let of_document = format!("(SELECT id FROM documents WHERE {condition})");
    format!(
        "SELECT 0 AS part, id, workspace_id, name, created_at_ms, head_seq, snapshot_seq, quarantine_reason, \
         NULL AS seq, NULL AS size_bytes, NULL AS checksum, NULL AS inline_bytes, NULL AS blob_key, \
         NULL AS author, NULL AS bytes FROM documents WHERE {condition} \
         UNION ALL SELECT 1, NULL, NULL, NULL, created_at_ms, NULL, NULL, NULL, \
         seq, size_bytes, checksum, inline_bytes, blob_key, NULL, NULL \
         FROM snapshots WHERE document_id = {of_document} \
         UNION ALL SELECT * FROM (SELECT 2, NULL, NULL, NULL, created_at_ms, NULL, NULL, NULL, \
         seq, NULL, NULL, NULL, NULL, author, bytes FROM updates WHERE document_id = {of_document} \
         AND seq > (SELECT snapshot_seq FROM documents WHERE {condition}) ORDER BY seq LIMIT ?3)"
    )
}

static BY_NAME: LazyLock<String> = LazyLock::new(|| statement("workspace_id = ?1 AND name = ?2"));
static BY_ID: LazyLock<String> = LazyLock::new(|| statement("id = ?1 AND ?2 IS NULL"));

/// Everything but the archive.
///
/// # Errors
/// A failure of the database.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    lookup: Lookup<'_>,
    limit: TailLimit,
) -> Result<Option<DocumentView>, sqlx::Error> {
    // Safe: the texts are made of literals alone.
    let query = match lookup {
        Lookup::Name(workspace, name) => sqlx::query(AssertSqlSafe(BY_NAME.as_str()))
            .bind(workspace.0)
            .bind(name.as_str().to_owned()),
        Lookup::Id(id) => sqlx::query(AssertSqlSafe(BY_ID.as_str()))
            .bind(id.0)
            .bind(None::<String>),
    };
    let most = i64::try_from(limit.rows).unwrap_or(i64::MAX);
    let mut found = query.bind(most).fetch(connection);
    let mut view: Option<DocumentView> = None;
    let mut bytes = 0;
    while let Some(row) = found.try_next().await? {
        match &mut view {
            None => view = Some(of_document(&row)?),
            Some(view) if row.try_get::<i64, _>("part")? == SNAPSHOT => {
                view.snapshot = Some(rows::snapshot(&row)?);
            }
            Some(_) if bytes >= limit.bytes => break,
            Some(view) => {
                let row = rows::tail(&row)?;
                bytes += row.bytes.len();
                view.tail.push(row);
            }
        }
    }
    Ok(view)
}

fn of_document(row: &SqliteRow) -> Result<DocumentView, sqlx::Error> {
    debug_assert_eq!(row.try_get::<i64, _>("part").ok(), Some(DOCUMENT));
    Ok(DocumentView {
        document: rows::summary(row)?,
        snapshot: None,
        tail: Vec::new(),
        history: Vec::new(),
    })
}
