//! The group commit: every append that waits, in one transaction.
//!
//! Order of writes: new document rows, moved heads, log rows, and what they change beside the log. Heads are compared inside the transaction, so an
//! append that does not fit is left out and its neighbours are committed.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::rows::{seq, to_sql};
use super::statements::{INSERT_DOCUMENTS, INSERT_UPDATES, SELECT_HEADS, UPDATE_HEADS};
use crate::backend::BatchOutcome;
use crate::model::{Append, DocumentId, Seq, WorkspaceId};
use crate::pieces::pieces;
use crate::plan::{KnownDocument, Plan, PlannedRow};
use crate::projection::{self, Connection};

/// Writes everything of `appends` that fits. The caller has begun a transaction, and commits it.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    appends: &[Append],
    now_ms: i64,
) -> Result<BatchOutcome, sqlx::Error> {
    let mut plan = Plan::new(appends, known_documents(connection, appends).await?);
    let created = create_documents(connection, &mut plan, now_ms).await?;
    for piece in pieces(&plan.advanced()) {
        let mut query = sqlx::query(UPDATE_HEADS.marked(piece.len()));
        for (document, head) in piece {
            query = query.bind(document.0).bind(to_sql(*head));
        }
        query.execute(&mut *connection).await?;
    }
    for piece in pieces(&plan.rows()) {
        insert_updates(connection, piece, now_ms).await?;
    }
    projection::write(
        &mut Connection::Sqlite(&mut *connection),
        &plan.projected(),
        now_ms,
    )
    .await?;
    Ok(BatchOutcome {
        answers: plan.into_answers(),
        created,
    })
}

async fn known_documents(
    connection: &mut SqliteConnection,
    appends: &[Append],
) -> Result<HashMap<DocumentId, KnownDocument>, sqlx::Error> {
    let mut ids: Vec<DocumentId> = appends.iter().map(|append| append.document).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut known = HashMap::with_capacity(ids.len());
    for piece in pieces(&ids) {
        let mut query = sqlx::query(SELECT_HEADS.marked(piece.len()));
        for id in piece {
            query = query.bind(id.0);
        }
        for row in query.fetch_all(&mut *connection).await? {
            let quarantine: Option<&str> = row.try_get(3)?;
            let document = KnownDocument {
                workspace: WorkspaceId(row.try_get(1)?),
                head: seq(row.try_get(2)?),
                quarantine: quarantine.map(Arc::from),
            };
            known.insert(DocumentId(row.try_get(0)?), document);
        }
    }
    Ok(known)
}

/// Inserts the rows of new documents and tells the plan whose name was taken. Returns how many were created.
async fn create_documents(
    connection: &mut SqliteConnection,
    plan: &mut Plan<'_>,
    now_ms: i64,
) -> Result<u64, sqlx::Error> {
    let mut created = 0;
    let new_documents = plan.created();
    for piece in pieces(&new_documents) {
        let mut query = sqlx::query_scalar(INSERT_DOCUMENTS.marked(piece.len()));
        for (append, head) in piece {
            query = query
                .bind(append.document.0)
                .bind(append.workspace.0)
                .bind(append.name.as_str().to_owned())
                .bind(now_ms)
                .bind(to_sql(*head));
        }
        let inserted: Vec<uuid::Uuid> = query.fetch_all(&mut *connection).await?;
        created += inserted.len() as u64;
        if inserted.len() == piece.len() {
            continue;
        }
        for (append, _) in piece
            .iter()
            .filter(|(append, _)| !inserted.contains(&append.document.0))
        {
            plan.name_is_taken(append.document, head_under_name(connection, append).await?);
        }
    }
    Ok(created)
}

async fn head_under_name(connection: &mut SqliteConnection, append: &Append) -> Result<Seq, sqlx::Error> {
    let head: Option<i64> =
        sqlx::query_scalar("SELECT head_seq FROM documents WHERE workspace_id = ? AND name = ?")
            .bind(append.workspace.0)
            .bind(append.name.as_str().to_owned())
            .fetch_optional(connection)
            .await?;
    Ok(head.map_or(Seq::ZERO, seq))
}

async fn insert_updates(
    connection: &mut SqliteConnection,
    planned: &[PlannedRow<'_>],
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    let mut query = sqlx::query(INSERT_UPDATES.marked(planned.len()));
    for row in planned {
        query = query
            .bind(row.append.document.0)
            .bind(to_sql(row.seq))
            .bind(row.append.workspace.0)
            .bind(row.update.author.clone())
            .bind(now_ms)
            .bind(row.update.bytes.to_vec());
    }
    query.execute(connection).await?;
    Ok(())
}
