//! The keys that sign our tokens, sealed.

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::global_sql;
use super::tx::Tx;
use super::value::args;

/// A signing key. Its secret is sealed; what is outside of the seal helps to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// Its id.
    pub kid: String,
    /// The whole key, sealed.
    pub sealed: Vec<u8>,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// Since when it signs.
    pub signs_from_ms: i64,
}

impl FromRow for SealedKey {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            kid: row.get("kid")?,
            sealed: row.get("sealed")?,
            created_at_ms: row.get("created_at_ms")?,
            signs_from_ms: row.get("signs_from_ms")?,
        })
    }
}

impl Tx {
    /// All keys.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn signing_keys(&mut self) -> Result<Vec<SealedKey>, RecordError> {
        let sql = global_sql!(
            "SELECT kid, sealed, created_at_ms, signs_from_ms FROM signing_keys ORDER BY signs_from_ms, kid"
        );
        self.all(sql, args![]).await
    }

    /// Stores a key.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if it is stored; a failure of the database.
    pub async fn add_signing_key(&mut self, key: &SealedKey) -> Result<(), RecordError> {
        let sql = global_sql!(
            "INSERT INTO signing_keys (kid, sealed, created_at_ms, signs_from_ms) VALUES ($1, $2, $3, $4)"
        );
        let values = args![&key.kid, key.sealed.clone(), key.created_at_ms, key.signs_from_ms];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Forgets a key.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn remove_signing_key(&mut self, kid: &str) -> Result<(), RecordError> {
        let sql = global_sql!("DELETE FROM signing_keys WHERE kid = $1");
        self.execute(sql, args![kid]).await.map(|_| ())
    }
}
