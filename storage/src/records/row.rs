//! Rows that come out of statements.

use sqlx::postgres::{PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{Decode, Row as _, Type};

use super::error::RecordError;

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a column can be read as: `Uuid`, `String`, `i64`, `f64`, `bool`, `Vec<u8>`, and each as an `Option`.
pub(crate) trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl<T> Column for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl Row {
    /// The value of a column, with the driver's error.
    pub(crate) fn try_get<T: Column>(&self, column: &'static str) -> Result<T, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// The value of a column.
    pub(crate) fn get<T: Column>(&self, column: &'static str) -> Result<T, RecordError> {
        self.try_get(column).map_err(|error| {
            tracing::error!(%error, column, "a column cannot be read");
            RecordError::unreadable(column)
        })
    }

    /// A column that holds 32 bytes.
    pub(crate) fn hash(&self, column: &'static str) -> Result<[u8; 32], RecordError> {
        let bytes: Vec<u8> = self.get(column)?;
        bytes.try_into().map_err(|_| RecordError::unreadable(column))
    }
}

/// Something that a row can be read as.
pub(crate) trait FromRow: Sized {
    /// Reads it.
    fn from_row(row: &Row) -> Result<Self, RecordError>;
}
