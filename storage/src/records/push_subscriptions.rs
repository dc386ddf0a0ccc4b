//! Browsers that want to be told by Web Push, each an address of a push service with the keys of the browser there.
//!
//! Invariant: an address belongs to one account, the one that said it last. What was made in a login counts no longer than
//! that. The secret is sealed before it comes here.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::global_sql;
use super::tx::Tx;
use super::value::args;

/// How many deliveries are remembered that a browser took.
const MAX_TOLD: usize = 32;
const UUID_BYTES: usize = 16;

/// A browser that is to be told from now on.
#[derive(Debug, Clone, Copy)]
pub struct NewPushSubscription<'a> {
    /// Its id, unless the address is known already.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// The login in which it was made, if it was one.
    pub session_id: Option<Uuid>,
    /// The address at the push service.
    pub endpoint: &'a str,
    /// What it is found by.
    pub endpoint_hash: &'a [u8],
    /// The browser's public key.
    pub public_key: &'a [u8],
    /// The browser's secret, sealed.
    pub secret: &'a [u8],
    /// Now.
    pub now_ms: i64,
}

/// A browser that is to be told.
#[derive(Clone, PartialEq, Eq)]
pub struct PushSubscription {
    /// Its id.
    pub id: Uuid,
    /// The address at the push service.
    pub endpoint: String,
    /// The browser's public key.
    pub public_key: Vec<u8>,
    /// The browser's secret, sealed.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created_at_ms: i64,
    /// When the push service last took something for it.
    pub used_at_ms: Option<i64>,
    /// The deliveries that it took last, the newest first.
    pub told: Vec<Uuid>,
}

impl std::fmt::Debug for PushSubscription {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever has the address can disturb the browser.
        formatter
            .debug_struct("PushSubscription")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl FromRow for PushSubscription {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let told: Vec<u8> = row.get("told")?;
        let told = told.chunks_exact(UUID_BYTES);
        Ok(Self {
            id: row.get("id")?,
            endpoint: row.get("endpoint")?,
            public_key: row.get("public_key")?,
            secret: row.get("secret")?,
            created_at_ms: row.get("created_at_ms")?,
            used_at_ms: row.get("used_at_ms")?,
            told: told.filter_map(|id| Uuid::from_slice(id).ok()).collect(),
        })
    }
}

impl Tx {
    /// Has a browser told from now on, as somebody's; an account has at most `most`, the oldest of which go.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn put_push_subscription(
        &mut self,
        new: &NewPushSubscription<'_>,
        most: u32,
    ) -> Result<PushSubscription, RecordError> {
        let sql = global_sql!(
            "INSERT INTO push_subscriptions \
             (id, user_id, session_id, endpoint, endpoint_hash, public_key, secret, created_at_ms, told) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (endpoint_hash) DO UPDATE SET user_id = $2, \
             session_id = $3, public_key = $6, secret = $7, created_at_ms = $8, used_at_ms = NULL, told = $9 \
             RETURNING id, endpoint, public_key, secret, created_at_ms, used_at_ms, told"
        );
        let values = args![
            new.id,
            new.user_id,
            new.session_id,
            new.endpoint,
            new.endpoint_hash,
            new.public_key,
            new.secret,
            new.now_ms,
            Vec::<u8>::new()
        ];
        let put: Option<PushSubscription> = self.one(sql, values).await?;
        let put = put.ok_or(RecordError::unreadable("id"))?;
        let sql = global_sql!(
            "DELETE FROM push_subscriptions WHERE user_id = $1 AND id <> $2 AND id NOT IN \
             (SELECT p.id FROM push_subscriptions p WHERE p.user_id = $1 AND p.id <> $2 \
             ORDER BY p.created_at_ms DESC, p.id DESC LIMIT $3)"
        );
        let others = most.saturating_sub(1);
        self.execute(sql, args![new.user_id, put.id, others]).await?;
        Ok(put)
    }

    /// Somebody's browsers whose logins have not ended, the oldest first.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn push_subscriptions(
        &mut self,
        user: Uuid,
        now_ms: i64,
    ) -> Result<Vec<PushSubscription>, RecordError> {
        let sql = global_sql!(
            "SELECT p.id, p.endpoint, p.public_key, p.secret, p.created_at_ms, p.used_at_ms, \
             p.told FROM push_subscriptions p LEFT JOIN sessions s ON s.id = p.session_id WHERE p.user_id = $1 AND (p.session_id IS NULL \
             OR (s.ended_at_ms IS NULL AND s.expires_at_ms > $2)) ORDER BY p.created_at_ms, p.id"
        );
        self.all(sql, args![user, now_ms]).await
    }

    /// Notes that the push service took a delivery for a browser, which is as it was read.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn use_push_subscription(
        &mut self,
        browser: &PushSubscription,
        delivery: Uuid,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let told = std::iter::once(&delivery).chain(&browser.told).take(MAX_TOLD);
        let told: Vec<u8> = told.flat_map(|id| *id.as_bytes()).collect();
        let sql = global_sql!("UPDATE push_subscriptions SET used_at_ms = $2, told = $3 WHERE id = $1");
        self.execute(sql, args![browser.id, now_ms, told])
            .await
            .map(|_| ())
    }

    /// Tells one of somebody's browsers nothing more. Whether it was told anything.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn remove_push_subscription(&mut self, user: Uuid, id: Uuid) -> Result<bool, RecordError> {
        let sql = global_sql!("DELETE FROM push_subscriptions WHERE user_id = $1 AND id = $2");
        Ok(self.execute(sql, args![user, id]).await? > 0)
    }
}
