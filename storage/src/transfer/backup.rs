//! Backups: a copy of everything as a data directory, made beside a running server, and its return.
//!
//! Invariant: a backup has its final name, and the file that says so, only when it is complete and on stable storage.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tokio_util::task::TaskTracker;

use super::error::TransferError;
use super::side::Side;
use super::{TransferReport, bytes, count, open, rows, sqlite};
use crate::clock::Clock;
use crate::config::{Database, StorageConfig};
use crate::error::StorageError;
use crate::migration;
use crate::places::Places;
use crate::sqlite::{DATABASE_FILE, newest_version};
use crate::storage::lock_directory;

/// Says that a backup is complete, and what it is.
const MANIFEST: &str = "backup.txt";
const FORMAT: &str = "1";
/// How often the rows are copied anew because bytes that they name were gone by the time their turn came.
const ATTEMPTS: u32 = 3;

/// What a backup, or its return, came to.
pub type BackupReport = TransferReport;

/// Copies everything to the directory `to`, which must not exist. A server may be running and writing: the backup holds
/// everything as it was at one moment. `files` are copied too, those that exist; they are in the data directory beside the
/// database.
///
/// What rows name and is not there to be copied is in the report; the rest of the backup is good.
///
/// # Errors
/// [`TransferError`]; what there is of the backup then has another name.
pub async fn backup(
    from: &StorageConfig,
    to: &Path,
    files: &[PathBuf],
    clock: &dyn Clock,
) -> Result<BackupReport, TransferError> {
    if to.exists() {
        return Err(TransferError::Exists(to.to_owned()));
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = to.with_file_name(name);
    prepare(&partial).map_err(|error| StorageError::from_io("making the backup's directory", error))?;
    let tasks = TaskTracker::new();
    let target = StorageConfig::new(&partial);
    let (source_places, target_places) = (
        Places::of(from, &tasks).await?,
        Places::open(&target, &tasks).await?,
    );
    let mut source = open(from).await?;
    let named = source.named_blobs().await?;
    source.close().await;
    let mut report = TransferReport {
        bytes: bytes::copy_ahead(&named, &source_places, &target_places).await?,
        ..TransferReport::default()
    };
    let mut schema = newest_version();
    for attempt in 1..=ATTEMPTS {
        report.tables = copy_database(from, &target).await?;
        let mut copy = open(&target).await?;
        let (blobs, objects) = (copy.named_blobs().await?, copy.named_objects().await?);
        bytes::copy_named(
            &blobs,
            &objects,
            &source_places,
            &target_places,
            &mut report.bytes,
        )
        .await?;
        count(&mut copy, &mut report).await?;
        schema = copy.version().await?;
        let is_done = report.bytes.missing.is_empty() || attempt == ATTEMPTS;
        if is_done {
            bytes::forget_others(&objects, target_places.objects.as_ref()).await?;
            copy.record_place(&target.blobs.to_string()).await?;
        }
        copy.close().await;
        if is_done {
            break;
        }
    }
    tasks.close();
    tasks.wait().await;
    let manifest = describe(from, &report, (schema, clock.now_ms()));
    let (files, to) = (files.to_vec(), to.to_owned());
    let finished = TaskTracker::new().spawn_blocking(move || finish(&partial, &to, &files, &manifest));
    finished
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error.to_string())))
        .map_err(|error| StorageError::from_io("finishing the backup", error))?;
    Ok(report)
}

/// Puts the backup in `from` back: into the data directory, database and bucket of `to`, which must be empty. Can be tried
/// again after a failure.
///
/// # Errors
/// [`TransferError`].
pub async fn restore(from: &Path, to: &StorageConfig, files: &[&str]) -> Result<BackupReport, TransferError> {
    check_manifest(from)?;
    // Older backups are brought up to date in a copy: a backup is never changed.
    let own = tempfile(&to.data_dir)?;
    let source = StorageConfig {
        data_dir: own.0.clone(),
        ..StorageConfig::new(from)
    };
    let mut original = Side::sqlite(&from.join(DATABASE_FILE)).await?;
    if let Side::Sqlite(connection) = &mut original {
        sqlite::copy_file(connection, &own.0.join(DATABASE_FILE)).await?;
    }
    original.close().await;
    migration::migrate(&source).await?;
    let tasks = TaskTracker::new();
    let places = Places::of(&StorageConfig::new(from), &tasks).await?;
    migration::migrate(to).await?;
    let _lock = lock_directory(&to.data_dir).await?;
    let target_places = Places::open(to, &tasks).await?;
    let (mut copy, mut target) = (open(&source).await?, open(to).await?);
    let restored = async {
        let (blobs, objects) = (copy.named_blobs().await?, copy.named_objects().await?);
        let mut report = TransferReport::default();
        bytes::copy_named(&blobs, &objects, &places, &target_places, &mut report.bytes).await?;
        copy_files(from, &to.data_dir, files)?;
        report.tables = rows::copy(&mut copy, &mut target).await?;
        target.record_place(&to.blobs.to_string()).await?;
        count(&mut target, &mut report).await?;
        Ok::<_, TransferError>(report)
    };
    let restored = restored.await;
    copy.close().await;
    target.close().await;
    tasks.close();
    tasks.wait().await;
    restored
}

/// Copies those of `files` that are there.
pub(super) fn copy_files(from: &Path, to: &Path, files: &[&str]) -> Result<(), StorageError> {
    for name in files {
        copy_file(&from.join(name), &to.join(name))
            .map_err(|error| StorageError::from_io("copying a file beside the database", error))?;
    }
    Ok(())
}

/// A directory that goes with this.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is in nobody's way.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn tempfile(beside: &Path) -> Result<Temporary, StorageError> {
    let directory = beside.join("restoring");
    let made = fs::create_dir_all(beside).and_then(|()| prepare(&directory));
    made.map_err(|error| StorageError::from_io("making a directory for the backup's database", error))?;
    Ok(Temporary(directory))
}

/// Makes an empty directory that nobody else may read.
fn prepare(directory: &Path) -> io::Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// Copies all rows as they are now into a fresh file.
async fn copy_database(
    from: &StorageConfig,
    target: &StorageConfig,
) -> Result<Vec<super::CopiedTable>, TransferError> {
    let file = target.data_dir.join(DATABASE_FILE);
    for name in [DATABASE_FILE, "weft.db-wal", "weft.db-shm"] {
        match fs::remove_file(target.data_dir.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StorageError::from_io("beginning the copy anew", error).into());
            }
            _ => {}
        }
    }
    let mut source = open(from).await?;
    if let Side::Sqlite(connection) = &mut source {
        let copied = sqlite::copy_file(connection, &file).await;
        source.close().await;
        copied?;
        let mut copy = Side::sqlite(&file).await?;
        let mut tables = Vec::new();
        for name in copy.schema().await?.into_keys() {
            let rows = copy.count(&name).await?;
            tables.push(super::CopiedTable { name, rows });
        }
        copy.close().await;
        return Ok(tables);
    }
    let found = source.version().await?;
    if found != newest_version() {
        return Err(TransferError::OtherSchema {
            found,
            expected: newest_version(),
        });
    }
    crate::sqlite::migrate_file(target).await?;
    let mut copy = Side::sqlite(&file).await?;
    let copied = rows::copy(&mut source, &mut copy).await;
    source.close().await;
    copy.close().await;
    copied
}

fn describe(from: &StorageConfig, report: &BackupReport, (schema, now_ms): (i64, i64)) -> String {
    let database = match from.database {
        Database::Embedded => "sqlite",
        Database::Postgres(_) => "postgres",
    };
    format!(
        "A backup of Weft: a data directory that `weft restore` takes back and `weft doctor --data` examines.\n\
         format {FORMAT}\nversion {}\ntaken_at_ms {now_ms}\ndatabase {database}\nschema {schema}\ndocuments {}\nupdates {}\n\
         blobs {}\nfiles {}\n",
        env!("CARGO_PKG_VERSION"),
        report.documents,
        report.updates,
        report.bytes.blobs,
        report.bytes.objects,
    )
}

fn check_manifest(directory: &Path) -> Result<(), TransferError> {
    let text = fs::read_to_string(directory.join(MANIFEST))
        .map_err(|_| TransferError::NoBackup(directory.to_owned()))?;
    let format = text.lines().find_map(|line| line.strip_prefix("format "));
    match format {
        Some(FORMAT) => Ok(()),
        Some(other) => Err(TransferError::UnknownFormat(other.to_owned())),
        None => Err(TransferError::NoBackup(directory.to_owned())),
    }
}

/// Puts everything on stable storage and gives the backup its name.
fn finish(partial: &Path, to: &Path, files: &[PathBuf], manifest: &str) -> io::Result<()> {
    for file in files {
        if let Some(name) = file.file_name() {
            copy_file(file, &partial.join(name))?;
        }
    }
    File::open(partial.join(DATABASE_FILE))?.sync_all()?;
    let mut file = File::create(partial.join(MANIFEST))?;
    file.write_all(manifest.as_bytes())?;
    file.sync_all()?;
    File::open(partial)?.sync_all()?;
    fs::rename(partial, to)?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Copies a file, if there is one, so that only its owner may read it. What is there already must be the same.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let content = match fs::read(from) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if matches!(fs::read(to), Ok(there) if there == content) {
        return Ok(());
    }
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)?;
    file.write_all(&content)?;
    file.sync_all()
}
