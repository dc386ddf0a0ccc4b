//! Brings the schema of the database up to date.

use std::sync::Arc;

use sqlx::Connection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnection;

use super::connect::check_server;
use super::error::sorted;
use super::session::{self, Purpose};
use super::url::PostgresUrl;
use crate::error::StorageError;
use crate::migration::{self, Migration};

/// Runs under an advisory lock of its own, so that of several nodes one migrates and the others wait.
static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// Makes what is missing.
pub(super) async fn migrate(connection: &mut PgConnection) -> Result<(), StorageError> {
    match MIGRATIONS.run_direct(None, connection, false).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(_)) => {
            let found = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
                .fetch_one(connection)
                .await
                .map_err(sorted("reading the schema version"))?;
            Err(StorageError::NewerSchema {
                found,
                known: migration::newest(&MIGRATIONS),
            })
        }
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
            Err(sorted("migrating the database")(error))
        }
        Err(error) => Err(StorageError::Schema {
            what: Arc::from(error.to_string()),
        }),
    }
}

/// Connects, makes what is missing, and closes the connection.
pub(crate) async fn migrate_database(url: &PostgresUrl) -> Result<(), StorageError> {
    let mut connection = session::connect(&session::options(url), Purpose::Migrate).await?;
    let prepared = async {
        check_server(&mut connection).await?;
        migrate(&mut connection).await
    };
    let prepared = prepared.await;
    // Closing it gives back the lock also when the migration has failed.
    let _ = connection.close().await;
    prepared
}

/// What is missing.
pub(crate) async fn pending_migrations(url: &PostgresUrl) -> Result<Vec<Migration>, StorageError> {
    let mut connection = session::connect(&session::options(url), Purpose::Migrate).await?;
    let applied = async {
        let sql = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
        let exists: bool = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
        if !exists {
            return Ok(Vec::new());
        }
        let sql = "SELECT version FROM _sqlx_migrations WHERE success";
        sqlx::query_scalar(sql).fetch_all(&mut connection).await
    };
    let applied: Result<Vec<i64>, sqlx::Error> = applied.await;
    let _ = connection.close().await;
    migration::missing(
        &MIGRATIONS,
        &applied.map_err(sorted("reading the schema version"))?,
    )
}

/// A connection for moving whole tables: it sees all workspaces, and nothing hurries it.
pub(crate) async fn connect_to_move(url: &PostgresUrl) -> Result<PgConnection, StorageError> {
    session::connect(&session::options(url), Purpose::Migrate).await
}
