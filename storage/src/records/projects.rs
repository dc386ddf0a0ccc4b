//! Projects, who is in them, and their trash.

use uuid::Uuid;

use super::error::RecordError;
use super::people::{Person, person};
use super::row::{FromRow, Row};
use super::span::{Span, containing, cross_span, span, tenant_span};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::{Value, args};
use super::workspaces::{Count, Member, MemberChange};
use crate::model::WorkspaceId;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The workspace that it belongs to.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// The team that it belongs to.
    pub team_id: Uuid,
    /// The form of the name by which projects are found and sorted.
    pub name_key: String,
    /// What may be changed of it.
    pub content: ProjectContent,
    /// Who made it.
    pub owner_user_id: Uuid,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was last changed.
    pub updated_at_ms: i64,
    /// When it was put in the trash, if it was.
    pub deleted_at_ms: Option<i64>,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// What may be changed of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectContent {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Where it stands.
    pub status: String,
    /// Its first day, `YYYY-MM-DD`.
    pub start_date: Option<String>,
    /// Its last day.
    pub end_date: Option<String>,
    /// What its tasks are called by, as `PROJ` in `PROJ-12`: see [`is_task_key`](super::is_task_key). A project out of
    /// the database always has one; `None` makes one from the name of a new project, and leaves that of another as it is.
    pub task_key: Option<String>,
}

/// A project as somebody sees it, with all that connects them with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectSeen {
    /// The project.
    pub project: Project,
    /// Their role in the workspace.
    pub workspace_role: Option<String>,
    /// Their role in the team.
    pub team_role: Option<String>,
    /// Their role in the project itself.
    pub project_role: Option<String>,
}

/// Which of the projects that somebody may see are asked for.
#[derive(Debug, Clone, Copy)]
pub struct ProjectFilter<'a> {
    /// Who asks.
    pub user: Uuid,
    /// Only those of this workspace.
    pub workspace: Option<WorkspaceId>,
    /// Only those of this other workspace: the one that a credential is confined to.
    pub confined_to: Option<WorkspaceId>,
    /// Only those of this team.
    pub team: Option<Uuid>,
    /// Only those with one of these statuses; empty: all.
    pub statuses: &'a [&'a str],
    /// Only those with this in their name, in any case.
    pub search: Option<&'a str>,
    /// Also those in the trash that they could take out.
    pub with_trash: bool,
}

/// How projects may be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectOrder {
    /// The oldest first.
    Created,
    /// By name.
    Name,
    /// What was not changed for long first.
    Updated,
}

macro_rules! columns {
    () => {
        "p.workspace_id, p.id, p.team_id, p.name, p.name_key, p.description, p.status, p.start_date, p.end_date, \
         p.task_key, p.owner_user_id, p.created_at_ms, p.updated_at_ms, p.deleted_at_ms, p.version"
    };
}

impl FromRow for Project {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            team_id: row.get("team_id")?,
            name_key: row.get("name_key")?,
            content: ProjectContent {
                name: row.get("name")?,
                description: row.get("description")?,
                status: row.get("status")?,
                start_date: row.get("start_date")?,
                end_date: row.get("end_date")?,
                task_key: row.get("task_key")?,
            },
            owner_user_id: row.get("owner_user_id")?,
            created_at_ms: row.get("created_at_ms")?,
            updated_at_ms: row.get("updated_at_ms")?,
            deleted_at_ms: row.get("deleted_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl FromRow for ProjectSeen {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            project: Project::from_row(row)?,
            workspace_role: row.get("workspace_role")?,
            team_role: row.get("team_role")?,
            project_role: row.get("project_role")?,
        })
    }
}

const MINE: &str = "the projects that somebody may see are in several workspaces";

/// `$1` is who asks, `$6` the workspace, `$7` the one they are confined to, `$8` the team, `$9` the statuses between
/// commas, `$10` a pattern for the name, `$11` whether the trash is wanted. Who sees what is as in `permission`:
/// a test compares the two.
macro_rules! seen {
    () => {
        " FROM workspace_members m \
         JOIN workspaces w ON w.workspace_id = m.workspace_id AND w.deleted_at_ms IS NULL \
         JOIN projects p ON p.workspace_id = m.workspace_id \
         LEFT JOIN teams t \
         ON t.workspace_id = p.workspace_id AND t.id = p.team_id AND t.deleted_at_ms IS NULL \
         LEFT JOIN team_members tm \
         ON tm.workspace_id = t.workspace_id AND tm.team_id = t.id AND tm.user_id = m.user_id \
         LEFT JOIN project_members pm \
         ON pm.workspace_id = p.workspace_id AND pm.project_id = p.id AND pm.user_id = m.user_id \
         WHERE m.user_id = $1 AND ($6 IS NULL OR m.workspace_id = $6) AND ($7 IS NULL OR m.workspace_id = $7) \
         AND ($8 IS NULL OR p.team_id = $8) \
         AND ($9 IS NULL OR $9 LIKE '%,' || p.status || ',%') \
         AND ($10 IS NULL OR p.name_key LIKE $10 ESCAPE '!') \
         AND CASE WHEN p.deleted_at_ms IS NULL \
         THEN m.role IN ('owner', 'admin') \
         OR (m.role IN ('manager', 'member') AND (tm.role IS NOT NULL OR pm.role IS NOT NULL)) \
         ELSE $11 AND (m.role IN ('owner', 'admin') \
         OR (m.role IN ('manager', 'member') \
         AND (COALESCE(tm.role, '') = 'admin' OR COALESCE(pm.role, '') = 'owner'))) END"
    };
}

macro_rules! list {
    ($span:expr, $mark:literal) => {
        cross_span!(
            $span,
            MINE,
            $mark,
            "p.id",
            "SELECT ",
            columns!(),
            ", m.role AS workspace_role, tm.role AS team_role, pm.role AS project_role",
            seen!()
        )
    };
}

impl ProjectFilter<'_> {
    fn values(&self, span: [Value; 4]) -> Vec<Value> {
        let statuses = (!self.statuses.is_empty()).then(|| format!(",{},", self.statuses.join(",")));
        let search = self.search.map(|text| containing(&text.to_lowercase()));
        let mut values = args![self.user];
        values.extend(span);
        values.extend(args![
            self.workspace.map(|id| id.0),
            self.confined_to.map(|id| id.0),
            self.team,
            statuses,
            search,
            self.with_trash
        ]);
        values
    }
}

impl Tx {
    /// The projects that somebody may see.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn projects_seen(
        &mut self,
        filter: ProjectFilter<'_>,
        order: ProjectOrder,
        span: &Span,
    ) -> Result<Vec<ProjectSeen>, RecordError> {
        let (sql, marks) = match order {
            ProjectOrder::Created => (list!(span, "p.created_at_ms"), span.by_number()),
            ProjectOrder::Name => (list!(span, "p.name_key"), span.by_text()),
            ProjectOrder::Updated => (list!(span, "p.updated_at_ms"), span.by_number()),
        };
        self.all_across(sql, filter.values(marks)).await
    }

    /// How many they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_projects_seen(&mut self, filter: ProjectFilter<'_>) -> Result<i64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            MINE,
            // The parameters of the span are named, so that both statements have the same ones.
            concat!(
                "SELECT count(*) AS n",
                seen!(),
                " AND ($2 IS NULL AND $3 IS NULL AND $4 >= 0 AND $5 >= 0)"
            ),
        );
        let values = filter.values(Span::first(0).by_number());
        let count: Option<Count> = self.one_across(SQL, values).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Removes projects that were put in the trash before `before_ms`, up to `limit`. Those that still hold documents
    /// stay: their documents go to the trash themselves, with the project's time, for whoever purges documents.
    /// Events of what is removed say no more than that it happened. How many were removed.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn purge_projects(&mut self, before_ms: i64, limit: u32) -> Result<u64, RecordError> {
        const WHY: &str = "keeping house concerns every workspace";
        const DOCUMENTS: CrossTenantSql = CrossTenantSql::because(
            WHY,
            "UPDATE project_documents SET deleted_at_ms = $1, version = version + 1 \
             WHERE deleted_at_ms IS NULL AND EXISTS (SELECT 1 FROM projects p \
             WHERE p.workspace_id = project_documents.workspace_id AND p.id = project_documents.project_id \
             AND p.deleted_at_ms < $1)",
        );
        const PROJECTS: CrossTenantSql = CrossTenantSql::because(
            WHY,
            "DELETE FROM projects WHERE deleted_at_ms < $1 AND id IN (SELECT p.id FROM projects p \
             WHERE p.deleted_at_ms < $1 AND NOT EXISTS (SELECT 1 FROM project_documents d \
             WHERE d.workspace_id = p.workspace_id AND d.project_id = p.id) \
             ORDER BY p.deleted_at_ms LIMIT $2)",
        );
        const EVENTS: CrossTenantSql = CrossTenantSql::because(
            WHY,
            "UPDATE events SET data = '{}' WHERE data <> '{}' AND (workspace_id, project_id) IN \
             (SELECT p.workspace_id, p.id FROM projects p WHERE p.deleted_at_ms < $1 \
             AND NOT EXISTS (SELECT 1 FROM project_documents d \
             WHERE d.workspace_id = p.workspace_id AND d.project_id = p.id))",
        );
        self.execute_across(DOCUMENTS, args![before_ms]).await?;
        self.execute_across(EVENTS, args![before_ms]).await?;
        self.execute_across(PROJECTS, args![before_ms, limit]).await
    }
}

impl Tenant<'_> {
    /// Makes a project.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such team, [`RecordError::Taken`] if another project has the key of the
    /// tasks; a failure of the database.
    pub async fn create_project(
        &mut self,
        id: Uuid,
        team: Uuid,
        owner: Uuid,
        content: &ProjectContent,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let task_key = match &content.task_key {
            Some(key) => key.clone(),
            None => self.free_task_key(&content.name).await?,
        };
        let sql = tenant_sql!(
            "INSERT INTO projects (workspace_id, id, team_id, owner_user_id, name, name_key, description, status, \
             start_date, end_date, created_at_ms, updated_at_ms, task_key) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)"
        );
        let values = args![
            id,
            team,
            owner,
            &content.name,
            content.name.to_lowercase(),
            &content.description,
            &content.status,
            content.start_date.as_deref(),
            content.end_date.as_deref(),
            now_ms,
            task_key
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// A project, also one in the trash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn project(&mut self, id: Uuid) -> Result<Option<Project>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            " FROM projects p WHERE p.workspace_id = $1 AND p.id = $2"
        );
        self.one(sql, args![id]).await
    }

    /// Makes everything that may be changed of a project what `content` says.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if another project has the key of the tasks; a failure of the database.
    pub async fn change_project(
        &mut self,
        id: Uuid,
        content: &ProjectContent,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE projects SET name = $3, name_key = $4, description = $5, status = $6, start_date = $7, \
             end_date = $8, updated_at_ms = $9, task_key = COALESCE($10, task_key), version = version + 1 \
             WHERE workspace_id = $1 AND id = $2"
        );
        let values = args![
            id,
            &content.name,
            content.name.to_lowercase(),
            &content.description,
            &content.status,
            content.start_date.as_deref(),
            content.end_date.as_deref(),
            now_ms,
            content.task_key.as_deref()
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Puts a project in the trash, for `by` at some time, or takes it out (`None`).
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn trash_project(&mut self, id: Uuid, deleted: Option<(Uuid, i64)>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE projects SET deleted_at_ms = $3, deleted_by = $4, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2"
        );
        let (by, at) = deleted.unzip();
        self.execute(sql, args![id, at, by]).await.map(|_| ())
    }

    /// How many documents a project holds that are not in the trash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_project_documents(&mut self, id: Uuid) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM project_documents \
             WHERE workspace_id = $1 AND project_id = $2 AND deleted_at_ms IS NULL"
        );
        let count: Option<Count> = self.one(sql, args![id]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Makes those who are in project `from` members of project `to`, in their roles. Those who are there stay as
    /// they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn copy_project_members(
        &mut self,
        from: Uuid,
        to: Uuid,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO project_members (workspace_id, project_id, user_id, role, joined_at_ms) \
             SELECT $1, $3, m.user_id, m.role, $4 FROM project_members m \
             WHERE m.workspace_id = $1 AND m.project_id = $2 \
             ON CONFLICT (workspace_id, project_id, user_id) DO NOTHING"
        );
        self.execute(sql, args![from, to, now_ms]).await.map(|_| ())
    }

    /// Somebody's membership of a project itself.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn project_member(&mut self, project: Uuid, user: Uuid) -> Result<Option<Member>, RecordError> {
        let sql = tenant_sql!(
            "SELECT user_id, role, joined_at_ms, version FROM project_members \
             WHERE workspace_id = $1 AND project_id = $2 AND user_id = $3"
        );
        self.one(sql, args![project, user]).await
    }

    /// Who is in a project itself, in the order in which they came.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn project_members(&mut self, project: Uuid, span: &Span) -> Result<Vec<Person>, RecordError> {
        let sql = tenant_span!(
            span,
            "m.joined_at_ms",
            "m.user_id",
            "SELECT ",
            person!(),
            " FROM project_members m JOIN users u ON u.id = m.user_id \
             WHERE m.workspace_id = $1 AND m.project_id = $6",
        );
        let mut values = span.by_number().to_vec();
        values.push(project.into());
        self.all(sql, values).await
    }

    /// Somebody who is in a project itself.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn project_person(&mut self, project: Uuid, user: Uuid) -> Result<Option<Person>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            person!(),
            " FROM project_members m JOIN users u ON u.id = m.user_id \
             WHERE m.workspace_id = $1 AND m.project_id = $2 AND m.user_id = $3"
        );
        self.one(sql, args![project, user]).await
    }

    /// How many are in a project itself.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_project_members(&mut self, project: Uuid) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM project_members WHERE workspace_id = $1 AND project_id = $2"
        );
        let count: Option<Count> = self.one(sql, args![project]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Puts somebody into a project, or changes their role.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if they are not in the workspace; a failure of the database.
    pub async fn put_project_member(
        &mut self,
        project: Uuid,
        change: MemberChange<'_>,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO project_members (workspace_id, project_id, user_id, role, joined_at_ms) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace_id, project_id, user_id) \
             DO UPDATE SET role = $4, version = project_members.version + 1"
        );
        self.execute(sql, args![project, change.user_id, change.role, change.now_ms])
            .await
            .map(|_| ())
    }

    /// Takes somebody out of a project. Whether they were in it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn remove_project_member(&mut self, project: Uuid, user: Uuid) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "DELETE FROM project_members WHERE workspace_id = $1 AND project_id = $2 AND user_id = $3"
        );
        Ok(self.execute(sql, args![project, user]).await? > 0)
    }
}
