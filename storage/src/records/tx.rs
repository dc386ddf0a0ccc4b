//! A transaction on either database.
//!
//! Invariant: a transaction that is not committed leaves nothing behind, also when its future is dropped half-way.

use std::fmt;

use sqlx::Transaction;
use sqlx::pool::PoolConnection;
use sqlx::postgres::Postgres;
use sqlx::sqlite::Sqlite;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit};
use uuid::Uuid;

use super::Pools;
use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, GlobalSql};
use super::tenant::Tenant;
use super::value::{Value, bind};
use crate::bell::Bell;
use crate::model::WorkspaceId;

const OPERATION: &str = "working on the records";

/// A transaction.
pub struct Tx {
    connection: Connection,
    /// Which tenant the connection shows, on Postgres.
    shows: Shows,
    writes: bool,
    bell: Bell,
    /// Whether events were written, which is to be told after the commit.
    has_events: bool,
}

enum Connection {
    /// Begun and ended by plain statements: SQLite rolls back by itself on some failures, which the driver's
    /// bookkeeping would not notice. Whatever is left open is rolled back when the connection is given back. The turn
    /// to write is given back after that, as fields are dropped in order.
    SqliteWrite(PoolConnection<Sqlite>, OwnedMutexGuard<()>),
    SqliteRead(Transaction<'static, Sqlite>),
    /// With the place of one that writes.
    Postgres(Transaction<'static, Postgres>, Option<OwnedSemaphorePermit>),
}

/// What row-level security lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    Nothing,
    Tenant(Uuid),
    Everything,
}

impl Tx {
    pub(super) async fn read(pools: &Pools, bell: &Bell) -> Result<Self, RecordError> {
        let connection = match pools {
            Pools::Sqlite { read, .. } => {
                Connection::SqliteRead(read.begin().await.map_err(RecordError::sqlite(OPERATION))?)
            }
            Pools::Postgres { pool, .. } => {
                // One consistent view, as on SQLite.
                let begun = pool
                    .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await;
                Connection::Postgres(begun.map_err(RecordError::postgres(OPERATION))?, None)
            }
        };
        Ok(Self {
            connection,
            shows: Shows::Nothing,
            writes: false,
            bell: bell.clone(),
            has_events: false,
        })
    }

    pub(super) async fn write(pools: &Pools, bell: &Bell) -> Result<Self, RecordError> {
        let connection = match pools {
            Pools::Sqlite { write, turn, .. } => {
                let turn = turn.clone().lock_owned().await;
                let begin = async {
                    let mut connection = write.acquire().await?;
                    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
                    Ok(connection)
                };
                Connection::SqliteWrite(begin.await.map_err(RecordError::sqlite(OPERATION))?, turn)
            }
            Pools::Postgres { pool, writers } => {
                let place = writers.place().await?;
                let begun = pool.begin().await;
                Connection::Postgres(begun.map_err(RecordError::postgres(OPERATION))?, Some(place))
            }
        };
        Ok(Self {
            connection,
            shows: Shows::Nothing,
            writes: true,
            bell: bell.clone(),
            has_events: false,
        })
    }

    /// Makes everything durable. An error after a lost connection leaves open whether it was.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn commit(self) -> Result<(), RecordError> {
        let committed = match self.connection {
            Connection::SqliteWrite(mut connection, _turn) => {
                let committed = sqlx::query("COMMIT").execute(&mut *connection).await;
                committed.map(|_| ()).map_err(RecordError::sqlite(OPERATION))
            }
            Connection::SqliteRead(transaction) => {
                transaction.commit().await.map_err(RecordError::sqlite(OPERATION))
            }
            Connection::Postgres(transaction, _place) => transaction
                .commit()
                .await
                .map_err(RecordError::postgres(OPERATION)),
        };
        if committed.is_ok() && self.has_events {
            self.bell.ring();
        }
        committed
    }

    /// Notes that events were written.
    pub(super) fn note_events(&mut self) {
        self.has_events = true;
    }

    /// Enters a workspace: its rows and no others can be reached through what this returns. In a transaction that
    /// writes, nobody else writes to the workspace until it ends.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn workspace(&mut self, id: WorkspaceId) -> Result<Tenant<'_>, RecordError> {
        if self.shows != Shows::Tenant(id.0) {
            self.show(Shows::Tenant(id.0)).await?;
            if self.writes && matches!(self.connection, Connection::Postgres(..)) {
                let key = lock_key(id.0);
                self.run("SELECT pg_advisory_xact_lock($1)", vec![key.into()])
                    .await?;
            }
        }
        Ok(Tenant::new(self, id))
    }

    /// Tells Postgres what this transaction may see.
    async fn show(&mut self, shows: Shows) -> Result<(), RecordError> {
        if self.shows == shows {
            return Ok(());
        }
        if matches!(self.connection, Connection::Postgres(..)) {
            let name = match shows {
                Shows::Nothing => String::new(),
                Shows::Tenant(id) => id.to_string(),
                Shows::Everything => "*".to_owned(),
            };
            self.run("SELECT set_config('weft.workspace', $1, true)", vec![name.into()])
                .await?;
        }
        self.shows = shows;
        Ok(())
    }

    /// Rows of a statement about the server.
    pub(crate) async fn all<T: FromRow>(
        &mut self,
        sql: GlobalSql,
        values: Vec<Value>,
    ) -> Result<Vec<T>, RecordError> {
        self.rows(sql.0, values).await
    }

    /// The row of a statement about the server, if there is one.
    pub(crate) async fn one<T: FromRow>(
        &mut self,
        sql: GlobalSql,
        values: Vec<Value>,
    ) -> Result<Option<T>, RecordError> {
        self.row(sql.0, values).await
    }

    /// Runs a statement about the server; how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: GlobalSql, values: Vec<Value>) -> Result<u64, RecordError> {
        self.run(sql.0, values).await
    }

    /// Rows of a statement across tenants.
    pub(crate) async fn all_across<T: FromRow>(
        &mut self,
        sql: CrossTenantSql,
        values: Vec<Value>,
    ) -> Result<Vec<T>, RecordError> {
        self.show(Shows::Everything).await?;
        self.rows(sql.0, values).await
    }

    /// The row of a statement across tenants, if there is one.
    pub(crate) async fn one_across<T: FromRow>(
        &mut self,
        sql: CrossTenantSql,
        values: Vec<Value>,
    ) -> Result<Option<T>, RecordError> {
        self.show(Shows::Everything).await?;
        self.row(sql.0, values).await
    }

    /// Runs a statement across tenants; how many rows it changed.
    pub(crate) async fn execute_across(
        &mut self,
        sql: CrossTenantSql,
        values: Vec<Value>,
    ) -> Result<u64, RecordError> {
        self.show(Shows::Everything).await?;
        self.run(sql.0, values).await
    }

    pub(super) async fn rows<T: FromRow>(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<T>, RecordError> {
        let rows: Vec<Row> = match &mut self.connection {
            Connection::SqliteWrite(connection, _) => sqlite_rows(sql, values, connection).await?,
            Connection::SqliteRead(connection) => sqlite_rows(sql, values, connection).await?,
            Connection::Postgres(connection, _) => {
                let found = bind!(sqlx::query(sql), values).fetch_all(&mut **connection).await;
                let found = found.map_err(RecordError::postgres(OPERATION))?;
                found.into_iter().map(Row::Postgres).collect()
            }
        };
        rows.iter().map(T::from_row).collect()
    }

    pub(super) async fn row<T: FromRow>(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<T>, RecordError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    pub(super) async fn run(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, RecordError> {
        match &mut self.connection {
            Connection::SqliteWrite(connection, _) => sqlite_run(sql, values, connection).await,
            Connection::SqliteRead(connection) => sqlite_run(sql, values, connection).await,
            Connection::Postgres(connection, _) => {
                let done = bind!(sqlx::query(sql), values).execute(&mut **connection).await;
                Ok(done.map_err(RecordError::postgres(OPERATION))?.rows_affected())
            }
        }
    }
}

async fn sqlite_rows(
    sql: &'static str,
    values: Vec<Value>,
    connection: &mut sqlx::SqliteConnection,
) -> Result<Vec<Row>, RecordError> {
    let found = bind!(sqlx::query(sql), values).fetch_all(connection).await;
    let found = found.map_err(RecordError::sqlite(OPERATION))?;
    Ok(found.into_iter().map(Row::Sqlite).collect())
}

async fn sqlite_run(
    sql: &'static str,
    values: Vec<Value>,
    connection: &mut sqlx::SqliteConnection,
) -> Result<u64, RecordError> {
    let done = bind!(sqlx::query(sql), values).execute(connection).await;
    Ok(done.map_err(RecordError::sqlite(OPERATION))?.rows_affected())
}

/// The number of a workspace's lock: its id is random enough in its second half.
fn lock_key(id: Uuid) -> i64 {
    let (first, second) = id.as_u64_pair();
    (first ^ second).cast_signed()
}

impl fmt::Debug for Tx {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tx")
            .field("shows", &self.shows)
            .field("writes", &self.writes)
            .finish_non_exhaustive()
    }
}
