//! Opens the database file: settings, migrations, connections.

use std::path::Path;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};
use tokio_util::task::TaskTracker;

use super::checkpoint::Checkpointer;
use super::error::sorted;
use super::migrate::migrate;
use super::read::SqliteReader;
use super::write::SqliteWriter;
use crate::config::StorageConfig;
use crate::error::StorageError;
use crate::records::{Pools, WriteTurn};

pub(crate) const DATABASE_FILE: &str = "weft.db";

/// Opens the database and brings its schema up to date.
pub(crate) async fn open(
    config: &StorageConfig,
    tasks: &TaskTracker,
) -> Result<(SqliteReader, SqliteWriter, Pools), StorageError> {
    let options = options(&config.data_dir.join(DATABASE_FILE), config);
    let mut writer = options.connect().await.map_err(sorted("opening the database"))?;
    if let Err(error) = migrate(&mut writer).await {
        // The reason to stop is the migration; a failing goodbye adds nothing.
        let _ = writer.close().await;
        return Err(error);
    }
    let checkpoints = options.clone().create_if_missing(false).connect().await;
    let checkpointer = Checkpointer::start(checkpoints.map_err(sorted("opening the database"))?, tasks);
    let pool = SqlitePoolOptions::new()
        .max_connections(config.reader_connections.max(1))
        .test_before_acquire(false)
        .connect_with(
            options
                .clone()
                .create_if_missing(false)
                .pragma("query_only", "ON"),
        )
        .await
        .map_err(sorted("opening the database for reading"))?;
    let turn = WriteTurn::default();
    let records = Pools::Sqlite {
        read: pool.clone(),
        write: records_pool(options.create_if_missing(false)),
        turn: turn.clone(),
    };
    let writer = SqliteWriter::new(writer, checkpointer, turn).await?;
    Ok((SqliteReader::new(pool), writer, records))
}

/// The one connection that writes records.
fn records_pool(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        // Most often there is nothing to roll back, which SQLite reports as an error.
        .after_release(|connection, _| {
            Box::pin(async move {
                let _ = sqlx::query("ROLLBACK").execute(connection).await;
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}

pub(super) fn options(file: &Path, config: &StorageConfig) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(config.busy_timeout)
        .statement_cache_capacity(256)
        .row_buffer_size(256)
        // After a burst the write-ahead log is cut back to this size.
        .pragma("journal_size_limit", "67108864")
        // Checkpoints are the checkpointer's work; the writer only steps in when the log has reached 64 MiB.
        .pragma("wal_autocheckpoint", "16384")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}
