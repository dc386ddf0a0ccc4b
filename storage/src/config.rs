//! What the storage must be told.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::postgres::{InvalidDatabaseUrl, PostgresUrl};
use crate::s3::S3Config;

/// The largest update that the log takes, in bytes.
pub const MAX_UPDATE_BYTES: usize = 256 * 1024 * 1024;
/// The longest author id, in bytes.
pub const MAX_AUTHOR_BYTES: usize = 512;

const EMBEDDED_INLINE_BYTES: usize = 64 * 1024;
/// Far below the largest value that Postgres takes, 1 GiB.
const SHARED_INLINE_BYTES: usize = 512 * 1024 * 1024;

/// Where the database is.
#[derive(Debug, Clone, Default)]
pub enum Database {
    /// A file in the data directory.
    #[default]
    Embedded,
    /// A Postgres server, which several nodes may share.
    Postgres(PostgresUrl),
}

impl Database {
    /// The database at `url`; the embedded one if that is empty.
    ///
    /// # Errors
    /// [`InvalidDatabaseUrl`].
    pub fn parse(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        if url.is_empty() {
            return Ok(Self::Embedded);
        }
        PostgresUrl::parse(url).map(Self::Postgres)
    }
}

/// Where blobs and objects are.
#[derive(Debug, Clone, Default)]
pub enum Blobs {
    /// Files in the data directory.
    #[default]
    Files,
    /// A bucket, which several nodes may share.
    S3(Box<S3Config>),
}

impl fmt::Display for Blobs {
    /// As the setting names it: two places of the same name are the same.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files => formatter.write_str("files"),
            Self::S3(config) => write!(formatter, "{}", config.address),
        }
    }
}

/// Settings of the storage.
#[derive(Debug, Clone)]
pub struct StorageConfig {
    /// The directory that holds everything that is not in another place; it is created when it does not exist.
    pub data_dir: PathBuf,
    /// Where the database is.
    pub database: Database,
    /// Where blobs and objects are.
    pub blobs: Blobs,
    /// Snapshots and history segments up to this size are kept in the database, larger ones as blobs.
    pub inline_limit_bytes: usize,
    /// Connections that read beside the one that writes.
    pub reader_connections: u32,
    /// Connections for records, where the database takes several writers (Postgres).
    pub record_connections: u32,
    /// Appends that may wait for the writer; more than that wait in their callers.
    pub write_queue: usize,
    /// How long one compaction's input may be, in bytes; it bounds the memory that a compaction takes.
    pub compaction_input_bytes: usize,
    /// How long to wait for a database lock that another process (a backup, a shell, another node) holds.
    pub busy_timeout: Duration,
}

impl StorageConfig {
    /// The defaults, with everything in `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            database: Database::Embedded,
            blobs: Blobs::Files,
            inline_limit_bytes: EMBEDDED_INLINE_BYTES,
            reader_connections: 4,
            record_connections: 8,
            write_queue: 1024,
            compaction_input_bytes: 64 * 1024 * 1024,
            busy_timeout: Duration::from_secs(5),
        }
    }

    /// The defaults, with the database in `database`.
    ///
    /// Nodes that share a database do not see each other's blob files, so with Postgres and files practically everything
    /// stays in the rows.
    pub fn with_database(data_dir: impl Into<PathBuf>, database: Database) -> Self {
        Self::with_places(data_dir, database, Blobs::Files)
    }

    /// The defaults, with the database in `database`, blobs and objects in `blobs`.
    pub fn with_places(data_dir: impl Into<PathBuf>, database: Database, blobs: Blobs) -> Self {
        let inline_limit_bytes = match (&database, &blobs) {
            (Database::Postgres(_), Blobs::Files) => SHARED_INLINE_BYTES,
            _ => EMBEDDED_INLINE_BYTES,
        };
        Self {
            database,
            blobs,
            inline_limit_bytes,
            ..Self::new(data_dir)
        }
    }
}
