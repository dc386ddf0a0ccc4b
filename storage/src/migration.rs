//! Bringing a database's schema up to date, apart from serving it.
//!
//! Opening a storage does the same; here it can be done, and looked at, before a new version starts.

use crate::config::{Database, StorageConfig};
use crate::error::StorageError;
use crate::{postgres, sqlite, storage};

/// A change of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its number; they are made in this order.
    pub version: i64,
    /// What it is about.
    pub name: String,
}

/// Which migrations of this program the database does not have yet. Nothing is changed, nothing is created.
///
/// # Errors
/// [`StorageError::NewerSchema`], or a failure of the storage.
pub async fn pending_migrations(config: &StorageConfig) -> Result<Vec<Migration>, StorageError> {
    match &config.database {
        Database::Embedded => sqlite::pending_migrations(config).await,
        Database::Postgres(url) => postgres::pending_migrations(url).await,
    }
}

/// Makes the migrations that the database does not have yet, and returns them. An embedded database is created when there
/// is none. Of several nodes that migrate a Postgres database at the same time one does, and the others wait.
///
/// # Errors
/// [`StorageError::Locked`] when a server has the data directory open, [`StorageError::NewerSchema`],
/// [`StorageError::Schema`], or a failure of the storage.
pub async fn migrate(config: &StorageConfig) -> Result<Vec<Migration>, StorageError> {
    let pending = match &config.database {
        Database::Embedded => {
            let _lock = storage::lock_directory(&config.data_dir).await?;
            let pending = sqlite::pending_migrations(config).await?;
            sqlite::migrate_file(config).await?;
            pending
        }
        Database::Postgres(url) => {
            let pending = postgres::pending_migrations(url).await?;
            postgres::migrate_database(url).await?;
            pending
        }
    };
    Ok(pending)
}

/// Those of `known` that are not among the `applied` versions.
///
/// # Errors
/// [`StorageError::NewerSchema`] if something was applied that is not known.
pub(crate) fn missing(
    known: &sqlx::migrate::Migrator,
    applied: &[i64],
) -> Result<Vec<Migration>, StorageError> {
    let newest = newest(known);
    if let Some(found) = applied.iter().max().filter(|found| **found > newest) {
        return Err(StorageError::NewerSchema {
            found: *found,
            known: newest,
        });
    }
    let missing = known
        .iter()
        .filter(|migration| !applied.contains(&migration.version))
        .map(|migration| Migration {
            version: migration.version,
            name: migration.description.to_string(),
        });
    Ok(missing.collect())
}

/// The newest version that this program knows.
pub(crate) fn newest(known: &sqlx::migrate::Migrator) -> i64 {
    known
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default()
}
