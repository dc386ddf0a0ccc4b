//! Connections with the settings that the promises need, and bounds on how long anything may take.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use tokio::time::timeout;

use super::error::{NoAnswer, sorted};
use super::url::PostgresUrl;
use crate::error::StorageError;

/// How long a new connection may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one statement of a writer may run.
const WRITE_STATEMENT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long one statement of a reader may run.
const READ_STATEMENT_TIMEOUT: Duration = Duration::from_secs(120);
/// How long one that changes records may wait for the others who change the same workspace: as many as all servers have
/// places for writers, each of which commits.
const RECORDS_LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a migration may wait for another node that migrates, or for a table.
const MIGRATION_LOCK_TIMEOUT: Duration = Duration::from_secs(60);
/// After so long without a word from its client, Postgres gives up a transaction and its locks.
const IDLE_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(15);

/// What a connection is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// Changing the schema, which may take long.
    Migrate,
    /// Committing; `lock_timeout` is how long to wait for another node's lock on a document.
    Write {
        /// How long to wait for a lock.
        lock_timeout: Duration,
    },
    /// Reading the log.
    Read,
    /// Reading and writing records: nothing of any workspace is seen before one is named.
    Records,
}

/// How to connect.
pub(super) fn options(url: &PostgresUrl) -> PgConnectOptions {
    url.options()
        .application_name("weft")
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

/// Opens a connection for `purpose`.
pub(super) async fn connect(
    options: &PgConnectOptions,
    purpose: Purpose,
) -> Result<PgConnection, StorageError> {
    const OPERATION: &str = "connecting to Postgres";
    let connecting = async {
        let mut connection = options.connect().await?;
        settle(&mut connection, purpose).await?;
        Ok(connection)
    };
    match timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(connected) => connected.map_err(sorted(OPERATION)),
        Err(_) => Err(StorageError::unavailable(OPERATION, NoAnswer(CONNECT_TIMEOUT))),
    }
}

/// Asks a connection of a pool whether it still answers, and leaves no transaction open on it; `true` if it can be used.
///
/// A future that is dropped while its `BEGIN` is under way leaves a transaction of which the driver knows nothing. What
/// is asked next would be part of it, and could not write if it was made for reading. In a statement that is a transaction of
/// its own, sent as plain text, both times are the same.
///
/// # Errors
/// A connection that is lost or broken; the pool then closes it and takes another one.
pub(super) async fn tidy(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = sqlx::raw_sql("SELECT now() = statement_timestamp()")
        .fetch_one(&mut *connection)
        .await?;
    if !row.try_get::<bool, _>(0)? {
        sqlx::raw_sql("ROLLBACK").execute(connection).await?;
    }
    Ok(true)
}

/// Makes the settings of a new connection.
///
/// `synchronous_commit` is raised to `on`, and stays where it is when the administrator has asked for more.
pub(super) async fn settle(connection: &mut PgConnection, purpose: Purpose) -> Result<(), sqlx::Error> {
    let (statement, lock) = match purpose {
        Purpose::Migrate => (Duration::ZERO, MIGRATION_LOCK_TIMEOUT),
        Purpose::Write { lock_timeout } => (WRITE_STATEMENT_TIMEOUT, lock_timeout),
        Purpose::Records => (WRITE_STATEMENT_TIMEOUT, RECORDS_LOCK_TIMEOUT),
        Purpose::Read => (READ_STATEMENT_TIMEOUT, READ_STATEMENT_TIMEOUT),
    };
    // One commit of the log holds edits of many workspaces.
    let workspace = match purpose {
        Purpose::Migrate | Purpose::Write { .. } | Purpose::Read => "*",
        Purpose::Records => "",
    };
    let sql = format!(
        "SET weft.workspace = '{workspace}'; SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}; \
         SELECT set_config('synchronous_commit', 'on', false) \
         WHERE current_setting('synchronous_commit') <> 'remote_apply'",
        statement.as_millis(),
        lock.as_millis(),
        IDLE_TRANSACTION_TIMEOUT.as_millis(),
    );
    // Safe: the text is made of literals and numbers.
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .map(|_| ())
}
