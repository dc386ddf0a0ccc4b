//! The one handle to everything that survives a restart.
//!
//! Invariant: while a [`Storage`] is open, no other process has its data directory open; after [`Storage::close`]
//! has returned, none of its tasks runs.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::RwLock;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::aside::QUARANTINE_DIRECTORY;
use crate::audit_archive::AuditArchive;
use crate::backend::{LogReader, LogWriter};
use crate::bell::Bell;
use crate::blob::{BlobKey, BlobStore};
use crate::clock::Clock;
use crate::config::{Database, StorageConfig};
use crate::engine::Engine;
use crate::error::StorageError;
use crate::group::WriterHandle;
use crate::log::DocumentLog;
use crate::objects::ObjectStore;
use crate::places::{self, Places};
use crate::postgres;
use crate::records::{Pools, Records};
use crate::sqlite;
use crate::stats::{CommitObserver, StorageStats};
use crate::stored::Vault;

const LOCK_FILE: &str = "weft.lock";
/// How often blobs that nothing names are looked for in the data directory, and in a bucket.
const OWN_SWEEP: Duration = Duration::from_secs(5 * 60);
const SHARED_SWEEP: Duration = Duration::from_secs(60 * 60);
/// How long a blob must have been unnamed before it is removed: somebody may be about to name or to read it.
const OWN_GRACE: Duration = Duration::from_secs(10 * 60);
const SHARED_GRACE: Duration = Duration::from_secs(60 * 60);

/// An open data directory.
pub struct Storage {
    engine: Arc<Engine>,
    log: Arc<dyn DocumentLog>,
    records: Records,
    objects: Arc<dyn ObjectStore>,
    /// Since when a blob is known to be unreferenced.
    unreferenced: Mutex<HashMap<BlobKey, Instant>>,
}

/// What a sweep of unreferenced blobs did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Blobs that no row names; they are removed once that has been so for the grace period.
    pub waiting: usize,
    /// Blobs that were removed.
    pub removed: usize,
}

impl Storage {
    /// Opens (or creates) a data directory and brings its schema up to date.
    ///
    /// # Errors
    /// [`StorageError::Locked`], [`StorageError::NewerSchema`], [`StorageError::Schema`], or a failure of the storage.
    pub async fn open(config: &StorageConfig, clock: Arc<dyn Clock>) -> Result<Self, StorageError> {
        let tasks = TaskTracker::new();
        let lock = lock_directory(&config.data_dir).await?;
        let (reader, writer, pools) = open_database(config, &tasks).await?;
        let bell = Bell::default();
        let records = Records::new(pools, bell.clone());
        let Places { blobs, objects } = Places::open(config, &tasks).await?;
        places::check(&config.blobs, reader.as_ref(), &records).await?;
        let engine = Arc::new(Engine {
            reader,
            writer: WriterHandle::start((writer, bell), clock, config.write_queue, &tasks, lock),
            records: records.clone(),
            vault: Vault::new(Arc::clone(&blobs), config.inline_limit_bytes),
            blobs,
            tasks,
            naming: Arc::new(RwLock::new(())),
            quarantine_dir: config.data_dir.join(QUARANTINE_DIRECTORY),
            compaction_input_bytes: config.compaction_input_bytes,
        });
        Ok(Self {
            log: engine.clone(),
            records,
            objects,
            engine,
            unreferenced: Mutex::default(),
        })
    }

    /// The document log.
    pub fn log(&self) -> &Arc<dyn DocumentLog> {
        &self.log
    }

    /// People, workspaces, and what belongs to them.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Files that people have uploaded.
    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.objects
    }

    /// The audit log, with what was archived of it.
    pub fn audit_archive(&self) -> AuditArchive {
        AuditArchive::new(&self.engine)
    }

    /// The blob store.
    pub fn blobs(&self) -> &Arc<dyn BlobStore> {
        &self.engine.blobs
    }

    /// Whether the storage can serve: reads from the database, and looks at the outcome of the last write or, if that
    /// failed, tries another.
    ///
    /// # Errors
    /// The failure.
    pub async fn check(&self) -> Result<(), StorageError> {
        self.engine.reader.ping().await?;
        self.engine.writer.check().await
    }

    /// Whether the place of large bytes answers.
    ///
    /// # Errors
    /// The failure.
    pub async fn check_blobs(&self) -> Result<(), StorageError> {
        // What nobody ever wrote does as well.
        self.engine.blobs.has(BlobKey::of(b"")).await.map(|_| ())
    }

    /// The counters.
    pub fn stats(&self) -> StorageStats {
        self.engine.writer.stats()
    }

    /// From now on `observer` is told of every group commit. The first one stays.
    pub fn observe_commits(&self, observer: Arc<dyn CommitObserver>) {
        self.engine.writer.observe(observer);
    }

    /// How often to [sweep](Self::sweep_blobs), and with which grace period. Going through a bucket costs money, and
    /// every node does it.
    pub fn sweep_pace(&self) -> (Duration, Duration) {
        if self.engine.blobs.is_shared() {
            (SHARED_SWEEP, SHARED_GRACE)
        } else {
            (OWN_SWEEP, OWN_GRACE)
        }
    }

    /// Removes blobs that no row has named for `grace`. Meant to be called every now and then; it remembers between
    /// calls since when a blob is unreferenced. `grace` must be longer than a load takes, because a load may have
    /// read the row that named a blob just before a compaction replaced it; and longer than it takes to name a blob that
    /// was put, because another node may be about to.
    ///
    /// # Errors
    /// A failure of the storage.
    pub async fn sweep_blobs(&self, grace: Duration) -> Result<SweepReport, StorageError> {
        let engine = &self.engine;
        // Nobody of this process is between putting a blob and naming it while this is held. Where others put blobs too,
        // their age has to do, and does for us as well.
        let _naming = match engine.blobs.is_shared() {
            true => None,
            false => Some(engine.naming.write().await),
        };
        let named: HashSet<_> = engine.reader.named_blobs().await?.into_iter().collect();
        engine.blobs.settle(&named, grace).await?;
        let mut orphans = engine.blobs.keys().await?;
        orphans.retain(|key| !named.contains(key));
        let mut expired = self.unnamed_for(&orphans, grace);
        if !expired.is_empty() {
            // Listing may have taken long.
            let named: HashSet<_> = engine.reader.named_blobs().await?.into_iter().collect();
            expired.retain(|key| !named.contains(key));
        }
        let removed = engine.blobs.sweep(&expired, grace).await?.len();
        Ok(SweepReport {
            waiting: orphans.len() - removed,
            removed,
        })
    }

    /// Which of `orphans` have been that for `grace`.
    fn unnamed_for(&self, orphans: &[BlobKey], grace: Duration) -> Vec<BlobKey> {
        let now = Instant::now();
        let mut since = self.unreferenced.lock().unwrap_or_else(PoisonError::into_inner);
        *since = orphans
            .iter()
            .map(|key| (*key, since.get(key).copied().unwrap_or(now)))
            .collect();
        since
            .iter()
            .filter(|(_, since)| now.duration_since(**since) >= grace)
            .map(|(key, _)| *key)
            .collect()
    }

    /// Commits what waits, checkpoints the database and releases the data directory. Later calls get
    /// [`StorageError::Closed`]. Closing twice is harmless.
    pub async fn close(&self) {
        self.records.close().await;
        self.engine.reader.close().await;
        self.engine.writer.stop();
        self.engine.tasks.close();
        self.engine.tasks.wait().await;
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Storage")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Opens the database that `config` names, wherever it is.
async fn open_database(
    config: &StorageConfig,
    tasks: &TaskTracker,
) -> Result<(Arc<dyn LogReader>, Box<dyn LogWriter>, Pools), StorageError> {
    Ok(match &config.database {
        Database::Embedded => {
            let (reader, writer, pools) = sqlite::open(config, tasks).await?;
            (Arc::new(reader), Box::new(writer), pools)
        }
        Database::Postgres(url) => {
            let (reader, writer, pools) = postgres::open(url, config).await?;
            (Arc::new(reader), Box::new(writer), pools)
        }
    })
}

/// Creates the data directory when there is none, and takes its lock, which ends with the file.
pub(crate) async fn lock_directory(data_dir: &Path) -> Result<File, StorageError> {
    let data_dir = data_dir.to_owned();
    let prepared = TaskTracker::new().spawn_blocking(move || {
        let lock = lock(&data_dir)?;
        sync_names(&data_dir).map_err(|error| StorageError::from_io("syncing the data directory", error))?;
        Ok(lock)
    });
    prepared.await.unwrap_or(Err(StorageError::Closed))
}

/// Puts the names in the data directory, and its own, on stable storage.
fn sync_names(data_dir: &Path) -> io::Result<()> {
    File::open(data_dir)?.sync_all()?;
    File::open(data_dir.canonicalize()?.parent().unwrap_or(data_dir))?.sync_all()
}

/// Creates the data directory and takes its lock, which the operating system releases when the file is closed.
fn lock(data_dir: &Path) -> Result<File, StorageError> {
    let failed = |error| StorageError::from_io("creating the data directory", error);
    fs::create_dir_all(data_dir).map_err(failed)?;
    let path = data_dir.join(LOCK_FILE);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.map_err(|error| StorageError::from_io("opening the lock file", error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StorageError::Locked { path }),
        Err(TryLockError::Error(error)) => Err(StorageError::from_io("locking the data directory", error)),
    }
}
