//! Sorts what SQLite reports into [`StorageError`].

use crate::backend::{AfterFailure, BatchFailure};
use crate::error::StorageError;

// Primary result codes of SQLite (the low byte of an extended code).
const READONLY: i64 = 8;
const CORRUPT: i64 = 11;
const FULL: i64 = 13;
const CONSTRAINT: i64 = 19;
const NOTADB: i64 = 26;
/// The shared memory file of the write-ahead log could not be extended: the disk is full.
const IOERR_SHMSIZE: i64 = 4874;

/// Adds what was being done and turns the error into ours.
pub(crate) fn sorted(operation: &'static str) -> impl Fn(sqlx::Error) -> StorageError {
    move |error| match &error {
        sqlx::Error::PoolClosed => StorageError::Closed,
        sqlx::Error::Database(cause) => {
            let code = code(&error);
            match (code & 0xff, code) {
                (FULL, _) | (_, IOERR_SHMSIZE) => StorageError::Full,
                (READONLY, _) => StorageError::ReadOnly,
                (CORRUPT | NOTADB, _) => StorageError::DatabaseDamaged {
                    message: cause.message().into(),
                },
                _ => StorageError::unavailable(operation, error),
            }
        }
        _ => StorageError::unavailable(operation, error),
    }
}

/// Whether a row broke a constraint.
pub(super) fn does_not_fit(error: &sqlx::Error) -> bool {
    code(error) & 0xff == CONSTRAINT
}

/// SQLite's extended result code; 0 for what is none of its errors.
fn code(error: &sqlx::Error) -> i64 {
    let code = error.as_database_error().and_then(|cause| cause.code());
    code.and_then(|code| code.parse().ok()).unwrap_or_default()
}

/// A failed transaction of appends. What SQLite has not committed it has rolled back.
pub(super) fn failure(operation: &'static str) -> impl Fn(sqlx::Error) -> BatchFailure {
    move |error| {
        let error = sorted(operation)(error);
        let next = match error {
            StorageError::ReadOnly | StorageError::Closed => AfterFailure::GiveUp,
            _ => AfterFailure::TryEachAlone,
        };
        BatchFailure { error, next }
    }
}
