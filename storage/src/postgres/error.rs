//! Sorts what Postgres reports into [`StorageError`], and tells certain failures from uncertain ones.

use std::time::Duration;

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::backend::{AfterFailure, BatchFailure};
use crate::error::StorageError;

// SQLSTATE codes.
const READ_ONLY_TRANSACTION: &str = "25006";
const DISK_FULL: &str = "53100";
const DATA_CORRUPTED: &str = "XX001";
const INDEX_CORRUPTED: &str = "XX002";

/// Postgres did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("no answer from Postgres within {0:?}")]
pub(super) struct NoAnswer(pub(super) Duration);

/// Adds what was being done and turns the error into ours.
pub(crate) fn sorted(operation: &'static str) -> impl Fn(sqlx::Error) -> StorageError {
    move |error| match &error {
        sqlx::Error::PoolClosed => StorageError::Closed,
        sqlx::Error::Database(cause) => match cause.code().as_deref() {
            Some(DISK_FULL) => StorageError::Full,
            Some(READ_ONLY_TRANSACTION) => StorageError::ReadOnly,
            Some(DATA_CORRUPTED | INDEX_CORRUPTED) => StorageError::DatabaseDamaged {
                message: cause.message().into(),
            },
            _ => StorageError::unavailable(operation, error),
        },
        _ => StorageError::unavailable(operation, error),
    }
}

/// Whether Postgres has said that the statement failed and is ready for the next one: then nothing of it was done.
/// Otherwise the connection is lost, and with a `COMMIT` on the way nobody knows what became of it.
pub(super) fn is_certain(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(cause) = error else {
        return false;
    };
    cause
        .try_downcast_ref::<PgDatabaseError>()
        .is_some_and(|cause| cause.severity() == PgSeverity::Error)
}

/// A failed transaction, and whether its appends may be tried one by one.
pub(super) fn failure(operation: &'static str, error: sqlx::Error) -> BatchFailure {
    let is_certain = is_certain(&error);
    let error = sorted(operation)(error);
    let next = if is_certain && !matches!(error, StorageError::ReadOnly) {
        AfterFailure::TryEachAlone
    } else {
        AfterFailure::GiveUp
    };
    BatchFailure { error, next }
}
