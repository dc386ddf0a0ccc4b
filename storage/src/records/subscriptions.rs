//! Who hears of a document or a task, and who wants to hear no more of it.
//!
//! Invariant: what somebody chose themselves is never changed by what they do otherwise.

use uuid::Uuid;

use super::comments::Topic;
use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::tenant_sql;
use super::tenant::Tenant;
use super::value::args;

/// That somebody hears of a topic, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Who.
    pub user_id: Uuid,
    /// `watching` or `muted`.
    pub state: String,
    /// Why: `chosen`, `commented`, `mentioned`, `assigned` or `created`.
    pub reason: String,
    /// Since when, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was last changed.
    pub updated_at_ms: i64,
    /// How often the row was changed, from 1.
    pub version: i64,
}

impl FromRow for Subscription {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            user_id: row.get("user_id")?,
            state: row.get("state")?,
            reason: row.get("reason")?,
            created_at_ms: row.get("created_at_ms")?,
            updated_at_ms: row.get("updated_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl Topic {
    /// Its name in the rows, and its id.
    fn key(self) -> (&'static str, Uuid) {
        match self.task_id {
            Some(task) => ("task", task),
            None => ("document", self.document_id),
        }
    }
}

impl Tenant<'_> {
    /// What somebody wants to hear of a topic, if anything is known about that.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn subscription(
        &mut self,
        topic: Topic,
        user: Uuid,
    ) -> Result<Option<Subscription>, RecordError> {
        let sql = tenant_sql!(
            "SELECT user_id, state, reason, created_at_ms, updated_at_ms, version FROM subscriptions \
             WHERE workspace_id = $1 AND topic = $2 AND topic_id = $3 AND user_id = $4"
        );
        let (kind, id) = topic.key();
        self.one(sql, args![kind, id, user]).await
    }

    /// Everybody of whom something is known, by their ids after `after`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn subscriptions(
        &mut self,
        topic: Topic,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Subscription>, RecordError> {
        let sql = tenant_sql!(
            "SELECT user_id, state, reason, created_at_ms, updated_at_ms, version FROM subscriptions \
             WHERE workspace_id = $1 AND topic = $2 AND topic_id = $3 AND ($4 IS NULL OR user_id > $4) \
             ORDER BY user_id LIMIT $5"
        );
        let (kind, id) = topic.key();
        self.all(sql, args![kind, id, after, limit]).await
    }

    /// Does what somebody chose: `watching` or `muted`.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if they are not in the workspace; a failure of the database.
    pub async fn put_subscription(
        &mut self,
        topic: Topic,
        user: Uuid,
        state: &str,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO subscriptions (workspace_id, topic, topic_id, user_id, document_id, state, reason, \
             created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, 'chosen', $7, $7) \
             ON CONFLICT (workspace_id, topic, topic_id, user_id) DO UPDATE SET state = $6, reason = 'chosen', \
             updated_at_ms = $7, version = subscriptions.version + 1"
        );
        let (kind, id) = topic.key();
        let values = args![kind, id, user, topic.document_id, state, now_ms];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Has somebody hear of a topic from now on for `reason`, unless something is known about that already, or they are
    /// not in the workspace (any more).
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn subscribe(
        &mut self,
        topic: Topic,
        user: Uuid,
        reason: &str,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO subscriptions (workspace_id, topic, topic_id, user_id, document_id, state, reason, \
             created_at_ms, updated_at_ms) SELECT $1, $2, $3, m.user_id, $5, 'watching', $6, $7, $7 \
             FROM workspace_members m WHERE m.workspace_id = $1 AND m.user_id = $4 \
             ON CONFLICT (workspace_id, topic, topic_id, user_id) DO NOTHING"
        );
        let (kind, id) = topic.key();
        let values = args![kind, id, user, topic.document_id, reason, now_ms];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Forgets what is known about somebody and a topic. Whether something was.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn unsubscribe(&mut self, topic: Topic, user: Uuid) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "DELETE FROM subscriptions WHERE workspace_id = $1 AND topic = $2 AND topic_id = $3 AND user_id = $4"
        );
        let (kind, id) = topic.key();
        Ok(self.execute(sql, args![kind, id, user]).await? > 0)
    }
}
