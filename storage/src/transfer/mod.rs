//! Moves everything from one place to another: backups, their return, and the way from a data directory to Postgres and a
//! bucket.
//!
//! A backup is a data directory: an SQLite file, blobs, objects. Whatever Weft stands on, its backup can be looked at with
//! `weft doctor`, and goes back to any of the databases and places.
//!
//! Invariant: the target is empty before, and complete or as good as empty afterwards. The source is never changed. Order
//! is what makes a backup of a running server whole: first the bytes that are there, then the rows of one moment, then the
//! bytes that these rows name and that are not there yet.

mod backup;
mod bytes;
mod cell;
mod error;
mod postgres;
mod rows;
mod schema;
mod side;
mod sqlite;
mod table;

use std::path::Path;

use tokio_util::task::TaskTracker;

pub use backup::{BackupReport, backup, restore};
pub use bytes::CopiedBytes;
pub use error::TransferError;
pub use rows::CopiedTable;

use self::side::Side;
use crate::config::{Blobs, Database, StorageConfig};
use crate::error::StorageError;
use crate::migration;
use crate::places::Places;
use crate::sqlite::{DATABASE_FILE, newest_version};
use crate::storage::lock_directory;

/// What was moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransferReport {
    /// The tables, by name.
    pub tables: Vec<CopiedTable>,
    /// Documents in the log.
    pub documents: u64,
    /// All updates that were ever committed to them.
    pub updates: u64,
    /// Blobs and objects.
    pub bytes: CopiedBytes,
}

impl TransferReport {
    /// How many rows a table has.
    pub fn rows(&self, table: &str) -> Option<u64> {
        let found = self.tables.iter().find(|copied| copied.name == table);
        found.map(|copied| copied.rows)
    }
}

/// Copies everything of `from`, which no server may have open if it is a data directory, to `to`, which must be empty; and
/// those of `files` that stand beside the database there to the data directory of `to`. Can be tried again after a failure: bytes that have arrived are not copied twice, and rows arrive all at once.
///
/// # Errors
/// [`TransferError`]. Bytes may have arrived then, rows have not.
pub async fn transfer(
    from: &StorageConfig,
    to: &StorageConfig,
    files: &[&str],
) -> Result<TransferReport, TransferError> {
    let _source = match from.database {
        Database::Embedded => Some(lock_directory(&from.data_dir).await?),
        Database::Postgres(_) => None,
    };
    refuse_the_same(from, to)?;
    migration::migrate(to).await?;
    let _target = lock_directory(&to.data_dir).await?;
    let tasks = TaskTracker::new();
    let (source_places, target_places) = (Places::open(from, &tasks).await?, Places::open(to, &tasks).await?);
    let mut source = open(from).await?;
    let mut target = open(to).await?;
    let moved = async {
        let found = source.version().await?;
        if found != newest_version() {
            return Err(TransferError::OtherSchema {
                found,
                expected: newest_version(),
            });
        }
        let named = source.named_blobs().await?;
        // Before the rows, so that rows that have arrived never name what has not.
        let objects = source.named_objects().await?;
        let mut report = TransferReport::default();
        bytes::copy_named(
            &named,
            &objects,
            &source_places,
            &target_places,
            &mut report.bytes,
        )
        .await?;
        backup::copy_files(&from.data_dir, &to.data_dir, files)?;
        report.tables = rows::copy(&mut source, &mut target).await?;
        target.record_place(&to.blobs.to_string()).await?;
        count(&mut target, &mut report).await?;
        Ok(report)
    };
    let moved = moved.await;
    source.close().await;
    target.close().await;
    tasks.close();
    tasks.wait().await;
    moved
}

/// Copies blobs and objects of a database to another place and has the database look for them there from then on. No server
/// may be using it meanwhile.
///
/// # Errors
/// [`TransferError`]. The database goes on looking where it did.
pub async fn move_blobs(at: &StorageConfig, to: Blobs) -> Result<CopiedBytes, TransferError> {
    let _lock = lock_directory(&at.data_dir).await?;
    let target = StorageConfig {
        blobs: to,
        ..at.clone()
    };
    if at.blobs.to_string() == target.blobs.to_string() {
        return Err(TransferError::Same);
    }
    let tasks = TaskTracker::new();
    let (source_places, target_places) = (
        Places::open(at, &tasks).await?,
        Places::open(&target, &tasks).await?,
    );
    let mut database = open(at).await?;
    let moved = async {
        let named = database.named_blobs().await?;
        let objects = database.named_objects().await?;
        let mut copied = CopiedBytes::default();
        bytes::copy_named(&named, &objects, &source_places, &target_places, &mut copied).await?;
        if copied.missing.is_empty() {
            database.record_place(&target.blobs.to_string()).await?;
        }
        Ok(copied)
    };
    let moved = moved.await;
    database.close().await;
    tasks.close();
    tasks.wait().await;
    moved
}

fn refuse_the_same(from: &StorageConfig, to: &StorageConfig) -> Result<(), TransferError> {
    let same = match (&from.database, &to.database) {
        (Database::Embedded, Database::Embedded) => same_directory(&from.data_dir, &to.data_dir),
        (Database::Postgres(from), Database::Postgres(to)) => from.to_string() == to.to_string(),
        _ => false,
    };
    if same { Err(TransferError::Same) } else { Ok(()) }
}

fn same_directory(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}

/// The database that `config` names, which must exist.
async fn open(config: &StorageConfig) -> Result<Side, StorageError> {
    match &config.database {
        Database::Embedded => Side::sqlite(&config.data_dir.join(DATABASE_FILE)).await,
        Database::Postgres(url) => Side::postgres(url).await,
    }
}

/// Adds what the log comes to.
async fn count(side: &mut Side, report: &mut TransferReport) -> Result<(), StorageError> {
    report.documents = side.count("documents").await?;
    let heads = "SELECT CAST(coalesce(sum(head_seq), 0) AS bigint) FROM documents";
    report.updates = side.number(heads.to_owned()).await?;
    Ok(())
}
