//! What connects somebody with a workspace, a team or a project: what permission is decided from, each in one query.
//!
//! Roles are texts here; what they mean is the caller's. A workspace or a team in the trash gives no role, but is told
//! as such, so that its owners can take it out again.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use crate::model::WorkspaceId;

/// What connects somebody with a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceStanding {
    /// Their role, also if the workspace is in the trash.
    pub role: Option<String>,
    /// Whether it is in the trash.
    pub is_trashed: bool,
}

/// What connects somebody with a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamStanding {
    /// Their role in the workspace; none if that is in the trash.
    pub workspace_role: Option<String>,
    /// Their role in the team.
    pub team_role: Option<String>,
    /// Whether the team is in the trash.
    pub is_trashed: bool,
}

/// What connects somebody with a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectStanding {
    /// Their role in the workspace; none if that is in the trash.
    pub workspace_role: Option<String>,
    /// Their role in the project's team; none if that is in the trash.
    pub team_role: Option<String>,
    /// Their role in the project itself.
    pub project_role: Option<String>,
    /// The project's status.
    pub status: String,
    /// Whether the project is in the trash.
    pub is_trashed: bool,
}

impl FromRow for WorkspaceStanding {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            role: row.get("role")?,
            is_trashed: row.get::<Option<i64>>("deleted_at_ms")?.is_some(),
        })
    }
}

impl FromRow for TeamStanding {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace_role: row.get("workspace_role")?,
            team_role: row.get("team_role")?,
            is_trashed: row.get::<Option<i64>>("deleted_at_ms")?.is_some(),
        })
    }
}

impl FromRow for ProjectStanding {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace_role: row.get("workspace_role")?,
            team_role: row.get("team_role")?,
            project_role: row.get("project_role")?,
            status: row.get("status")?,
            is_trashed: row.get::<Option<i64>>("deleted_at_ms")?.is_some(),
        })
    }
}

/// A row with the workspace of something.
struct Owner(WorkspaceId);

impl FromRow for Owner {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self(WorkspaceId(row.get("workspace_id")?)))
    }
}

const WHOSE: &str = "to find out in which workspace permission is to be asked";

impl Tx {
    /// The workspace that a team belongs to, also one in the trash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn workspace_of_team(&mut self, id: Uuid) -> Result<Option<WorkspaceId>, RecordError> {
        const SQL: CrossTenantSql =
            CrossTenantSql::because(WHOSE, "SELECT workspace_id FROM teams WHERE id = $1");
        self.owner(SQL, id).await
    }

    /// The workspace that a project belongs to, also one in the trash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn workspace_of_project(&mut self, id: Uuid) -> Result<Option<WorkspaceId>, RecordError> {
        const SQL: CrossTenantSql =
            CrossTenantSql::because(WHOSE, "SELECT workspace_id FROM projects WHERE id = $1");
        self.owner(SQL, id).await
    }

    /// The workspace that an invitation leads to.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn workspace_of_invitation(&mut self, id: Uuid) -> Result<Option<WorkspaceId>, RecordError> {
        const SQL: CrossTenantSql =
            CrossTenantSql::because(WHOSE, "SELECT workspace_id FROM invitations WHERE id = $1");
        self.owner(SQL, id).await
    }

    async fn owner(&mut self, sql: CrossTenantSql, id: Uuid) -> Result<Option<WorkspaceId>, RecordError> {
        Ok(self
            .one_across::<Owner>(sql, args![id])
            .await?
            .map(|owner| owner.0))
    }
}

impl Tenant<'_> {
    /// What connects `user` with the workspace; nothing if there is no such workspace.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn standing(&mut self, user: Option<Uuid>) -> Result<Option<WorkspaceStanding>, RecordError> {
        let sql = tenant_sql!(
            "SELECT m.role, w.deleted_at_ms FROM workspaces w \
             LEFT JOIN workspace_members m ON m.workspace_id = w.workspace_id AND m.user_id = $2 \
             WHERE w.workspace_id = $1"
        );
        self.one(sql, args![user]).await
    }

    /// What connects `user` with a team; nothing if there is no such team.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn team_standing(
        &mut self,
        user: Option<Uuid>,
        team: Uuid,
    ) -> Result<Option<TeamStanding>, RecordError> {
        let sql = tenant_sql!(
            "SELECT CASE WHEN w.deleted_at_ms IS NULL THEN m.role END AS workspace_role, \
             tm.role AS team_role, t.deleted_at_ms \
             FROM teams t \
             JOIN workspaces w ON w.workspace_id = t.workspace_id \
             LEFT JOIN workspace_members m ON m.workspace_id = t.workspace_id AND m.user_id = $2 \
             LEFT JOIN team_members tm \
             ON tm.workspace_id = t.workspace_id AND tm.team_id = t.id AND tm.user_id = $2 \
             WHERE t.workspace_id = $1 AND t.id = $3"
        );
        self.one(sql, args![user, team]).await
    }

    /// What connects `user` with a project; nothing if there is no such project.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn project_standing(
        &mut self,
        user: Option<Uuid>,
        project: Uuid,
    ) -> Result<Option<ProjectStanding>, RecordError> {
        let sql = tenant_sql!(
            "SELECT CASE WHEN w.deleted_at_ms IS NULL THEN m.role END AS workspace_role, \
             CASE WHEN t.deleted_at_ms IS NULL THEN tm.role END AS team_role, \
             pm.role AS project_role, p.status, p.deleted_at_ms \
             FROM projects p \
             JOIN workspaces w ON w.workspace_id = p.workspace_id \
             JOIN teams t ON t.workspace_id = p.workspace_id AND t.id = p.team_id \
             LEFT JOIN workspace_members m ON m.workspace_id = p.workspace_id AND m.user_id = $2 \
             LEFT JOIN team_members tm \
             ON tm.workspace_id = p.workspace_id AND tm.team_id = p.team_id AND tm.user_id = $2 \
             LEFT JOIN project_members pm \
             ON pm.workspace_id = p.workspace_id AND pm.project_id = p.id AND pm.user_id = $2 \
             WHERE p.workspace_id = $1 AND p.id = $3"
        );
        self.one(sql, args![user, project]).await
    }
}
