//! Filters of task lists that somebody has given a name.
//!
//! What a filter means is the caller's; here it is JSON.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::{Span, span, tenant_span};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// A filter with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// The project whose tasks it is about.
    pub project_id: Uuid,
    /// Who made it.
    pub owner_user_id: Uuid,
    /// What may be changed of it.
    pub content: SavedViewContent,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was last changed.
    pub updated_at_ms: i64,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// All that may be changed of a filter with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedViewContent {
    /// What it is called.
    pub name: String,
    /// Who sees it: `personal` or `project`.
    pub visibility: String,
    /// The filter, as JSON.
    pub filter: String,
    /// The order, as lists name it; may be empty.
    pub sort: String,
}

macro_rules! columns {
    () => {
        "v.workspace_id, v.id, v.project_id, v.owner_user_id, v.name, v.visibility, v.filter, v.sort, \
         v.created_at_ms, v.updated_at_ms, v.version"
    };
}

impl FromRow for SavedView {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            project_id: row.get("project_id")?,
            owner_user_id: row.get("owner_user_id")?,
            content: SavedViewContent {
                name: row.get("name")?,
                visibility: row.get("visibility")?,
                filter: row.get("filter")?,
                sort: row.get("sort")?,
            },
            created_at_ms: row.get("created_at_ms")?,
            updated_at_ms: row.get("updated_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl Tx {
    /// A saved view.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn saved_view(&mut self, id: Uuid) -> Result<Option<SavedView>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "an address names a view and not its workspace; permission is asked about its project",
            concat!("SELECT ", columns!(), " FROM saved_views v WHERE v.id = $1"),
        );
        self.one_across(SQL, args![id]).await
    }
}

impl Tenant<'_> {
    /// Makes a saved view.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such project here; a failure of the database.
    pub async fn create_saved_view(
        &mut self,
        id: Uuid,
        project: Uuid,
        owner: Uuid,
        content: &SavedViewContent,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO saved_views (workspace_id, id, project_id, owner_user_id, name, visibility, filter, sort, \
             created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)"
        );
        let values = args![
            id,
            project,
            owner,
            &content.name,
            &content.visibility,
            &content.filter,
            &content.sort,
            now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Saved views of a project that `user` sees: their own and those of the project, in the order of their making.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn saved_views(
        &mut self,
        project: Uuid,
        user: Option<Uuid>,
        span: &Span,
    ) -> Result<Vec<SavedView>, RecordError> {
        let sql = tenant_span!(
            span,
            "v.created_at_ms",
            "v.id",
            "SELECT ",
            columns!(),
            " FROM saved_views v WHERE v.workspace_id = $1 AND v.project_id = $6 \
             AND (v.visibility = 'project' OR v.owner_user_id = $7)"
        );
        let mut values = span.by_number().to_vec();
        values.extend(args![project, user]);
        self.all(sql, values).await
    }

    /// How many they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_saved_views(&mut self, project: Uuid, user: Option<Uuid>) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM saved_views WHERE workspace_id = $1 AND project_id = $2 \
             AND (visibility = 'project' OR owner_user_id = $3)"
        );
        let count: Option<Count> = self.one(sql, args![project, user]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Makes everything that may be changed of a saved view what `content` says.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn change_saved_view(
        &mut self,
        id: Uuid,
        content: &SavedViewContent,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE saved_views SET name = $3, visibility = $4, filter = $5, sort = $6, updated_at_ms = $7, \
             version = version + 1 WHERE workspace_id = $1 AND id = $2"
        );
        let values = args![
            id,
            &content.name,
            &content.visibility,
            &content.filter,
            &content.sort,
            now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Removes a saved view. Whether there was one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn remove_saved_view(&mut self, id: Uuid) -> Result<bool, RecordError> {
        let sql = tenant_sql!("DELETE FROM saved_views WHERE workspace_id = $1 AND id = $2");
        Ok(self.execute(sql, args![id]).await? > 0)
    }
}
