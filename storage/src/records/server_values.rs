//! Values that all nodes share, by name. Secrets among them come here sealed.

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::global_sql;
use super::tx::Tx;
use super::value::args;

struct Bytes(Vec<u8>);

impl FromRow for Bytes {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        row.get("value").map(Self)
    }
}

impl Tx {
    /// A value.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn server_value(&mut self, name: &str) -> Result<Option<Vec<u8>>, RecordError> {
        let sql = global_sql!("SELECT value FROM server_values WHERE name = $1");
        Ok(self.one::<Bytes>(sql, args![name]).await?.map(|bytes| bytes.0))
    }

    /// Sets a value unless there is one; the one that counts.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn server_value_or(&mut self, name: &str, value: &[u8]) -> Result<Vec<u8>, RecordError> {
        let sql = global_sql!(
            "INSERT INTO server_values (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET name = server_values.name RETURNING value"
        );
        let row: Option<Bytes> = self.one(sql, args![name, value]).await?;
        row.map(|bytes| bytes.0)
            .ok_or_else(|| RecordError::unreadable("value"))
    }

    /// Sets a value, whatever it was.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn set_server_value(&mut self, name: &str, value: &[u8]) -> Result<(), RecordError> {
        let sql = global_sql!(
            "INSERT INTO server_values (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2"
        );
        self.execute(sql, args![name, value]).await.map(|_| ())
    }
}
