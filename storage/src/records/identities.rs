//! Who vouches for an account elsewhere: the pair of issuer and subject.
//!
//! Invariant: a pair belongs to one account for good. An address never leads here.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::global_sql;
use super::tx::Tx;
use super::value::args;

/// Somebody as another provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// The provider.
    pub issuer: String,
    /// Who it is, there.
    pub subject: String,
    /// Who it is, here.
    pub user_id: Uuid,
    /// Since when, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When the provider last vouched for them.
    pub last_used_at_ms: i64,
}

impl FromRow for ExternalIdentity {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            issuer: row.get("issuer")?,
            subject: row.get("subject")?,
            user_id: row.get("user_id")?,
            created_at_ms: row.get("created_at_ms")?,
            last_used_at_ms: row.get("last_used_at_ms")?,
        })
    }
}

impl Tx {
    /// The account for which `issuer` vouches as `subject`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn external_identity(
        &mut self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<ExternalIdentity>, RecordError> {
        let sql = global_sql!(
            "SELECT issuer, subject, user_id, created_at_ms, last_used_at_ms FROM external_identities \
             WHERE issuer = $1 AND subject = $2"
        );
        self.one(sql, args![issuer, subject]).await
    }

    /// Says that `issuer` and `subject` are `user`.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if they are somebody already; a failure of the database.
    pub async fn link_identity(
        &mut self,
        issuer: &str,
        subject: &str,
        user: Uuid,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = global_sql!(
            "INSERT INTO external_identities (issuer, subject, user_id, created_at_ms, last_used_at_ms) \
             VALUES ($1, $2, $3, $4, $4)"
        );
        self.execute(sql, args![issuer, subject, user, now_ms])
            .await
            .map(|_| ())
    }

    /// Writes down that they logged in.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn identity_was_used(
        &mut self,
        issuer: &str,
        subject: &str,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = global_sql!(
            "UPDATE external_identities SET last_used_at_ms = $3 WHERE issuer = $1 AND subject = $2"
        );
        self.execute(sql, args![issuer, subject, now_ms])
            .await
            .map(|_| ())
    }

    /// Everybody who vouches for `user`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn identities_of(&mut self, user: Uuid) -> Result<Vec<ExternalIdentity>, RecordError> {
        let sql = global_sql!(
            "SELECT issuer, subject, user_id, created_at_ms, last_used_at_ms FROM external_identities \
             WHERE user_id = $1 ORDER BY issuer, subject LIMIT 100"
        );
        self.all(sql, args![user]).await
    }
}
