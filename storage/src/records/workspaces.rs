//! Workspaces and who is in them.

use uuid::Uuid;

use super::error::RecordError;
use super::people::{Person, person};
use super::row::{FromRow, Row};
use super::span::{Span, containing, cross_span, span, tenant_span};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::{Value, args};
use crate::model::WorkspaceId;

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Its settings, a JSON object.
    pub settings: String,
    /// Who made it.
    pub created_by: Option<Uuid>,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was last changed.
    pub updated_at_ms: i64,
    /// When it was put in the trash, if it was.
    pub deleted_at_ms: Option<i64>,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// What a new workspace is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewWorkspace<'a> {
    /// Its name.
    pub name: &'a str,
    /// Who makes it.
    pub created_by: Option<Uuid>,
    /// Now.
    pub now_ms: i64,
}

/// What is to be changed of a workspace; `None` stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct WorkspaceChange<'a> {
    /// The new name.
    pub name: Option<&'a str>,
    /// The new settings, a JSON object.
    pub settings: Option<&'a str>,
}

/// Somebody's membership of a workspace. The role is a name; what it means is the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user_id: Uuid,
    /// As what.
    pub role: String,
    /// Since when.
    pub joined_at_ms: i64,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// A workspace as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The workspace.
    pub workspace: Workspace,
    /// The member's role.
    pub role: String,
    /// Since when.
    pub joined_at_ms: i64,
}

impl FromRow for Membership {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: Workspace::from_row(row)?,
            role: row.get("role")?,
            joined_at_ms: row.get("joined_at_ms")?,
        })
    }
}

/// Which of somebody's workspaces are asked for.
#[derive(Debug, Clone, Copy)]
pub struct WorkspaceFilter<'a> {
    /// Whose.
    pub user: Uuid,
    /// Only this one: the one that a credential is confined to.
    pub confined_to: Option<WorkspaceId>,
    /// Only those with this in their name, in any case of ASCII.
    pub search: Option<&'a str>,
    /// Also those in the trash that they own.
    pub with_trash: bool,
}

impl WorkspaceFilter<'_> {
    fn values(&self, span: [Value; 4]) -> Vec<Value> {
        let mut values = args![self.user];
        values.extend(span);
        let search = self.search.map(|text| containing(&text.to_lowercase()));
        values.extend(args![self.confined_to.map(|id| id.0), search, self.with_trash]);
        values
    }
}

/// `$1` is whose, `$6` the workspace that they are confined to, `$7` a pattern for the name, `$8` whether the trash is
/// wanted.
macro_rules! mine {
    () => {
        " FROM workspace_members m JOIN workspaces w ON w.workspace_id = m.workspace_id \
         WHERE m.user_id = $1 AND ($6 IS NULL OR m.workspace_id = $6) \
         AND ($7 IS NULL OR lower(w.name) LIKE $7 ESCAPE '!') \
         AND (w.deleted_at_ms IS NULL OR ($8 AND m.role = 'owner'))"
    };
}

const MINE: &str = "somebody's own memberships are theirs to see, in whichever workspace";

/// How a membership is to be.
#[derive(Debug, Clone, Copy)]
pub struct MemberChange<'a> {
    /// Who.
    pub user_id: Uuid,
    /// As what.
    pub role: &'a str,
    /// Now.
    pub now_ms: i64,
}

macro_rules! columns {
    () => {
        "workspace_id, name, settings, created_by, created_at_ms, updated_at_ms, deleted_at_ms, version"
    };
}

impl FromRow for Workspace {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            id: WorkspaceId(row.get("workspace_id")?),
            name: row.get("name")?,
            settings: row.get("settings")?,
            created_by: row.get("created_by")?,
            created_at_ms: row.get("created_at_ms")?,
            updated_at_ms: row.get("updated_at_ms")?,
            deleted_at_ms: row.get("deleted_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl FromRow for Member {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            user_id: row.get("user_id")?,
            role: row.get("role")?,
            joined_at_ms: row.get("joined_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl Tx {
    /// The live workspaces that `user` is in and their role there, by id after `after`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn workspaces_of(
        &mut self,
        user: Uuid,
        after: Option<WorkspaceId>,
        limit: u32,
    ) -> Result<Vec<Membership>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "somebody's own memberships are theirs to see, in whichever workspace",
            "SELECT w.workspace_id, w.name, w.settings, w.created_by, w.created_at_ms, w.updated_at_ms, \
             w.deleted_at_ms, w.version, m.role, m.joined_at_ms \
             FROM workspace_members m JOIN workspaces w ON w.workspace_id = m.workspace_id \
             WHERE m.user_id = $1 AND w.deleted_at_ms IS NULL AND ($2 IS NULL OR m.workspace_id > $2) \
             ORDER BY m.workspace_id LIMIT $3",
        );
        self.all_across(SQL, args![user, after.map(|id| id.0), limit])
            .await
    }

    /// The workspaces that somebody is in, in the order in which they were made.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn workspaces_seen(
        &mut self,
        filter: WorkspaceFilter<'_>,
        span: &Span,
    ) -> Result<Vec<Membership>, RecordError> {
        let sql = cross_span!(
            span,
            MINE,
            "w.created_at_ms",
            "w.workspace_id",
            "SELECT w.workspace_id, w.name, w.settings, w.created_by, w.created_at_ms, w.updated_at_ms, \
             w.deleted_at_ms, w.version, m.role, m.joined_at_ms",
            mine!()
        );
        self.all_across(sql, filter.values(span.by_number())).await
    }

    /// How many they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_workspaces_seen(&mut self, filter: WorkspaceFilter<'_>) -> Result<i64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            MINE,
            // The parameters of the span are named, so that both statements have the same ones.
            concat!(
                "SELECT count(*) AS n",
                mine!(),
                " AND ($2 IS NULL AND $3 IS NULL AND $4 >= 0 AND $5 >= 0)"
            ),
        );
        let count: Option<Count> = self
            .one_across(SQL, filter.values(Span::first(0).by_number()))
            .await?;
        Ok(count.map_or(0, |count| count.0))
    }
}

impl Tenant<'_> {
    /// Makes the workspace.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if the id is in use; a failure of the database.
    pub async fn create_workspace(&mut self, new: NewWorkspace<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO workspaces (workspace_id, name, created_by, created_at_ms, updated_at_ms) \
             VALUES ($1, $2, $3, $4, $4)"
        );
        self.execute(sql, args![new.name, new.created_by, new.now_ms])
            .await
            .map(|_| ())
    }

    /// The workspace, also if it is in the trash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn workspace(&mut self) -> Result<Option<Workspace>, RecordError> {
        let sql = tenant_sql!("SELECT ", columns!(), " FROM workspaces WHERE workspace_id = $1");
        self.one(sql, args![]).await
    }

    /// Changes the workspace.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn change_workspace(
        &mut self,
        change: WorkspaceChange<'_>,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE workspaces SET name = COALESCE($2, name), settings = COALESCE($3, settings), \
             updated_at_ms = $4, version = version + 1 WHERE workspace_id = $1"
        );
        self.execute(sql, args![change.name, change.settings, now_ms])
            .await
            .map(|_| ())
    }

    /// Puts the workspace in the trash (`Some(now)`) or takes it out.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn trash_workspace(&mut self, deleted_at_ms: Option<i64>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE workspaces SET deleted_at_ms = $2, version = version + 1 WHERE workspace_id = $1"
        );
        self.execute(sql, args![deleted_at_ms]).await.map(|_| ())
    }

    /// Somebody's membership.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn member(&mut self, user: Uuid) -> Result<Option<Member>, RecordError> {
        let sql = tenant_sql!(
            "SELECT user_id, role, joined_at_ms, version FROM workspace_members \
             WHERE workspace_id = $1 AND user_id = $2"
        );
        self.one(sql, args![user]).await
    }

    /// Members by user id, after `after`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn members(&mut self, after: Option<Uuid>, limit: u32) -> Result<Vec<Member>, RecordError> {
        let sql = tenant_sql!(
            "SELECT user_id, role, joined_at_ms, version FROM workspace_members \
             WHERE workspace_id = $1 AND ($2 IS NULL OR user_id > $2) ORDER BY user_id LIMIT $3"
        );
        self.all(sql, args![after, limit]).await
    }

    /// Somebody who is in the workspace.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn person(&mut self, user: Uuid) -> Result<Option<Person>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            person!(),
            " FROM workspace_members m JOIN users u ON u.id = m.user_id \
             WHERE m.workspace_id = $1 AND m.user_id = $2"
        );
        self.one(sql, args![user]).await
    }

    /// Who is in the workspace, in the order in which they came; with `role`, those who have it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn people(&mut self, role: Option<&str>, span: &Span) -> Result<Vec<Person>, RecordError> {
        let sql = tenant_span!(
            span,
            "m.joined_at_ms",
            "m.user_id",
            "SELECT ",
            person!(),
            " FROM workspace_members m JOIN users u ON u.id = m.user_id \
             WHERE m.workspace_id = $1 AND ($6 IS NULL OR m.role = $6)",
        );
        let mut values = span.by_number().to_vec();
        values.push(role.into());
        self.all(sql, values).await
    }

    /// How many they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_people(&mut self, role: Option<&str>) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM workspace_members \
             WHERE workspace_id = $1 AND ($2 IS NULL OR role = $2)"
        );
        let count: Option<Count> = self.one(sql, args![role]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Whether the workspace has teams that are not in the trash, or members besides one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn is_in_use(&mut self) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "SELECT (SELECT count(*) FROM teams WHERE workspace_id = $1 AND deleted_at_ms IS NULL) \
             + (SELECT count(*) - 1 FROM workspace_members WHERE workspace_id = $1) AS n"
        );
        let count: Option<Count> = self.one(sql, args![]).await?;
        Ok(count.is_some_and(|count| count.0 > 0))
    }

    /// Makes somebody a member, or changes their role.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such user or workspace; a failure of the database.
    pub async fn put_member(&mut self, change: MemberChange<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO workspace_members (workspace_id, user_id, role, joined_at_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (workspace_id, user_id) \
             DO UPDATE SET role = $3, version = workspace_members.version + 1"
        );
        self.execute(sql, args![change.user_id, change.role, change.now_ms])
            .await
            .map(|_| ())
    }

    /// Takes a membership away, and with it what hangs on it (teams, projects, shares, keys). Whether there was one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn remove_member(&mut self, user: Uuid) -> Result<bool, RecordError> {
        let sql = tenant_sql!("DELETE FROM workspace_members WHERE workspace_id = $1 AND user_id = $2");
        Ok(self.execute(sql, args![user]).await? > 0)
    }

    /// How many members have `role`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_members(&mut self, role: &str) -> Result<i64, RecordError> {
        let sql =
            tenant_sql!("SELECT count(*) AS n FROM workspace_members WHERE workspace_id = $1 AND role = $2");
        Ok(self
            .one::<Count>(sql, args![role])
            .await?
            .map_or(0, |count| count.0))
    }
}

/// A row with one number, called `n`.
pub(super) struct Count(pub(super) i64);

impl FromRow for Count {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        row.get("n").map(Self)
    }
}
