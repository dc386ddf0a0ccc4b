//! What can go wrong with a statement.

use sqlx::error::ErrorKind;

use crate::error::StorageError;
use crate::{postgres, sqlite};

/// A statement failed. Not finding something is no error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordError {
    /// Something that must be unique exists already. The transaction is over.
    #[error("it exists already")]
    Taken,
    /// Something that the row refers to does not exist, or something still refers to it. The transaction is over.
    #[error("something that it refers to is missing, or something still refers to it")]
    Dangling,
    /// The database failed, or holds something that this program cannot read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RecordError {
    pub(super) fn sqlite(operation: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |error| Self::of_kind(&error).unwrap_or_else(|| sqlite::sorted(operation)(error).into())
    }

    pub(super) fn postgres(operation: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |error| Self::of_kind(&error).unwrap_or_else(|| postgres::sorted(operation)(error).into())
    }

    fn of_kind(error: &sqlx::Error) -> Option<Self> {
        match error.as_database_error()?.kind() {
            ErrorKind::UniqueViolation => Some(Self::Taken),
            ErrorKind::ForeignKeyViolation => Some(Self::Dangling),
            _ => None,
        }
    }

    /// A value in the database is none that this program writes.
    pub(super) fn unreadable(column: &'static str) -> Self {
        Self::Storage(StorageError::Schema {
            what: format!("column {column} holds a value that cannot be read").into(),
        })
    }
}

impl From<RecordError> for StorageError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Storage(error) => error,
            broken @ (RecordError::Taken | RecordError::Dangling) => {
                Self::unavailable("working on the records", broken)
            }
        }
    }
}
