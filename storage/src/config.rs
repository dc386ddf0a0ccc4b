//! What the storage must be told.

use std::path::PathBuf;
use std::time::Duration;

/// The largest update that the log takes, in bytes.
pub const MAX_UPDATE_BYTES: usize = 256 * 1024 * 1024;
/// The longest author id, in bytes.
pub const MAX_AUTHOR_BYTES: usize = 512;

/// Settings of the embedded storage.
#[derive(Debug, Clone)]
pub struct StorageConfig {
    /// The directory that holds everything; it is created when it does not exist.
    pub data_dir: PathBuf,
    /// Snapshots and history segments up to this size are kept in the database, larger ones as blobs.
    pub inline_limit_bytes: usize,
    /// Connections that read beside the one that writes.
    pub reader_connections: u32,
    /// Appends that may wait for the writer; more than that wait in their callers.
    pub write_queue: usize,
    /// How long one compaction's input may be, in bytes; it bounds the memory that a compaction takes.
    pub compaction_input_bytes: usize,
    /// How long to wait for a database lock that another process (a backup, a shell) holds.
    pub busy_timeout: Duration,
}

impl StorageConfig {
    /// The defaults, for `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            inline_limit_bytes: 64 * 1024,
            reader_connections: 4,
            write_queue: 1024,
            compaction_input_bytes: 64 * 1024 * 1024,
            busy_timeout: Duration::from_secs(5),
        }
    }
}
