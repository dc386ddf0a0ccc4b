//! The one handle to everything that survives a restart.
//!
//! Invariant: while a [`Storage`] exists, no other process has its data directory open; after [`Storage::close`] has
//! returned, none of its tasks runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::blob::BlobStore;
use crate::clock::Clock;
use crate::config::StorageConfig;
use crate::error::StorageError;
use crate::log::DocumentLog;

/// An open data directory.
pub struct Storage {
    log: Arc<dyn DocumentLog>,
    blobs: Arc<dyn BlobStore>,
}

/// What the storage has done since it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StorageStats {
    /// Committed transactions that held appends.
    pub commits: u64,
    /// Appends that were committed.
    pub appends: u64,
    /// Log rows that were committed.
    pub rows: u64,
    /// Bytes of updates that were committed.
    pub bytes: u64,
    /// Appends that were refused or failed, conflicts included.
    pub failed_appends: u64,
    /// Documents created.
    pub documents_created: u64,
    /// Compactions that changed something.
    pub compactions: u64,
    /// The last failure of the storage itself (not of one document); `None` once a later write has succeeded.
    pub last_error: Option<String>,
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
        let _ = (config, clock);
        Err(StorageError::Closed)
    }

    /// The document log.
    pub fn log(&self) -> &Arc<dyn DocumentLog> {
        &self.log
    }

    /// The blob store.
    pub fn blobs(&self) -> &Arc<dyn BlobStore> {
        &self.blobs
    }

    /// Whether the storage can serve: reads from the database and looks at the outcome of the last write.
    ///
    /// # Errors
    /// The failure.
    pub async fn check(&self) -> Result<(), StorageError> {
        Err(StorageError::Closed)
    }

    /// The counters.
    pub fn stats(&self) -> StorageStats {
        StorageStats::default()
    }

    /// Removes blobs that no row has named for `grace`. Meant to be called every now and then; it remembers between
    /// calls since when a blob is unreferenced.
    ///
    /// # Errors
    /// A failure of the storage.
    pub async fn sweep_blobs(&self, grace: Duration) -> Result<SweepReport, StorageError> {
        let _ = grace;
        Err(StorageError::Closed)
    }

    /// Commits what waits, checkpoints the database and releases the data directory. Later calls get
    /// [`StorageError::Closed`]. Closing twice is harmless.
    pub async fn close(&self) {}
}

impl fmt::Debug for Storage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Storage").finish_non_exhaustive()
    }
}
