//! Documents that belong to projects: what is known of them beside their content, which lies in the log under their id.
//!
//! Invariant: a document's workspace never changes, and its project is one of that workspace.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// A document of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    /// The workspace that it belongs to.
    pub workspace: WorkspaceId,
    /// Its id, whose text is its name in the log.
    pub id: Uuid,
    /// Its project.
    pub project_id: Uuid,
    /// What it is: a name whose meaning is the caller's.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Whose it is.
    pub owner_user_id: Uuid,
    /// Who made it.
    pub created_by: Uuid,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When its row was last changed; edits of its content do not count.
    pub updated_at_ms: i64,
    /// When it was archived, if it is.
    pub archived_at_ms: Option<i64>,
    /// When it was put in the trash, if it is there.
    pub deleted_at_ms: Option<i64>,
    /// Who put it there.
    pub deleted_by: Option<Uuid>,
    /// How often the row was changed, from 1.
    pub version: i64,
    /// How many changes of its content were ever made durable.
    pub changes: i64,
    /// Whether its content is out of service.
    pub is_quarantined: bool,
}

/// What a new document is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewDocument<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its project.
    pub project_id: Uuid,
    /// What it is.
    pub kind: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Who makes it and will own it.
    pub created_by: Uuid,
    /// Now.
    pub now_ms: i64,
}

/// What is to be changed of a document; `None` stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct DocumentChange<'a> {
    /// The new title.
    pub title: Option<&'a str>,
    /// The project of the same workspace that it moves to.
    pub project_id: Option<Uuid>,
}

/// Who looks at a document.
#[derive(Debug, Clone, Copy, Default)]
pub struct Onlooker {
    /// The account whose roles count.
    pub user: Option<Uuid>,
    /// The link that was opened.
    pub link: Option<Uuid>,
    /// Now: links end.
    pub now_ms: i64,
}

/// A document and what connects somebody with it. Roles are names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentStanding {
    /// The document.
    pub document: DocumentRow,
    /// The status of its project.
    pub project_status: String,
    /// When its project was put in the trash, if it is there.
    pub project_deleted_at_ms: Option<i64>,
    /// The role in the workspace.
    pub workspace_role: Option<String>,
    /// The role in the team of the project.
    pub team_role: Option<String>,
    /// The role in the project.
    pub project_role: Option<String>,
    /// The role that a share by name gives.
    pub share_role: Option<String>,
    /// The role that the link gives now: none once it is revoked or over.
    pub link_role: Option<String>,
}

macro_rules! columns {
    () => {
        "d.workspace_id, d.id, d.project_id, d.kind, d.title, d.owner_user_id, d.created_by, d.created_at_ms, \
         d.updated_at_ms, d.archived_at_ms, d.deleted_at_ms, d.deleted_by, d.version, \
         COALESCE(lg.head_seq, 0) AS changes, lg.quarantined_at_ms IS NOT NULL AS is_quarantined"
    };
}
pub(super) use columns as document_columns;

/// What the log holds of a document `d`, if it has been edited.
macro_rules! join_log {
    () => {
        " LEFT JOIN documents lg ON lg.workspace_id = d.workspace_id AND lg.name = d.log_name"
    };
}
pub(super) use join_log;

impl FromRow for DocumentRow {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            project_id: row.get("project_id")?,
            kind: row.get("kind")?,
            title: row.get("title")?,
            owner_user_id: row.get("owner_user_id")?,
            created_by: row.get("created_by")?,
            created_at_ms: row.get("created_at_ms")?,
            updated_at_ms: row.get("updated_at_ms")?,
            archived_at_ms: row.get("archived_at_ms")?,
            deleted_at_ms: row.get("deleted_at_ms")?,
            deleted_by: row.get("deleted_by")?,
            version: row.get("version")?,
            changes: row.get("changes")?,
            is_quarantined: row.get("is_quarantined")?,
        })
    }
}

impl FromRow for DocumentStanding {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            document: DocumentRow::from_row(row)?,
            project_status: row.get("project_status")?,
            project_deleted_at_ms: row.get("project_deleted_at_ms")?,
            workspace_role: row.get("workspace_role")?,
            team_role: row.get("team_role")?,
            project_role: row.get("project_role")?,
            share_role: row.get("share_role")?,
            link_role: row.get("link_role")?,
        })
    }
}

/// The title as it is searched and sorted: without the difference of capitals.
pub(super) fn title_key(title: &str) -> String {
    title.to_lowercase()
}

impl Tx {
    /// A document of a workspace that is not in the trash, and what connects `who` with it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn document_standing(
        &mut self,
        id: Uuid,
        who: Onlooker,
    ) -> Result<Option<DocumentStanding>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "an address names a document and not its workspace; permission is asked with what this finds",
            concat!(
                "SELECT ",
                columns!(),
                ", p.status AS project_status, p.deleted_at_ms AS project_deleted_at_ms, \
                 m.role AS workspace_role, tm.role AS team_role, pm.role AS project_role, s.role AS share_role, \
                 l.role AS link_role \
                 FROM project_documents d \
                 JOIN workspaces w ON w.workspace_id = d.workspace_id AND w.deleted_at_ms IS NULL \
                 JOIN projects p ON p.workspace_id = d.workspace_id AND p.id = d.project_id \
                 JOIN teams t ON t.workspace_id = d.workspace_id AND t.id = p.team_id \
                 LEFT JOIN workspace_members m ON m.workspace_id = d.workspace_id AND m.user_id = $2 \
                 LEFT JOIN team_members tm ON tm.workspace_id = d.workspace_id AND tm.team_id = p.team_id \
                 AND tm.user_id = $2 AND t.deleted_at_ms IS NULL \
                 LEFT JOIN project_members pm ON pm.workspace_id = d.workspace_id \
                 AND pm.project_id = d.project_id AND pm.user_id = $2 \
                 LEFT JOIN document_shares s ON s.workspace_id = d.workspace_id AND s.document_id = d.id \
                 AND s.user_id = $2 \
                 LEFT JOIN link_shares l ON l.workspace_id = d.workspace_id AND l.document_id = d.id AND l.id = $3 \
                 AND l.revoked_at_ms IS NULL AND (l.expires_at_ms IS NULL OR l.expires_at_ms > $4)",
                join_log!(),
                " WHERE d.id = $1"
            ),
        );
        self.one_across(SQL, args![id, who.user, who.link, who.now_ms])
            .await
    }

    /// Documents that were put in the trash before `before_ms`, by themselves or with their project.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn documents_to_purge(
        &mut self,
        before_ms: i64,
        limit: u32,
    ) -> Result<Vec<(WorkspaceId, Uuid)>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "the trash of all workspaces is emptied",
            "SELECT d.workspace_id, d.id FROM project_documents d \
             JOIN projects p ON p.workspace_id = d.workspace_id AND p.id = d.project_id \
             WHERE d.deleted_at_ms < $1 OR p.deleted_at_ms < $1 ORDER BY d.workspace_id, d.id LIMIT $2",
        );
        let rows: Vec<Place> = self.all_across(SQL, args![before_ms, limit]).await?;
        Ok(rows.into_iter().map(|place| (place.0, place.1)).collect())
    }
}

struct Place(WorkspaceId, Uuid);

impl FromRow for Place {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self(WorkspaceId(row.get("workspace_id")?), row.get("id")?))
    }
}

impl Tenant<'_> {
    /// Makes a document.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if the id is in use, [`RecordError::Dangling`] if there is no such project here; a
    /// failure of the database.
    pub async fn create_document(&mut self, new: NewDocument<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO project_documents (workspace_id, id, log_name, project_id, kind, title, title_key, \
             owner_user_id, created_by, created_at_ms, updated_at_ms) \
             VALUES ($1, $2, $9, $3, $4, $5, $6, $7, $7, $8, $8)"
        );
        let values = args![
            new.id,
            new.project_id,
            new.kind,
            new.title,
            title_key(new.title),
            new.created_by,
            new.now_ms,
            new.id.to_string()
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// A document, also if it is in the trash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn document(&mut self, id: Uuid) -> Result<Option<DocumentRow>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            " FROM project_documents d",
            join_log!(),
            " WHERE d.workspace_id = $1 AND d.id = $2"
        );
        self.one(sql, args![id]).await
    }

    /// Changes a document. A board that moves to another project takes its tasks along, which get numbers of that
    /// project.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such project here; a failure of the database.
    pub async fn change_document(
        &mut self,
        id: Uuid,
        change: DocumentChange<'_>,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE project_documents SET title = COALESCE($3, title), title_key = COALESCE($4, title_key), \
             project_id = COALESCE($5, project_id), updated_at_ms = $6, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2"
        );
        let key = change.title.map(title_key);
        let changed = self
            .execute(sql, args![id, change.title, key, change.project_id, now_ms])
            .await?;
        if let Some(project) = change.project_id.filter(|_| changed > 0) {
            self.renumber_tasks(id, project).await?;
        }
        Ok(())
    }

    /// Archives a document (`Some(now)`) or brings it back.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn archive_document(
        &mut self,
        id: Uuid,
        archived_at_ms: Option<i64>,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE project_documents SET archived_at_ms = $3, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2"
        );
        self.execute(sql, args![id, archived_at_ms]).await.map(|_| ())
    }

    /// Puts a document in the trash (`Some(now)`) or takes it out.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn trash_document(
        &mut self,
        id: Uuid,
        deleted_at_ms: Option<i64>,
        deleted_by: Option<Uuid>,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE project_documents SET deleted_at_ms = $3, deleted_by = $4, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2"
        );
        self.execute(sql, args![id, deleted_at_ms, deleted_by])
            .await
            .map(|_| ())
    }

    /// Removes a document for good that was put in the trash before `before_ms`, by itself or with its project. Whether
    /// it was: somebody may have taken it out meanwhile.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn purge_if_due(&mut self, id: Uuid, before_ms: i64) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM project_documents d \
             JOIN projects p ON p.workspace_id = d.workspace_id AND p.id = d.project_id \
             WHERE d.workspace_id = $1 AND d.id = $2 AND (d.deleted_at_ms < $3 OR p.deleted_at_ms < $3)"
        );
        let due: Option<Count> = self.one(sql, args![id, before_ms]).await?;
        let is_due = due.is_some_and(|count| count.0 > 0);
        if is_due {
            self.purge_document(id).await?;
        }
        Ok(is_due)
    }

    /// Removes a document for good: its row, its shares and links, its attachments' rows, a board's tasks with their
    /// numbers, what events say about it, and all that the log holds of it. What lies in blobs is swept later, when
    /// nothing names it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn purge_document(&mut self, id: Uuid) -> Result<(), RecordError> {
        let name = id.to_string();
        for sql in [
            tenant_sql!(
                "DELETE FROM updates WHERE workspace_id = $1 AND document_id IN \
                 (SELECT id FROM documents WHERE workspace_id = $1 AND name = $2)"
            ),
            tenant_sql!(
                "DELETE FROM snapshots WHERE workspace_id = $1 AND document_id IN \
                 (SELECT id FROM documents WHERE workspace_id = $1 AND name = $2)"
            ),
            tenant_sql!(
                "DELETE FROM history WHERE workspace_id = $1 AND document_id IN \
                 (SELECT id FROM documents WHERE workspace_id = $1 AND name = $2)"
            ),
            tenant_sql!("DELETE FROM documents WHERE workspace_id = $1 AND name = $2"),
        ] {
            self.execute(sql, args![&name]).await?;
        }
        let attachments = tenant_sql!("DELETE FROM attachments WHERE workspace_id = $1 AND document_id = $2");
        self.execute(attachments, args![id]).await?;
        self.silence_events(id).await?;
        self.forget_notifications_about(id).await?;
        let row = tenant_sql!("DELETE FROM project_documents WHERE workspace_id = $1 AND id = $2");
        self.execute(row, args![id]).await.map(|_| ())
    }
}
