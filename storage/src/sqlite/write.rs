//! The writing side of the SQLite log: one connection, one transaction at a time.
//!
//! Invariant: after each call, whatever its outcome, no transaction is open. Transactions are begun and ended by
//! plain statements: SQLite rolls back by itself on some failures (a full disk among them), and the driver's own
//! bookkeeping of transactions would then be stuck.

use async_trait::async_trait;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnection, SqliteQueryResult};

use super::checkpoint::Checkpointer;
use super::error::{does_not_fit, failure, sorted};
use super::rows::{self, to_sql};
use super::swift::{Statements, Swift};
use crate::backend::{
    BatchFailure, BatchOutcome, Fold, Guarded, HistoryRow, LogWriter, Replacement, SnapshotMark,
};
use crate::board_rows::RowsReport;
use crate::error::StorageError;
use crate::model::{Append, DocumentId, Seq, WorkspaceId};
use crate::projection::{self, Connection, RowsReplacement};
use crate::records::WriteTurn;
use crate::stored::{Place, StoredBytes};

/// The one connection that writes.
pub(crate) struct SqliteWriter {
    connection: SqliteConnection,
    statements: Statements,
    checkpointer: Checkpointer,
    /// Taken for each call, so that whoever writes records beside the log waits in line and not in SQLite.
    turn: WriteTurn,
    /// A transaction was begun, and it was not seen to end. What is no transaction by itself would become part of it.
    may_be_open: bool,
}

/// How a transaction is to end.
enum Ending<T> {
    Commit(T),
    Rollback(T),
}

impl<T> Ending<Option<T>> {
    /// What was not done is rolled back.
    fn of(done: Option<T>) -> Self {
        match done {
            Some(done) => Self::Commit(Some(done)),
            None => Self::Rollback(None),
        }
    }
}

impl SqliteWriter {
    /// A writer through `connection`, whose schema is up to date.
    pub(super) async fn new(
        mut connection: SqliteConnection,
        checkpointer: Checkpointer,
        turn: WriteTurn,
    ) -> Result<Self, StorageError> {
        let statements = Statements::prepare(&mut connection).await;
        Ok(Self {
            connection,
            statements: statements.map_err(sorted("opening the database"))?,
            checkpointer,
            turn,
            may_be_open: false,
        })
    }

    /// Commits in one go what can be. `Ok(None)`: nothing was committed, because something does not fit; what it is, the
    /// general way finds out.
    async fn append_swiftly(
        &mut self,
        appends: &[Append],
        now_ms: i64,
    ) -> Result<Option<BatchOutcome>, sqlx::Error> {
        let Some(swift) = Swift::of(appends).filter(|_| !self.may_be_open) else {
            return Ok(None);
        };
        let committed = swift.commit(&mut self.connection, &mut self.statements, now_ms);
        match committed.await {
            Ok(outcome) => Ok(Some(outcome)),
            Err(error) if does_not_fit(&error) => Ok(None),
            // A full disk or a lock that somebody else holds would be no different the other way.
            Err(error) => Err(error),
        }
    }

    async fn append_generally(
        &mut self,
        appends: &[Append],
        now_ms: i64,
    ) -> Result<BatchOutcome, sqlx::Error> {
        self.begin().await?;
        let written = super::append::write(&mut self.connection, appends, now_ms).await;
        self.end(written.map(Ending::Commit)).await
    }

    /// Makes sure that no transaction is open.
    async fn roll_back(&mut self) {
        match sqlx::query("ROLLBACK").execute(&mut self.connection).await {
            Ok(_) => self.may_be_open = false,
            // Most likely SQLite has already rolled back and there is no transaction left. The next to begin finds out.
            Err(error) => tracing::debug!(%error, "the rollback had nothing to do"),
        }
    }

    async fn begin(&mut self) -> Result<(), sqlx::Error> {
        if self.may_be_open {
            self.roll_back().await;
        }
        self.may_be_open = true;
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut self.connection)
            .await
            .map(|_| ())
    }

    /// Ends the transaction as `outcome` says; a failure rolls it back.
    async fn end<T>(&mut self, outcome: Result<Ending<T>, sqlx::Error>) -> Result<T, sqlx::Error> {
        let failed = match outcome {
            Ok(Ending::Commit(value)) => match sqlx::query("COMMIT").execute(&mut self.connection).await {
                Ok(_) => {
                    self.may_be_open = false;
                    return Ok(value);
                }
                Err(error) => Err(error),
            },
            Ok(Ending::Rollback(value)) => Ok(value),
            Err(error) => Err(error),
        };
        self.roll_back().await;
        failed
    }
}

#[async_trait]
impl LogWriter for SqliteWriter {
    async fn append(&mut self, appends: &[Append], now_ms: i64) -> Result<BatchOutcome, BatchFailure> {
        let _turn = self.turn.clone().lock_owned().await;
        let outcome = match self.append_swiftly(appends, now_ms).await {
            Ok(None) => self.append_generally(appends, now_ms).await,
            Ok(Some(outcome)) => Ok(outcome),
            Err(error) => Err(error),
        };
        let outcome = outcome.map_err(failure("appending"))?;
        let updates = || appends.iter().flat_map(|append| &append.updates);
        self.checkpointer.note(
            updates().count(),
            updates().map(|update| update.bytes.len()).sum(),
        );
        Ok(outcome)
    }

    async fn quarantine(&mut self, id: DocumentId, reason: &str, now_ms: i64) -> Result<(), StorageError> {
        let _turn = self.turn.clone().lock_owned().await;
        let sql = "UPDATE documents SET quarantined_at_ms = ?, quarantine_reason = ? \
                   WHERE id = ? AND quarantined_at_ms IS NULL";
        let query = sqlx::query(sql).bind(now_ms).bind(reason.to_owned()).bind(id.0);
        query
            .execute(&mut self.connection)
            .await
            .map_err(sorted("quarantining"))?;
        Ok(())
    }

    async fn fold(&mut self, fold: &Fold, now_ms: i64) -> Result<Guarded, StorageError> {
        let _turn = self.turn.clone().lock_owned().await;
        let write = async {
            self.begin().await?;
            let written = write_fold(&mut self.connection, fold, now_ms).await;
            self.end(written).await
        };
        let guarded = write.await.map_err(sorted("compacting"))?;
        let inline = [&fold.snapshot, &fold.history]
            .map(StoredBytes::inline_len)
            .iter()
            .sum();
        self.checkpointer.note(fold.rows(), inline);
        Ok(guarded)
    }

    async fn replace(&mut self, replacement: &Replacement, now_ms: i64) -> Result<Guarded, StorageError> {
        let _turn = self.turn.clone().lock_owned().await;
        let write = async {
            self.begin().await?;
            let written = write_replacement(&mut self.connection, replacement, now_ms).await;
            self.end(written).await
        };
        write.await.map_err(sorted("rebuilding"))
    }

    async fn replace_rows(
        &mut self,
        replacement: &RowsReplacement,
        now_ms: i64,
    ) -> Result<Option<RowsReport>, StorageError> {
        let _turn = self.turn.clone().lock_owned().await;
        let write = async {
            self.begin().await?;
            let mut connection = Connection::Sqlite(&mut self.connection);
            let written = projection::replace(&mut connection, replacement, now_ms).await;
            self.end(written.map(Ending::of)).await
        };
        write.await.map_err(sorted("rebuilding the rows of a board"))
    }

    async fn probe(&mut self, now_ms: i64) -> Result<(), StorageError> {
        let _turn = self.turn.clone().lock_owned().await;
        let sql = "INSERT INTO write_probe (id, written_at_ms) VALUES (1, ?) \
                   ON CONFLICT (id) DO UPDATE SET written_at_ms = excluded.written_at_ms";
        let query = sqlx::query(sql).bind(now_ms);
        query
            .execute(&mut self.connection)
            .await
            .map_err(sorted("trying to write"))?;
        Ok(())
    }

    async fn close(mut self: Box<Self>) -> Result<(), StorageError> {
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut self.connection)
            .await;
        let closed = self.connection.close().await;
        checkpoint
            .map(|_| ())
            .and(closed)
            .map_err(sorted("closing the database"))
    }
}

async fn write_fold(
    connection: &mut SqliteConnection,
    fold: &Fold,
    now_ms: i64,
) -> Result<Ending<Guarded>, sqlx::Error> {
    let sql = "UPDATE documents SET snapshot_seq = ? \
               WHERE id = ? AND snapshot_seq = ? AND head_seq >= ? AND quarantined_at_ms IS NULL";
    let moved = sqlx::query(sql)
        .bind(to_sql(fold.through))
        .bind(fold.document.0)
        .bind(to_sql(fold.base.seq))
        .bind(to_sql(fold.through))
        .execute(&mut *connection)
        .await?;
    if moved.rows_affected() != 1 || !is_newest(connection, fold.document, fold.base).await? {
        return Ok(Ending::Rollback(Guarded::Superseded));
    }
    let Fold {
        document, workspace, ..
    } = *fold;
    insert_snapshot(
        connection,
        (document, workspace),
        (fold.through, &fold.snapshot),
        now_ms,
    )
    .await?;
    let segment = HistoryRow {
        first: fold.base.seq.plus(1),
        last: fold.through,
        stored: fold.history.clone(),
    };
    insert_history(connection, (document, workspace), &segment, now_ms).await?;
    let deleted = sqlx::query("DELETE FROM updates WHERE document_id = ? AND seq > ? AND seq <= ?")
        .bind(document.0)
        .bind(to_sql(fold.base.seq))
        .bind(to_sql(fold.through))
        .execute(&mut *connection)
        .await?;
    if deleted.rows_affected() == fold.through.get() - fold.base.seq.get() {
        Ok(Ending::Commit(Guarded::Done))
    } else {
        Ok(Ending::Rollback(Guarded::Superseded))
    }
}

async fn write_replacement(
    connection: &mut SqliteConnection,
    replacement: &Replacement,
    now_ms: i64,
) -> Result<Ending<Guarded>, sqlx::Error> {
    let Replacement {
        document,
        workspace,
        base,
        base_head,
        head,
        ..
    } = *replacement;
    let is_as_expected = is_newest(connection, document, base).await?;
    let sql = "UPDATE documents SET head_seq = ?, snapshot_seq = ?, quarantined_at_ms = NULL, \
               quarantine_reason = NULL WHERE id = ? AND snapshot_seq = ? AND head_seq = ?";
    let moved = sqlx::query(sql)
        .bind(to_sql(head))
        .bind(to_sql(head))
        .bind(document.0)
        .bind(to_sql(base.seq))
        .bind(to_sql(base_head))
        .execute(&mut *connection)
        .await?;
    if moved.rows_affected() != 1 || !is_as_expected {
        return Ok(Ending::Rollback(Guarded::Superseded));
    }
    insert_snapshot(
        connection,
        (document, workspace),
        (head, &replacement.snapshot),
        now_ms,
    )
    .await?;
    for first in &replacement.remove_history {
        let sql = "DELETE FROM history WHERE document_id = ? AND first_seq = ?";
        sqlx::query(sql)
            .bind(document.0)
            .bind(to_sql(*first))
            .execute(&mut *connection)
            .await?;
    }
    for segment in &replacement.add_history {
        insert_history(connection, (document, workspace), segment, now_ms).await?;
    }
    let sql = "DELETE FROM updates WHERE document_id = ? AND seq <= ?";
    sqlx::query(sql)
        .bind(document.0)
        .bind(to_sql(head))
        .execute(&mut *connection)
        .await?;
    Ok(Ending::Commit(Guarded::Done))
}

/// Whether the snapshot row of `document` is still the one that `mark` describes.
async fn is_newest(
    connection: &mut SqliteConnection,
    document: DocumentId,
    mark: SnapshotMark,
) -> Result<bool, sqlx::Error> {
    let checksum: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT checksum FROM snapshots WHERE document_id = ?")
            .bind(document.0)
            .fetch_optional(connection)
            .await?;
    Ok(checksum.as_deref().map(rows::key) == mark.checksum)
}

async fn insert_snapshot(
    connection: &mut SqliteConnection,
    (document, workspace): (DocumentId, WorkspaceId),
    (seq, stored): (Seq, &StoredBytes),
    now_ms: i64,
) -> Result<SqliteQueryResult, sqlx::Error> {
    let sql = "INSERT INTO snapshots \
               (document_id, workspace_id, seq, size_bytes, checksum, inline_bytes, blob_key, created_at_ms) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (document_id) DO UPDATE SET seq = excluded.seq, \
               size_bytes = excluded.size_bytes, checksum = excluded.checksum, \
               inline_bytes = excluded.inline_bytes, blob_key = excluded.blob_key, \
               created_at_ms = excluded.created_at_ms";
    let query = sqlx::query(sql)
        .bind(document.0)
        .bind(workspace.0)
        .bind(to_sql(seq));
    bind_stored(query, stored).bind(now_ms).execute(connection).await
}

async fn insert_history(
    connection: &mut SqliteConnection,
    (document, workspace): (DocumentId, WorkspaceId),
    segment: &HistoryRow,
    now_ms: i64,
) -> Result<SqliteQueryResult, sqlx::Error> {
    let sql = "INSERT INTO history \
               (document_id, workspace_id, first_seq, last_seq, size_bytes, checksum, inline_bytes, blob_key, \
               created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let query = sqlx::query(sql)
        .bind(document.0)
        .bind(workspace.0)
        .bind(to_sql(segment.first))
        .bind(to_sql(segment.last));
    bind_stored(query, &segment.stored)
        .bind(now_ms)
        .execute(connection)
        .await
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

fn bind_stored<'q>(query: Query<'q>, stored: &StoredBytes) -> Query<'q> {
    let (inline, key) = match &stored.place {
        Place::Inline(bytes) => (Some(bytes.to_vec()), None),
        Place::Blob(key) => (None, Some(key.as_bytes().to_vec())),
    };
    query
        .bind(i64::try_from(stored.size_bytes).unwrap_or(i64::MAX))
        .bind(stored.checksum.as_bytes().to_vec())
        .bind(inline)
        .bind(key)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_util::task::TaskTracker;
    use weft_protocol::id::DocumentName;

    use super::*;
    use crate::backend::{LogReader, Lookup, TailLimit};
    use crate::clock::SystemClock;
    use crate::config::StorageConfig;
    use crate::model::NewUpdate;

    #[tokio::test]
    async fn an_append_is_never_part_of_a_transaction_that_somebody_left_open() {
        let directory = tempfile::tempdir().unwrap();
        let config = StorageConfig::new(directory.path());
        let (reader, mut writer, _pools) = crate::sqlite::open(&config, &TaskTracker::new()).await.unwrap();
        let name = DocumentName::parse("doc").unwrap();
        let document = DocumentId::generate(&SystemClock);
        let append = |head| Append {
            document,
            workspace: WorkspaceId::DEFAULT,
            name: name.clone(),
            expected_head: Seq(head),
            updates: vec![NewUpdate {
                bytes: vec![0, 0].into(),
                author: Some(Arc::from("ann")),
            }],
            projection: None,
        };
        writer.append(&[append(0)], 1).await.unwrap();
        writer.begin().await.unwrap();
        writer.append(&[append(1)], 2).await.unwrap();
        // Others see what is committed, and the quick way is open again.
        let lookup = Lookup::Name(WorkspaceId::DEFAULT, &name);
        let seen = reader.read_current(lookup, TailLimit::NONE).await.unwrap();
        assert_eq!(seen.unwrap().tail.len(), 2);
        assert!(!writer.may_be_open);
        Box::new(writer).close().await.unwrap();
    }
}
