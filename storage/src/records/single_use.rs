//! Tokens that count once: codes in mails, tickets, the setup token, logins under way at another provider.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::global_sql;
use super::tx::Tx;
use super::value::args;

/// A token to store.
#[derive(Debug, Clone, Copy)]
pub struct NewSingleUse<'a> {
    /// What is kept of it.
    pub hash: &'a [u8; 32],
    /// What it is for.
    pub kind: &'a str,
    /// Whom it is for.
    pub user_id: Option<Uuid>,
    /// The login that it hangs on, and ends with.
    pub session_id: Option<Uuid>,
    /// What is to be known when it comes back, a JSON object.
    pub payload: &'a str,
    /// Now.
    pub now_ms: i64,
    /// When it ends.
    pub expires_at_ms: i64,
}

/// A stored token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleUseToken {
    /// Whom it is for.
    pub user_id: Option<Uuid>,
    /// The login that it hangs on.
    pub session_id: Option<Uuid>,
    /// What is to be known when it comes back, a JSON object.
    pub payload: String,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it ends.
    pub expires_at_ms: i64,
}

impl FromRow for SingleUseToken {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            user_id: row.get("user_id")?,
            session_id: row.get("session_id")?,
            payload: row.get("payload")?,
            created_at_ms: row.get("created_at_ms")?,
            expires_at_ms: row.get("expires_at_ms")?,
        })
    }
}

impl Tx {
    /// Stores a token.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn add_single_use(&mut self, new: NewSingleUse<'_>) -> Result<(), RecordError> {
        let sql = global_sql!(
            "INSERT INTO single_use_tokens (token_hash, kind, user_id, session_id, payload, created_at_ms, \
             expires_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        );
        let values = args![
            new.hash,
            new.kind,
            new.user_id,
            new.session_id,
            new.payload,
            new.now_ms,
            new.expires_at_ms,
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// A token that counts, without using it up.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn single_use(
        &mut self,
        kind: &str,
        hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<SingleUseToken>, RecordError> {
        let sql = global_sql!(
            "SELECT user_id, session_id, payload, created_at_ms, expires_at_ms FROM single_use_tokens \
             WHERE token_hash = $1 AND kind = $2 AND used_at_ms IS NULL AND revoked_at_ms IS NULL \
             AND expires_at_ms > $3"
        );
        self.one(sql, args![hash, kind, now_ms]).await
    }

    /// Uses a token up, if it counts. What it is used for belongs into the same transaction.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn take_single_use(
        &mut self,
        kind: &str,
        hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<SingleUseToken>, RecordError> {
        let sql = global_sql!(
            "UPDATE single_use_tokens SET used_at_ms = $3 \
             WHERE token_hash = $1 AND kind = $2 AND used_at_ms IS NULL AND revoked_at_ms IS NULL \
             AND expires_at_ms > $3 RETURNING user_id, session_id, payload, created_at_ms, expires_at_ms"
        );
        self.one(sql, args![hash, kind, now_ms]).await
    }

    /// Withdraws somebody's unused tokens of a kind; with `None` those that are for nobody in particular.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn withdraw_single_use(
        &mut self,
        kind: &str,
        user: Option<Uuid>,
        now_ms: i64,
    ) -> Result<u64, RecordError> {
        let sql = global_sql!(
            "UPDATE single_use_tokens SET revoked_at_ms = $3 WHERE kind = $1 AND used_at_ms IS NULL \
             AND revoked_at_ms IS NULL AND (user_id = $2 OR ($2 IS NULL AND user_id IS NULL))"
        );
        self.execute(sql, args![kind, user, now_ms]).await
    }

    /// Forgets tokens that ended before `before_ms`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn sweep_single_use(&mut self, before_ms: i64) -> Result<u64, RecordError> {
        let sql = global_sql!("DELETE FROM single_use_tokens WHERE expires_at_ms < $1");
        self.execute(sql, args![before_ms]).await
    }
}
