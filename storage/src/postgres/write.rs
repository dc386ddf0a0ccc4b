//! The writing side of the Postgres log: one connection, one transaction at a time.
//!
//! Invariant: a connection is kept only when its last transaction has ended for certain. While a transaction runs, the
//! connection is out of its place, so that giving up for whatever reason closes it, and Postgres rolls back.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgQueryResult};
use tokio::time::timeout;

use super::error::{NoAnswer, failure, is_certain, sorted};
use super::rows::{self, to_sql};
use super::session::{self, Purpose};
use crate::backend::{
    AfterFailure, BatchFailure, BatchOutcome, Fold, Guarded, HistoryRow, LogWriter, Replacement, SnapshotMark,
};
use crate::board_rows::RowsReport;
use crate::error::StorageError;
use crate::model::{Append, DocumentId, Seq, WorkspaceId};
use crate::projection::{self, Connection, RowsReplacement};
use crate::stored::{Place, StoredBytes};

/// How long the first answer on a connection that has been idle may take.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a transaction may take. Longer than a statement may, so that Postgres is the first to give up.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);

/// Not what the server has as its default: heads must be read after their locks are had.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE";

/// The one connection that writes; it is opened anew after a failure.
pub(crate) struct PostgresWriter {
    options: PgConnectOptions,
    purpose: Purpose,
    idle: Option<PgConnection>,
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

/// What came of a transaction.
enum Ended<T> {
    /// As was asked for.
    AsAsked(T),
    /// It failed.
    Failed(sqlx::Error),
    /// Nobody knows: there was no answer.
    NoAnswer,
}

impl PostgresWriter {
    pub(super) async fn connect(options: PgConnectOptions, purpose: Purpose) -> Result<Self, StorageError> {
        let idle = Some(session::connect(&options, purpose).await?);
        Ok(Self {
            options,
            purpose,
            idle,
        })
    }

    /// A connection with a transaction. One that was cut off while it was idle is replaced at once: nothing has been
    /// asked of it yet.
    async fn begin(&mut self, operation: &'static str) -> Result<PgConnection, BatchFailure> {
        if let Some(mut connection) = self.idle.take() {
            match timeout(BEGIN_TIMEOUT, begin(&mut connection)).await {
                Ok(Ok(())) => return Ok(connection),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the connection to Postgres is lost; connecting again")
                }
                Err(_) => tracing::warn!("the connection to Postgres does not answer; connecting again"),
            }
        }
        let connecting = session::connect(&self.options, self.purpose).await;
        let mut connection = connecting.map_err(give_up)?;
        match timeout(BEGIN_TIMEOUT, begin(&mut connection)).await {
            Ok(Ok(())) => Ok(connection),
            Ok(Err(error)) => Err(give_up(sorted(operation)(error))),
            Err(_) => Err(give_up(StorageError::unavailable(
                operation,
                NoAnswer(BEGIN_TIMEOUT),
            ))),
        }
    }

    /// Keeps the connection if it is good for another transaction.
    fn settle<T>(
        &mut self,
        operation: &'static str,
        connection: PgConnection,
        ended: Ended<T>,
    ) -> Result<T, BatchFailure> {
        match ended {
            Ended::AsAsked(value) => {
                self.idle = Some(connection);
                Ok(value)
            }
            Ended::Failed(error) => {
                let failure = failure(operation, error);
                if failure.next == AfterFailure::TryEachAlone {
                    self.idle = Some(connection);
                }
                Err(failure)
            }
            Ended::NoAnswer => Err(give_up(StorageError::unavailable(
                operation,
                NoAnswer(TRANSACTION_TIMEOUT),
            ))),
        }
    }
}

fn give_up(error: StorageError) -> BatchFailure {
    BatchFailure {
        error,
        next: AfterFailure::GiveUp,
    }
}

async fn begin(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(BEGIN).execute(connection).await.map(|_| ())
}

/// Does `work` and ends the transaction as it says; a failure rolls it back.
async fn end<T>(
    connection: &mut PgConnection,
    outcome: Result<Ending<T>, sqlx::Error>,
) -> Result<T, sqlx::Error> {
    let ended = match outcome {
        Ok(Ending::Commit(value)) => {
            sqlx::raw_sql("COMMIT").execute(connection).await?;
            return Ok(value);
        }
        Err(error) if !is_certain(&error) => return Err(error),
        Ok(Ending::Rollback(value)) => Ok(value),
        Err(error) => Err(error),
    };
    // When this fails, its error counts: the connection must go.
    sqlx::raw_sql("ROLLBACK").execute(connection).await?;
    ended
}

/// Waits for a transaction, but not for ever.
async fn within<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Ended<T> {
    match timeout(TRANSACTION_TIMEOUT, work).await {
        Ok(Ok(value)) => Ended::AsAsked(value),
        Ok(Err(error)) => Ended::Failed(error),
        Err(_) => Ended::NoAnswer,
    }
}

#[async_trait]
impl LogWriter for PostgresWriter {
    async fn append(&mut self, appends: &[Append], now_ms: i64) -> Result<BatchOutcome, BatchFailure> {
        const OPERATION: &str = "appending";
        let mut connection = self.begin(OPERATION).await?;
        let work = async {
            let written = super::append::write(&mut connection, appends, now_ms).await;
            end(&mut connection, written.map(Ending::Commit)).await
        };
        let ended = within(work).await;
        self.settle(OPERATION, connection, ended)
    }

    async fn quarantine(&mut self, id: DocumentId, reason: &str, now_ms: i64) -> Result<(), StorageError> {
        const OPERATION: &str = "quarantining";
        let sql = "UPDATE documents SET quarantined_at_ms = $1, quarantine_reason = $2 \
                   WHERE id = $3 AND quarantined_at_ms IS NULL";
        let mut connection = self.begin(OPERATION).await?;
        let work = async {
            let query = sqlx::query(sql).bind(now_ms).bind(rows::text(reason)).bind(id.0);
            let written = query.execute(&mut connection).await;
            end(&mut connection, written.map(|_| Ending::Commit(()))).await
        };
        let ended = within(work).await;
        Ok(self.settle(OPERATION, connection, ended)?)
    }

    async fn fold(&mut self, fold: &Fold, now_ms: i64) -> Result<Guarded, StorageError> {
        const OPERATION: &str = "compacting";
        let mut connection = self.begin(OPERATION).await?;
        let work = async {
            let written = write_fold(&mut connection, fold, now_ms).await;
            end(&mut connection, written).await
        };
        let ended = within(work).await;
        Ok(self.settle(OPERATION, connection, ended)?)
    }

    async fn replace(&mut self, replacement: &Replacement, now_ms: i64) -> Result<Guarded, StorageError> {
        const OPERATION: &str = "rebuilding";
        let mut connection = self.begin(OPERATION).await?;
        let work = async {
            let written = write_replacement(&mut connection, replacement, now_ms).await;
            end(&mut connection, written).await
        };
        let ended = within(work).await;
        Ok(self.settle(OPERATION, connection, ended)?)
    }

    async fn replace_rows(
        &mut self,
        replacement: &RowsReplacement,
        now_ms: i64,
    ) -> Result<Option<RowsReport>, StorageError> {
        const OPERATION: &str = "rebuilding the rows of a board";
        let mut connection = self.begin(OPERATION).await?;
        let work = async {
            let mut shared = Connection::Postgres(&mut connection);
            let written = projection::replace(&mut shared, replacement, now_ms).await;
            end(&mut connection, written.map(Ending::of)).await
        };
        let ended = within(work).await;
        Ok(self.settle(OPERATION, connection, ended)?)
    }

    async fn probe(&mut self, now_ms: i64) -> Result<(), StorageError> {
        const OPERATION: &str = "trying to write";
        let sql = "INSERT INTO write_probe (id, written_at_ms) VALUES (1, $1) \
                   ON CONFLICT (id) DO UPDATE SET written_at_ms = excluded.written_at_ms";
        let mut connection = self.begin(OPERATION).await?;
        let work = async {
            let written = sqlx::query(sql).bind(now_ms).execute(&mut connection).await;
            end(&mut connection, written.map(|_| Ending::Commit(()))).await
        };
        let ended = within(work).await;
        Ok(self.settle(OPERATION, connection, ended)?)
    }

    async fn close(mut self: Box<Self>) -> Result<(), StorageError> {
        match self.idle.take() {
            Some(connection) => connection.close().await.map_err(sorted("closing the database")),
            None => Ok(()),
        }
    }
}

/// Safe beside other nodes without a lease: the first statement locks the document's row, waits for whoever has it, and
/// then compares what is committed. What is folded are committed rows, which nobody changes but another fold; if one came
/// first, the comparison says so and nothing is written.
async fn write_fold(
    connection: &mut PgConnection,
    fold: &Fold,
    now_ms: i64,
) -> Result<Ending<Guarded>, sqlx::Error> {
    let sql = "UPDATE documents SET snapshot_seq = $1 \
               WHERE id = $2 AND snapshot_seq = $3 AND head_seq >= $4 AND quarantined_at_ms IS NULL";
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
    let deleted = sqlx::query("DELETE FROM updates WHERE document_id = $1 AND seq > $2 AND seq <= $3")
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
    connection: &mut PgConnection,
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
    let sql = "UPDATE documents SET head_seq = $1, snapshot_seq = $2, quarantined_at_ms = NULL, \
               quarantine_reason = NULL WHERE id = $3 AND snapshot_seq = $4 AND head_seq = $5";
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
        let sql = "DELETE FROM history WHERE document_id = $1 AND first_seq = $2";
        sqlx::query(sql)
            .bind(document.0)
            .bind(to_sql(*first))
            .execute(&mut *connection)
            .await?;
    }
    for segment in &replacement.add_history {
        insert_history(connection, (document, workspace), segment, now_ms).await?;
    }
    let sql = "DELETE FROM updates WHERE document_id = $1 AND seq <= $2";
    sqlx::query(sql)
        .bind(document.0)
        .bind(to_sql(head))
        .execute(&mut *connection)
        .await?;
    Ok(Ending::Commit(Guarded::Done))
}

/// Whether the snapshot row of `document` is still the one that `mark` describes.
async fn is_newest(
    connection: &mut PgConnection,
    document: DocumentId,
    mark: SnapshotMark,
) -> Result<bool, sqlx::Error> {
    let checksum: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT checksum FROM snapshots WHERE document_id = $1")
            .bind(document.0)
            .fetch_optional(connection)
            .await?;
    Ok(checksum.as_deref().map(rows::key) == mark.checksum)
}

async fn insert_snapshot(
    connection: &mut PgConnection,
    (document, workspace): (DocumentId, WorkspaceId),
    (seq, stored): (Seq, &StoredBytes),
    now_ms: i64,
) -> Result<PgQueryResult, sqlx::Error> {
    let sql = "INSERT INTO snapshots \
               (document_id, workspace_id, seq, size_bytes, checksum, inline_bytes, blob_key, created_at_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (document_id) DO UPDATE SET seq = excluded.seq, \
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
    connection: &mut PgConnection,
    (document, workspace): (DocumentId, WorkspaceId),
    segment: &HistoryRow,
    now_ms: i64,
) -> Result<PgQueryResult, sqlx::Error> {
    let sql = "INSERT INTO history \
               (document_id, workspace_id, first_seq, last_seq, size_bytes, checksum, inline_bytes, blob_key, \
               created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
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

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

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
