//! Why data was not moved.

use crate::error::StorageError;

/// Why data was not moved.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// A database or a place for large bytes failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// There is something where the data is to go.
    #[error("the target is not empty: the table {table} has {rows} rows; choose an empty database")]
    NotEmpty {
        /// A table that has rows.
        table: String,
        /// How many.
        rows: u64,
    },
    /// There is something where the data is to go.
    #[error("{0} exists already")]
    Exists(std::path::PathBuf),
    /// The directory is no backup, or not a complete one.
    #[error("{0} is no complete backup")]
    NoBackup(std::path::PathBuf),
    /// The backup is of a form that this program does not know.
    #[error("the backup has the format {0}, which this program does not know: use a newer weft")]
    UnknownFormat(String),
    /// The source was written by another version.
    #[error("the source has schema version {found}, not {expected}: run `weft migrate` on it first")]
    OtherSchema {
        /// The newest migration in the source.
        found: i64,
        /// The newest migration in this program.
        expected: i64,
    },
    /// Two schemas that must be the same differ.
    #[error("the schemas differ: {0}")]
    SchemasDiffer(String),
    /// What was written is not what was read. Nothing was kept of it.
    #[error(
        "table {table}: {read} rows were read, {written} were found afterwards, or their contents differ"
    )]
    Mismatch {
        /// The table.
        table: String,
        /// Rows of the source.
        read: u64,
        /// Rows of the target.
        written: u64,
    },
    /// Rows refer to others that do not exist.
    #[error("rows of the table {table} refer to others that do not exist")]
    Dangling {
        /// The table.
        table: String,
    },
    /// Source and target are the same.
    #[error("source and target are the same")]
    Same,
}
