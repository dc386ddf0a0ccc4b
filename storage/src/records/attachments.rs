//! Files that are attached to documents: what is known of them. Their bytes lie in the object store under the same
//! workspace and id.
//!
//! Invariant: a row is `ready` only after its bytes are on stable storage. A row that never became so is swept.

use uuid::Uuid;

use super::comments::Topic;
use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::{Span, span, tenant_span};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// A file that is attached to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The workspace of the document.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// The document; the board of a task.
    pub document_id: Uuid,
    /// The task that it is attached to, if it is one.
    pub task_id: Option<Uuid>,
    /// The name of the file.
    pub name: String,
    /// What its bytes are taken for.
    pub content_type: String,
    /// How long it is, in bytes.
    pub size_bytes: i64,
    /// The SHA-256 of its bytes, once they are there.
    pub checksum: Option<[u8; 32]>,
    /// Whether its bytes are there.
    pub is_ready: bool,
    /// Who attached it.
    pub created_by: Uuid,
    /// When, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// How often the row was changed, from 1.
    pub version: i64,
}

/// What a new attachment is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewAttachment<'a> {
    /// Its id.
    pub id: Uuid,
    /// The document; the board of a task.
    pub document_id: Uuid,
    /// The task that it is attached to, if it is one.
    pub task_id: Option<Uuid>,
    /// The name of the file.
    pub name: &'a str,
    /// What its bytes are said to be.
    pub content_type: &'a str,
    /// How long it will be, in bytes.
    pub size_bytes: i64,
    /// Who attaches it.
    pub created_by: Uuid,
    /// Now.
    pub now_ms: i64,
}

macro_rules! columns {
    () => {
        "a.workspace_id, a.id, a.document_id, a.task_id, a.name, a.content_type, a.size_bytes, a.checksum, a.state, \
         a.created_by, a.created_at_ms, a.version"
    };
}

impl FromRow for Attachment {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let checksum: Option<Vec<u8>> = row.get("checksum")?;
        let checksum = checksum.map(TryInto::try_into).transpose();
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            document_id: row.get("document_id")?,
            task_id: row.get("task_id")?,
            name: row.get("name")?,
            content_type: row.get("content_type")?,
            size_bytes: row.get("size_bytes")?,
            checksum: checksum.map_err(|_| RecordError::unreadable("checksum"))?,
            is_ready: row.get::<String>("state")? == "ready",
            created_by: row.get("created_by")?,
            created_at_ms: row.get("created_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl Tx {
    /// An attachment whose bytes are there.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn attachment(&mut self, id: Uuid) -> Result<Option<Attachment>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "an address names an attachment and not its workspace; permission is asked about its document",
            concat!(
                "SELECT ",
                columns!(),
                " FROM attachments a WHERE a.id = $1 AND a.state = 'ready'"
            ),
        );
        self.one_across(SQL, args![id]).await
    }

    /// Takes away the rows of uploads that began before `before_ms` and never came to an end. How many there were.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn sweep_uploads(&mut self, before_ms: i64) -> Result<u64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "uploads that broke off are cleared away in all workspaces",
            "DELETE FROM attachments WHERE state = 'pending' AND created_at_ms < $1",
        );
        self.execute_across(SQL, args![before_ms]).await
    }

    /// Whether anything lies in the object store.
    ///
    /// # Errors
    /// A failure of the database.
    pub(crate) async fn has_objects(&mut self) -> Result<bool, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "the place of the objects is one for all workspaces",
            "SELECT count(*) AS n FROM (SELECT 1 AS one FROM attachments UNION ALL \
             SELECT 1 AS one FROM users WHERE avatar_object IS NOT NULL LIMIT 1) AS found",
        );
        let count: Option<Count> = self.one_across(SQL, args![]).await?;
        Ok(count.is_some_and(|count| count.0 > 0))
    }

    /// Whether an object of a workspace belongs to an attachment.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn names_object(&mut self, workspace: WorkspaceId, id: Uuid) -> Result<bool, RecordError> {
        let sql = tenant_sql!("SELECT count(*) AS n FROM attachments WHERE workspace_id = $1 AND id = $2");
        let mut tenant = self.workspace(workspace).await?;
        let count: Option<Count> = tenant.one(sql, args![id]).await?;
        Ok(count.is_some_and(|count| count.0 > 0))
    }
}

impl Tenant<'_> {
    /// Announces an attachment whose bytes are about to come.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such document here; a failure of the database.
    pub async fn announce_attachment(&mut self, new: NewAttachment<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO attachments (workspace_id, id, document_id, name, content_type, size_bytes, state, created_by, \
             created_at_ms, task_id) VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9)"
        );
        let values = args![
            new.id,
            new.document_id,
            new.name,
            new.content_type,
            new.size_bytes,
            new.created_by,
            new.now_ms,
            new.task_id
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Says that the bytes of an attachment are on stable storage. Whether it was waiting for them.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn finish_attachment(
        &mut self,
        id: Uuid,
        content_type: &str,
        checksum: &[u8; 32],
    ) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE attachments SET state = 'ready', content_type = $3, checksum = $4 \
             WHERE workspace_id = $1 AND id = $2 AND state = 'pending'"
        );
        Ok(self.execute(sql, args![id, content_type, checksum]).await? > 0)
    }

    /// Attachments of a document, those of its tasks among them, or of one task, whose bytes are there, in the order in
    /// which they came.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn attachments(&mut self, topic: Topic, span: &Span) -> Result<Vec<Attachment>, RecordError> {
        let sql = tenant_span!(
            span,
            "a.created_at_ms",
            "a.id",
            "SELECT ",
            columns!(),
            " FROM attachments a WHERE a.workspace_id = $1 AND a.document_id = $6 AND a.state = 'ready' \
             AND ($7 IS NULL OR a.task_id = $7)"
        );
        let mut values = span.by_number().to_vec();
        values.extend(args![topic.document_id, topic.task_id]);
        self.all(sql, values).await
    }

    /// How many they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_attachments(&mut self, topic: Topic) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM attachments WHERE workspace_id = $1 AND document_id = $2 AND state = 'ready' \
             AND ($3 IS NULL OR task_id = $3)"
        );
        let count: Option<Count> = self.one(sql, args![topic.document_id, topic.task_id]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// What the attachments of the workspace take, in bytes; announced ones count.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn attachment_bytes(&mut self) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT CAST(COALESCE(SUM(size_bytes), 0) AS bigint) AS n FROM attachments WHERE workspace_id = $1"
        );
        let count: Option<Count> = self.one(sql, args![]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Removes an attachment, ready or not. Whether there was one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn remove_attachment(&mut self, id: Uuid) -> Result<bool, RecordError> {
        let sql = tenant_sql!("DELETE FROM attachments WHERE workspace_id = $1 AND id = $2");
        Ok(self.execute(sql, args![id]).await? > 0)
    }
}
