//! What people say about documents and tasks.
//!
//! Invariant: a reply and the comment that it belongs to are about one topic, and replies have none of their own. A
//! comment that was deleted says nothing; it stays only as long as replies hang on it.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::{Span, span, tenant_span};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::{Value, args};
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// What people talk about, watch, or attach files to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Topic {
    /// The document; the board of a task.
    pub document_id: Uuid,
    /// The task, unless it is the document as a whole.
    pub task_id: Option<Uuid>,
}

/// Whose a comment is. One of the first two is there, and not both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Author {
    /// Somebody with an account.
    pub user_id: Option<Uuid>,
    /// Somebody whom an application or a link has let in: a name by which they are known again.
    pub subject: Option<String>,
    /// What the latter call themselves.
    pub name: Option<String>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// What it is about.
    pub topic: Topic,
    /// The comment that it replies to.
    pub parent_id: Option<Uuid>,
    /// Whose it is.
    pub author: Author,
    /// What it says, as it was written; empty once it is deleted.
    pub body: String,
    /// Who is mentioned in it.
    pub mentions: Vec<Uuid>,
    /// The part of the document that it is about: JSON whose meaning is the caller's.
    pub anchor: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When what it says was last changed.
    pub edited_at_ms: Option<i64>,
    /// When it was deleted.
    pub deleted_at_ms: Option<i64>,
    /// When its thread was resolved, if it is.
    pub resolved_at_ms: Option<i64>,
    /// Who did, as far as they have an account.
    pub resolved_by: Option<Uuid>,
    /// How often the row was changed, from 1.
    pub version: i64,
    /// How many replies it has.
    pub replies: i64,
}

/// What a new comment is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewComment<'a> {
    /// Its id.
    pub id: Uuid,
    /// What it is about.
    pub topic: Topic,
    /// The comment that it replies to.
    pub parent_id: Option<Uuid>,
    /// Whose it is.
    pub author: &'a Author,
    /// What it says.
    pub body: &'a str,
    /// Who is mentioned in it.
    pub mentions: &'a [Uuid],
    /// The part of the document that it is about.
    pub anchor: Option<&'a str>,
    /// Now.
    pub now_ms: i64,
}

/// What becomes of a comment; everything is set.
#[derive(Debug, Clone, Copy)]
pub struct CommentChange<'a> {
    /// What it says.
    pub body: &'a str,
    /// Who is mentioned in it.
    pub mentions: &'a [Uuid],
    /// The part of the document that it is about.
    pub anchor: Option<&'a str>,
    /// When what it says was last changed.
    pub edited_at_ms: Option<i64>,
}

/// Which comments on a topic are asked for; `None` does not narrow.
#[derive(Debug, Clone, Copy, Default)]
pub struct CommentFilter {
    /// Replies to this one.
    pub parent_id: Option<Uuid>,
    /// Those that begin a thread, or replies.
    pub is_root: Option<bool>,
    /// Those whose thread is resolved, or is not. Replies are not asked about that.
    pub is_resolved: Option<bool>,
}

/// What is left of a comment that was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentRemains {
    /// Nothing.
    Nothing,
    /// Its place, for the replies.
    Place,
}

macro_rules! columns {
    () => {
        "c.workspace_id, c.id, c.document_id, c.task_id, c.parent_id, c.author_user_id, c.author_subject, \
         c.author_name, c.body, c.mentions, c.anchor, c.created_at_ms, c.edited_at_ms, c.deleted_at_ms, \
         c.resolved_at_ms, c.resolved_by, c.version, (SELECT count(*) FROM comments r \
         WHERE r.workspace_id = c.workspace_id AND r.parent_id = c.id) AS replies"
    };
}

impl FromRow for Comment {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            topic: Topic {
                document_id: row.get("document_id")?,
                task_id: row.get("task_id")?,
            },
            parent_id: row.get("parent_id")?,
            author: Author {
                user_id: row.get("author_user_id")?,
                subject: row.get("author_subject")?,
                name: row.get("author_name")?,
            },
            body: row.get("body")?,
            mentions: ids_of(&row.get::<String>("mentions")?)?,
            anchor: row.get("anchor")?,
            created_at_ms: row.get("created_at_ms")?,
            edited_at_ms: row.get("edited_at_ms")?,
            deleted_at_ms: row.get("deleted_at_ms")?,
            resolved_at_ms: row.get("resolved_at_ms")?,
            resolved_by: row.get("resolved_by")?,
            version: row.get("version")?,
            replies: row.get("replies")?,
        })
    }
}

/// Ids between commas, as the column has them.
fn ids_of(text: &str) -> Result<Vec<Uuid>, RecordError> {
    let ids = text.split(',').filter(|id| !id.is_empty()).map(Uuid::try_parse);
    ids.collect::<Result<_, _>>()
        .map_err(|_| RecordError::unreadable("mentions"))
}

fn text_of(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
}

/// `$6` and `$7` are the topic, `$8` to `$10` the filter.
macro_rules! asked_for {
    ($topic:literal) => {
        concat!(
            " FROM comments c WHERE c.workspace_id = $1 AND c.document_id = $6 AND ",
            $topic,
            " AND ($8 IS NULL OR c.parent_id = $8) AND ($9 IS NULL OR (c.parent_id IS NULL) = $9) \
             AND ($10 IS NULL OR (c.parent_id IS NULL AND (c.resolved_at_ms IS NOT NULL) = $10))"
        )
    };
}

macro_rules! list {
    ($span:expr, $topic:literal) => {
        tenant_span!(
            $span,
            "c.created_at_ms",
            "c.id",
            "SELECT ",
            columns!(),
            asked_for!($topic)
        )
    };
}

macro_rules! count {
    ($topic:literal) => {
        tenant_sql!(
            "SELECT count(*) AS n",
            asked_for!($topic),
            // The parameters of the span are named, so that both statements have the same ones.
            " AND ($2 IS NULL AND $3 IS NULL AND $4 >= 0 AND $5 >= 0)"
        )
    };
}

fn values(topic: Topic, filter: CommentFilter, span: [Value; 4]) -> Vec<Value> {
    let mut values = span.to_vec();
    values.extend(args![
        topic.document_id,
        topic.task_id,
        filter.parent_id,
        filter.is_root,
        filter.is_resolved
    ]);
    values
}

impl Tx {
    /// A comment.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn comment(&mut self, id: Uuid) -> Result<Option<Comment>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "an address names a comment and not its workspace; permission is asked about its document",
            concat!("SELECT ", columns!(), " FROM comments c WHERE c.id = $1"),
        );
        self.one_across(SQL, args![id]).await
    }
}

impl Tenant<'_> {
    /// Makes a comment.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if the id is in use, [`RecordError::Dangling`] if there is no such document or parent
    /// here; a failure of the database.
    pub async fn create_comment(&mut self, new: NewComment<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO comments (workspace_id, id, document_id, task_id, parent_id, author_user_id, author_subject, \
             author_name, body, mentions, anchor, created_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        );
        let values = args![
            new.id,
            new.topic.document_id,
            new.topic.task_id,
            new.parent_id,
            new.author.user_id,
            new.author.subject.as_deref(),
            new.author.name.as_deref(),
            new.body,
            text_of(new.mentions),
            new.anchor,
            new.now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Comments on a topic, in the order in which they were made.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn comments(
        &mut self,
        topic: Topic,
        filter: CommentFilter,
        span: &Span,
    ) -> Result<Vec<Comment>, RecordError> {
        let sql = match topic.task_id {
            Some(_) => list!(span, "c.task_id = $7"),
            None => list!(span, "c.task_id IS NULL AND $7 IS NULL"),
        };
        self.all(sql, values(topic, filter, span.by_number())).await
    }

    /// How many they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_comments(&mut self, topic: Topic, filter: CommentFilter) -> Result<i64, RecordError> {
        let sql = match topic.task_id {
            Some(_) => count!("c.task_id = $7"),
            None => count!("c.task_id IS NULL AND $7 IS NULL"),
        };
        let values = values(topic, filter, Span::first(0).by_number());
        let count: Option<Count> = self.one(sql, values).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Makes a comment say something else.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn change_comment(&mut self, id: Uuid, change: CommentChange<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE comments SET body = $3, mentions = $4, anchor = $5, edited_at_ms = $6, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2 AND deleted_at_ms IS NULL"
        );
        let mentions = text_of(change.mentions);
        let values = args![id, change.body, mentions, change.anchor, change.edited_at_ms];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Resolves the thread that a comment begins, for `by` at some time, or opens it again (`None`).
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn resolve_comment(
        &mut self,
        id: Uuid,
        resolved: Option<(Option<Uuid>, i64)>,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE comments SET resolved_at_ms = $3, resolved_by = $4, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2"
        );
        let at = resolved.map(|(_, at)| at);
        let by = resolved.and_then(|(by, _)| by);
        self.execute(sql, args![id, at, by]).await.map(|_| ())
    }

    /// Deletes a comment, and what events say of it. One with replies keeps its place and nothing else; the last reply
    /// takes the place of a deleted parent along.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn delete_comment(
        &mut self,
        comment: &Comment,
        now_ms: i64,
    ) -> Result<CommentRemains, RecordError> {
        let id = comment.id;
        self.silence_comment(comment.topic.document_id, id).await?;
        let reactions =
            tenant_sql!("DELETE FROM comment_reactions WHERE workspace_id = $1 AND comment_id = $2");
        self.execute(reactions, args![id]).await?;
        let place = tenant_sql!(
            "UPDATE comments SET body = '', mentions = '', anchor = NULL, deleted_at_ms = $3, \
             version = version + 1 WHERE workspace_id = $1 AND id = $2 AND EXISTS \
             (SELECT 1 FROM comments r WHERE r.workspace_id = $1 AND r.parent_id = $2)"
        );
        if self.execute(place, args![id, now_ms]).await? > 0 {
            return Ok(CommentRemains::Place);
        }
        let row = tenant_sql!("DELETE FROM comments WHERE workspace_id = $1 AND id = $2");
        self.execute(row, args![id]).await?;
        if let Some(parent) = comment.parent_id {
            let abandoned = tenant_sql!(
                "DELETE FROM comments WHERE workspace_id = $1 AND id = $2 AND deleted_at_ms IS NOT NULL \
                 AND NOT EXISTS (SELECT 1 FROM comments r WHERE r.workspace_id = $1 AND r.parent_id = $2)"
            );
            self.execute(abandoned, args![parent]).await?;
        }
        Ok(CommentRemains::Nothing)
    }
}
