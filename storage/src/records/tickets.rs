//! Tickets: short-lived secrets that lead once to what lies here for them. Sockets, logins at another provider and the
//! page that asks for consent use them.
//!
//! Invariant: claiming a ticket is one statement, so that of all who show it at once one gets in. `kind` is part of the
//! question: a ticket for one thing opens no other.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::global_sql;
use super::tx::Tx;
use super::value::args;

/// What lies behind a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Whose it is, if it is an account's.
    pub user_id: Option<Uuid>,
    /// The session it goes with.
    pub session_id: Option<Uuid>,
    /// What else was to be remembered, a JSON object.
    pub payload: String,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it ends.
    pub expires_at_ms: i64,
}

/// What a new ticket is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewTicket<'a> {
    /// The hash of its text.
    pub hash: &'a [u8; 32],
    /// What it is for.
    pub kind: &'a str,
    /// Whose it is, if it is an account's.
    pub user_id: Option<Uuid>,
    /// The session it goes with.
    pub session_id: Option<Uuid>,
    /// What else is to be remembered, a JSON object.
    pub payload: &'a str,
    /// Now.
    pub now_ms: i64,
    /// When it ends.
    pub expires_at_ms: i64,
}

impl FromRow for Ticket {
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
    /// Keeps a new ticket.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if the account or session does not exist; a failure of the database.
    pub async fn create_ticket(&mut self, new: NewTicket<'_>) -> Result<(), RecordError> {
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
            new.expires_at_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Uses a ticket up. `None` if it is not there, was for something else, has been used or is over.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn claim_ticket(
        &mut self,
        hash: &[u8; 32],
        kind: &str,
        now_ms: i64,
    ) -> Result<Option<Ticket>, RecordError> {
        let sql = global_sql!(
            "UPDATE single_use_tokens SET used_at_ms = $3 WHERE token_hash = $1 AND kind = $2 \
             AND used_at_ms IS NULL AND revoked_at_ms IS NULL AND expires_at_ms > $3 \
             RETURNING user_id, session_id, payload, created_at_ms, expires_at_ms"
        );
        self.one(sql, args![hash, kind, now_ms]).await
    }

    /// Looks behind a ticket without using it up.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn look_at_ticket(
        &mut self,
        hash: &[u8; 32],
        kind: &str,
        now_ms: i64,
    ) -> Result<Option<Ticket>, RecordError> {
        let sql = global_sql!(
            "SELECT user_id, session_id, payload, created_at_ms, expires_at_ms FROM single_use_tokens \
             WHERE token_hash = $1 AND kind = $2 AND used_at_ms IS NULL AND revoked_at_ms IS NULL \
             AND expires_at_ms > $3"
        );
        self.one(sql, args![hash, kind, now_ms]).await
    }
}
