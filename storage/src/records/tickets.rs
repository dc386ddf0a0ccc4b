//! Tickets: each opens one socket, once, within seconds of being made.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::global_sql;
use super::tx::Tx;
use super::value::args;

/// What is kept of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Whose it is.
    pub user_id: Uuid,
    /// The session that asked for it, if one did.
    pub session_id: Option<Uuid>,
    /// What else there is to know about the one who asked: JSON, the caller's.
    pub payload: String,
}

/// When a ticket was made and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketTimes {
    /// Now.
    pub created_at_ms: i64,
    /// The end.
    pub expires_at_ms: i64,
}

impl FromRow for Ticket {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            user_id: row.get("user_id")?,
            session_id: row.get("session_id")?,
            payload: row.get("payload")?,
        })
    }
}

impl Tx {
    /// Keeps a ticket under the hash of its text.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if the account or session is gone; a failure of the database.
    pub async fn put_ticket(
        &mut self,
        hash: &[u8; 32],
        ticket: &Ticket,
        times: TicketTimes,
    ) -> Result<(), RecordError> {
        let sql = global_sql!(
            "INSERT INTO single_use_tokens \
             (token_hash, kind, user_id, session_id, payload, created_at_ms, expires_at_ms) \
             VALUES ($1, 'socket_ticket', $2, $3, $4, $5, $6)"
        );
        let values = args![
            hash,
            ticket.user_id,
            ticket.session_id,
            &ticket.payload,
            times.created_at_ms,
            times.expires_at_ms,
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Uses a ticket up. `None` if there is none, or it was used, withdrawn, or is too old.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn use_ticket(&mut self, hash: &[u8; 32], now_ms: i64) -> Result<Option<Ticket>, RecordError> {
        let sql = global_sql!(
            "UPDATE single_use_tokens SET used_at_ms = $2 \
             WHERE token_hash = $1 AND kind = 'socket_ticket' AND user_id IS NOT NULL \
             AND used_at_ms IS NULL AND revoked_at_ms IS NULL AND expires_at_ms > $2 \
             RETURNING user_id, session_id, payload"
        );
        self.one(sql, args![hash, now_ms]).await
    }
}
