//! Sorts what SQLite reports into [`StorageError`].

use crate::backend::{AfterFailure, BatchFailure};
use crate::error::StorageError;

// Primary result codes of SQLite (the low byte of an extended code).
const READONLY: i64 = 8;
const CORRUPT: i64 = 11;
const FULL: i64 = 13;
const NOTADB: i64 = 26;
/// The shared memory file of the write-ahead log could not be extended: the disk is full.
const IOERR_SHMSIZE: i64 = 4874;

/// Adds what was being done and turns the error into ours.
pub(crate) fn sorted(operation: &'static str) -> impl Fn(sqlx::Error) -> StorageError {
    move |error| match &error {
        sqlx::Error::PoolClosed => StorageError::Closed,
        sqlx::Error::Database(cause) => {
            let code = cause
                .code()
                .and_then(|code| code.parse::<i64>().ok())
                .unwrap_or_default();
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
