//! Reactions to comments: an emoji of somebody, each at most once.

use uuid::Uuid;

use super::comments::Topic;
use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::{Span, span, tenant_span};
use super::statement::tenant_sql;
use super::tenant::Tenant;
use super::value::args;
use super::workspaces::Count;

/// Somebody's reaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// What they showed.
    pub emoji: String,
    /// Who.
    pub user_id: Uuid,
    /// When, in milliseconds since 1970.
    pub created_at_ms: i64,
}

/// How many reacted to a comment with one emoji.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactionCount {
    /// The comment.
    pub comment_id: Uuid,
    /// The emoji.
    pub emoji: String,
    /// How many.
    pub count: i64,
    /// Whether the one who asks is among them.
    pub is_own: bool,
}

impl FromRow for Reaction {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            emoji: row.get("emoji")?,
            user_id: row.get("user_id")?,
            created_at_ms: row.get("created_at_ms")?,
        })
    }
}

impl FromRow for ReactionCount {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            comment_id: row.get("comment_id")?,
            emoji: row.get("emoji")?,
            count: row.get("n")?,
            is_own: row.get::<i64>("own")? > 0,
        })
    }
}

/// What a summary consists of; an emoji stands where it was first shown.
macro_rules! summary {
    ($from:literal) => {
        tenant_sql!(
            "SELECT r.comment_id, r.emoji, count(*) AS n, SUM(CASE WHEN r.user_id = $2 THEN 1 ELSE 0 END) AS own \
             FROM comment_reactions r",
            $from,
            " GROUP BY r.comment_id, r.emoji ORDER BY r.comment_id, MIN(r.created_at_ms), r.emoji"
        )
    };
}

impl Tenant<'_> {
    /// Reacts to a comment. Whether that is new.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such comment here; a failure of the database.
    pub async fn react(
        &mut self,
        comment: Uuid,
        emoji: &str,
        user: Uuid,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO comment_reactions (workspace_id, comment_id, emoji, user_id, created_at_ms) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace_id, comment_id, emoji, user_id) DO NOTHING"
        );
        Ok(self.execute(sql, args![comment, emoji, user, now_ms]).await? > 0)
    }

    /// Takes a reaction back. Whether there was one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn unreact(&mut self, comment: Uuid, emoji: &str, user: Uuid) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "DELETE FROM comment_reactions WHERE workspace_id = $1 AND comment_id = $2 AND emoji = $3 \
             AND user_id = $4"
        );
        Ok(self.execute(sql, args![comment, emoji, user]).await? > 0)
    }

    /// Reactions to a comment, in the order of the emoji; with `emoji`, those that show it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn reactions(
        &mut self,
        comment: Uuid,
        emoji: Option<&str>,
        span: &Span,
    ) -> Result<Vec<Reaction>, RecordError> {
        let sql = tenant_span!(
            span,
            "r.emoji",
            "r.user_id",
            "SELECT r.emoji, r.user_id, r.created_at_ms FROM comment_reactions r \
             WHERE r.workspace_id = $1 AND r.comment_id = $6 AND ($7 IS NULL OR r.emoji = $7)"
        );
        let mut values = span.by_text().to_vec();
        values.extend(args![comment, emoji]);
        self.all(sql, values).await
    }

    /// How many they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_reactions(&mut self, comment: Uuid, emoji: Option<&str>) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM comment_reactions \
             WHERE workspace_id = $1 AND comment_id = $2 AND ($3 IS NULL OR emoji = $3)"
        );
        let count: Option<Count> = self.one(sql, args![comment, emoji]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// How many reacted to a comment with what, as `viewer` sees it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn reactions_to(
        &mut self,
        comment: Uuid,
        viewer: Option<Uuid>,
    ) -> Result<Vec<ReactionCount>, RecordError> {
        let sql = summary!(" WHERE r.workspace_id = $1 AND r.comment_id = $3");
        self.all(sql, args![viewer, comment]).await
    }

    /// The same for all comments on a topic that were made from one moment to another, both included.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn reactions_between(
        &mut self,
        topic: Topic,
        viewer: Option<Uuid>,
        (first_ms, last_ms): (i64, i64),
    ) -> Result<Vec<ReactionCount>, RecordError> {
        let sql = match topic.task_id {
            Some(_) => summary!(
                " JOIN comments c ON c.workspace_id = r.workspace_id AND c.id = r.comment_id \
                 WHERE r.workspace_id = $1 AND c.document_id = $3 AND c.task_id = $4 \
                 AND c.created_at_ms BETWEEN $5 AND $6"
            ),
            None => summary!(
                " JOIN comments c ON c.workspace_id = r.workspace_id AND c.id = r.comment_id \
                 WHERE r.workspace_id = $1 AND c.document_id = $3 AND c.task_id IS NULL AND $4 IS NULL \
                 AND c.created_at_ms BETWEEN $5 AND $6"
            ),
        };
        let values = args![viewer, topic.document_id, topic.task_id, first_ms, last_ms];
        self.all(sql, values).await
    }
}
