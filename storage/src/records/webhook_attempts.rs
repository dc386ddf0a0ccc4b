//! Attempts to tell webhook endpoints something, as they went.
//!
//! Invariant: what is kept of an answer is bounded by whoever writes it here.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::tenant_sql;
use super::tenant::Tenant;
use super::value::args;

/// The most attempts of one message that are read.
const MAX_ATTEMPTS: u32 = 100;

/// An attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookAttempt {
    /// Its message.
    pub message_id: Uuid,
    /// From 1.
    pub number: i64,
    /// When it began.
    pub started_at_ms: i64,
    /// How long it took.
    pub duration_ms: i64,
    /// The status of the answer, if there was one.
    pub status: Option<i64>,
    /// Why there was none, or why it did not count.
    pub error: Option<String>,
    /// How the answer began.
    pub response: String,
}

/// An attempt that has ended.
#[derive(Debug, Clone, Copy)]
pub struct NewWebhookAttempt<'a> {
    /// Its message.
    pub message_id: Uuid,
    /// When it began.
    pub started_at_ms: i64,
    /// How long it took.
    pub duration_ms: i64,
    /// The status of the answer, if there was one.
    pub status: Option<i64>,
    /// Why there was none, or why it did not count.
    pub error: Option<&'a str>,
    /// How the answer began.
    pub response: &'a str,
}

impl FromRow for WebhookAttempt {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            message_id: row.get("message_id")?,
            number: row.get("number")?,
            started_at_ms: row.get("started_at_ms")?,
            duration_ms: row.get("duration_ms")?,
            status: row.get("status")?,
            error: row.get("error")?,
            response: row.get("response")?,
        })
    }
}

impl Tenant<'_> {
    /// Writes an attempt as the next of its message. To be called when the message says so already.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn record_webhook_attempt(&mut self, new: NewWebhookAttempt<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO webhook_attempts (workspace_id, message_id, number, started_at_ms, duration_ms, status, \
             error, response) SELECT $1, m.id, m.attempts, $3, $4, $5, $6, $7 FROM webhook_messages m \
             WHERE m.workspace_id = $1 AND m.id = $2"
        );
        let values = args![
            new.message_id,
            new.started_at_ms,
            new.duration_ms,
            new.status,
            new.error,
            new.response
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// The last attempts of a message, newest first; at most 100.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn webhook_attempts(&mut self, message: Uuid) -> Result<Vec<WebhookAttempt>, RecordError> {
        let sql = tenant_sql!(
            "SELECT message_id, number, started_at_ms, duration_ms, status, error, response FROM webhook_attempts \
             WHERE workspace_id = $1 AND message_id = $2 ORDER BY number DESC LIMIT $3"
        );
        self.all(sql, args![message, MAX_ATTEMPTS]).await
    }
}
