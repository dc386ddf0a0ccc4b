//! Brings the schema of the database file up to date.

use std::sync::Arc;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, Connection};

use super::connect::{DATABASE_FILE, options};
use super::error::sorted;
use crate::config::StorageConfig;
use crate::error::StorageError;
use crate::migration::{self, Migration};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");

/// The newest version of the schema that this program knows.
pub(crate) fn newest_version() -> i64 {
    migration::newest(&MIGRATIONS)
}

/// Makes what is missing.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<(), StorageError> {
    match MIGRATIONS.run_direct(None, connection, false).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(_)) => {
            let found = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
                .fetch_one(connection)
                .await
                .map_err(sorted("reading the schema version"))?;
            Err(StorageError::NewerSchema {
                found,
                known: newest_version(),
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

/// Opens the file, which is created when there is none, makes what is missing, and closes it.
pub(crate) async fn migrate_file(config: &StorageConfig) -> Result<(), StorageError> {
    let options = options(&config.data_dir.join(DATABASE_FILE), config);
    let mut connection = options.connect().await.map_err(sorted("opening the database"))?;
    let migrated = migrate(&mut connection).await;
    let closed = connection.close().await;
    migrated?;
    closed.map_err(sorted("closing the database"))
}

/// What is missing. A file that does not exist lacks everything, and is not created.
pub(crate) async fn pending_migrations(config: &StorageConfig) -> Result<Vec<Migration>, StorageError> {
    let file = config.data_dir.join(DATABASE_FILE);
    if !file
        .try_exists()
        .map_err(|error| StorageError::from_io("looking for the database", error))?
    {
        return migration::missing(&MIGRATIONS, &[]);
    }
    let options = options(&file, config).create_if_missing(false);
    let mut connection = options.connect().await.map_err(sorted("opening the database"))?;
    let applied = async {
        let sql = "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
        let tables: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
        if tables == 0 {
            return Ok(Vec::new());
        }
        let sql = "SELECT version FROM _sqlx_migrations WHERE success";
        sqlx::query_scalar(sql).fetch_all(&mut connection).await
    };
    let applied: Result<Vec<i64>, sqlx::Error> = applied.await;
    // It was only read from.
    let _ = connection.close().await;
    migration::missing(
        &MIGRATIONS,
        &applied.map_err(sorted("reading the schema version"))?,
    )
}
