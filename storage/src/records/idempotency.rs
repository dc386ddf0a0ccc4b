//! Answers that are given again: what a request with a key was answered, stored with its effect.
//!
//! Invariant: a key is claimed in the transaction that has the effect, and by one transaction at a time. Whoever claims
//! it second waits until the first has committed or is undone: on SQLite because there is one writer, on Postgres at
//! the unique row.

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::global_sql;
use super::tx::Tx;
use super::value::args;

/// A key, whose it is, and what was asked with it.
#[derive(Debug, Clone, Copy)]
pub struct AnswerKey<'a> {
    /// Who asks; others have keys of their own.
    pub principal: &'a str,
    /// The key, with whatever else it is valid for.
    pub key: &'a str,
    /// The hash of the request.
    pub fingerprint: &'a [u8; 32],
}

/// An answer as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The status.
    pub status: u16,
    /// The headers that belong to it, a JSON object.
    pub headers: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What a key gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is new: have the effect, and store the answer in the same transaction.
    Fresh,
    /// It was answered.
    Answered(StoredAnswer),
    /// It was used for another request.
    Mismatch,
}

struct Stored {
    fingerprint: [u8; 32],
    status: Option<i64>,
    headers: Option<String>,
    body: Option<Vec<u8>>,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            fingerprint: row.hash("fingerprint")?,
            status: row.get("status")?,
            headers: row.get("headers")?,
            body: row.get("body")?,
        })
    }
}

impl Tx {
    /// Claims a key until `expires_at_ms`. To be done before anything else in the transaction, so that those who wait
    /// for it hold nothing that others wait for.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn claim_answer(
        &mut self,
        key: AnswerKey<'_>,
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Result<Claim, RecordError> {
        let forget = global_sql!(
            "DELETE FROM idempotency_keys WHERE principal = $1 AND key = $2 AND expires_at_ms <= $3"
        );
        self.execute(forget, args![key.principal, key.key, now_ms])
            .await?;
        let claim = global_sql!(
            "INSERT INTO idempotency_keys (principal, key, fingerprint, created_at_ms, expires_at_ms) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (principal, key) DO NOTHING"
        );
        let values = args![key.principal, key.key, key.fingerprint, now_ms, expires_at_ms];
        if self.execute(claim, values).await? > 0 {
            return Ok(Claim::Fresh);
        }
        let find = global_sql!(
            "SELECT fingerprint, status, headers, body FROM idempotency_keys WHERE principal = $1 AND key = $2"
        );
        let Some(stored) = self.one::<Stored>(find, args![key.principal, key.key]).await? else {
            return Ok(Claim::Mismatch);
        };
        if stored.fingerprint != *key.fingerprint {
            return Ok(Claim::Mismatch);
        }
        // A claim is never committed without its answer.
        let status = stored.status.and_then(|status| u16::try_from(status).ok());
        let status = status.ok_or(RecordError::unreadable("status"))?;
        Ok(Claim::Answered(StoredAnswer {
            status,
            headers: stored.headers.unwrap_or_default(),
            body: stored.body.unwrap_or_default(),
        }))
    }

    /// Stores the answer of a key that this transaction has claimed.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn store_answer(
        &mut self,
        key: AnswerKey<'_>,
        answer: &StoredAnswer,
    ) -> Result<(), RecordError> {
        let sql = global_sql!(
            "UPDATE idempotency_keys SET status = $3, headers = $4, body = $5 WHERE principal = $1 AND key = $2"
        );
        let values = args![
            key.principal,
            key.key,
            u32::from(answer.status),
            &answer.headers,
            &answer.body[..]
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Forgets answers that are too old to be given again; how many.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn forget_answers(&mut self, now_ms: i64) -> Result<u64, RecordError> {
        let sql = global_sql!("DELETE FROM idempotency_keys WHERE expires_at_ms <= $1");
        self.execute(sql, args![now_ms]).await
    }
}
