//! The group commit: every append that waits, in one transaction.
//!
//! Invariant: the rows of all documents of the batch are locked, in order of their ids, before any head is compared;
//! new rows are inserted after that, in order of their names. Every node takes locks in that order, so that two
//! batches wait for each other but never in a circle. Order of writes: new document rows, moved heads, log rows, and what
//! they change beside the log, whose locks come after those of the documents (see `projection::write`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use sqlx::Row;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::rows::{self, seq, to_sql};
use crate::backend::BatchOutcome;
use crate::model::{Append, DocumentId, Seq, WorkspaceId};
use crate::plan::{KnownDocument, Plan, PlannedRow};
use crate::projection::{self, Connection};

/// Rows of one insert.
const PIECE_ROWS: usize = 4096;
/// An insert ends with the row that reaches this many bytes; Postgres takes less than 1 GiB in one message.
const PIECE_BYTES: usize = 16 * 1024 * 1024;

/// Writes everything of `appends` that fits. The caller has begun a transaction, and commits it.
pub(super) async fn write(
    connection: &mut PgConnection,
    appends: &[Append],
    now_ms: i64,
) -> Result<BatchOutcome, sqlx::Error> {
    let mut plan = Plan::new(appends, lock_documents(connection, appends).await?);
    let created = create_documents(connection, &mut plan, now_ms).await?;
    let advanced = plan.advanced();
    if !advanced.is_empty() {
        let (ids, heads): (Vec<Uuid>, Vec<i64>) =
            advanced.iter().map(|(id, head)| (id.0, to_sql(*head))).unzip();
        let sql = "UPDATE documents SET head_seq = moved.head \
                   FROM UNNEST($1::uuid[], $2::bigint[]) AS moved (id, head) WHERE documents.id = moved.id";
        sqlx::query(sql)
            .bind(ids)
            .bind(heads)
            .execute(&mut *connection)
            .await?;
    }
    for piece in pieces(&plan.rows()) {
        insert_updates(connection, piece, now_ms).await?;
    }
    projection::write(
        &mut Connection::Postgres(&mut *connection),
        &plan.projected(),
        now_ms,
    )
    .await?;
    Ok(BatchOutcome {
        answers: plan.into_answers(),
        created,
    })
}

/// Locks the documents that exist and reads their heads. Whoever waited for a lock reads what was committed meanwhile.
async fn lock_documents(
    connection: &mut PgConnection,
    appends: &[Append],
) -> Result<HashMap<DocumentId, KnownDocument>, sqlx::Error> {
    let mut ids: Vec<Uuid> = appends.iter().map(|append| append.document.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let sql = "SELECT id, workspace_id, head_seq, quarantine_reason FROM documents \
               WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    let found = sqlx::query(sql).bind(ids).fetch_all(connection).await?;
    let mut known = HashMap::with_capacity(found.len());
    for row in found {
        let quarantine: Option<&str> = row.try_get(3)?;
        let document = KnownDocument {
            workspace: WorkspaceId(row.try_get(1)?),
            head: seq(row.try_get(2)?),
            quarantine: quarantine.map(Arc::from),
        };
        known.insert(DocumentId(row.try_get(0)?), document);
    }
    Ok(known)
}

/// Inserts the rows of new documents and tells the plan whose name was taken. Returns how many were created.
///
/// A name that another node is about to commit is waited for; then it is taken, or free after all.
async fn create_documents(
    connection: &mut PgConnection,
    plan: &mut Plan<'_>,
    now_ms: i64,
) -> Result<u64, sqlx::Error> {
    let mut new_documents = plan.created();
    if new_documents.is_empty() {
        return Ok(0);
    }
    new_documents.sort_unstable_by_key(|(append, _)| (append.workspace.0, append.name.as_str()));
    let column = |value: fn(&Append) -> Uuid| -> Vec<Uuid> {
        new_documents.iter().map(|(append, _)| value(append)).collect()
    };
    let names: Vec<&str> = new_documents
        .iter()
        .map(|(append, _)| append.name.as_str())
        .collect();
    let heads: Vec<i64> = new_documents.iter().map(|(_, head)| to_sql(*head)).collect();
    let sql = "INSERT INTO documents (id, workspace_id, name, created_at_ms, head_seq) \
               SELECT id, workspace, name, $5, head \
               FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) AS new (id, workspace, name, head) \
               ON CONFLICT DO NOTHING RETURNING id";
    let inserted: Vec<Uuid> = sqlx::query_scalar(sql)
        .bind(column(|append| append.document.0))
        .bind(column(|append| append.workspace.0))
        .bind(names)
        .bind(heads)
        .bind(now_ms)
        .fetch_all(&mut *connection)
        .await?;
    if inserted.len() < new_documents.len() {
        for (append, _) in &new_documents {
            if !inserted.contains(&append.document.0) {
                plan.name_is_taken(append.document, head_under_name(connection, append).await?);
            }
        }
    }
    Ok(inserted.len() as u64)
}

async fn head_under_name(connection: &mut PgConnection, append: &Append) -> Result<Seq, sqlx::Error> {
    let head: Option<i64> =
        sqlx::query_scalar("SELECT head_seq FROM documents WHERE workspace_id = $1 AND name = $2")
            .bind(append.workspace.0)
            .bind(append.name.as_str())
            .fetch_optional(connection)
            .await?;
    Ok(head.map_or(Seq::ZERO, seq))
}

/// Cuts rows into inserts of bounded size.
fn pieces<'p, 'a>(mut planned: &'p [PlannedRow<'a>]) -> impl Iterator<Item = &'p [PlannedRow<'a>]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fitting = planned.iter().take(PIECE_ROWS).take_while(|row| {
            let fits = bytes < PIECE_BYTES;
            bytes += row.update.bytes.len();
            fits
        });
        let (piece, rest) = planned.split_at(fitting.count());
        planned = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

async fn insert_updates(
    connection: &mut PgConnection,
    planned: &[PlannedRow<'_>],
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    let documents: Vec<Uuid> = planned.iter().map(|row| row.append.document.0).collect();
    let seqs: Vec<i64> = planned.iter().map(|row| to_sql(row.seq)).collect();
    let workspaces: Vec<Uuid> = planned.iter().map(|row| row.append.workspace.0).collect();
    let authors: Vec<Option<Cow<'_, str>>> = planned
        .iter()
        .map(|row| row.update.author.as_deref().map(rows::text))
        .collect();
    let updates: Vec<&[u8]> = planned.iter().map(|row| &row.update.bytes[..]).collect();
    let sql = "INSERT INTO updates (document_id, seq, workspace_id, author, created_at_ms, bytes) \
               SELECT document, seq, workspace, author, $6, bytes \
               FROM UNNEST($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::bytea[]) \
               AS new (document, seq, workspace, author, bytes)";
    sqlx::query(sql)
        .bind(documents)
        .bind(seqs)
        .bind(workspaces)
        .bind(authors)
        .bind(updates)
        .bind(now_ms)
        .execute(connection)
        .await?;
    Ok(())
}
