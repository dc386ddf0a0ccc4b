//! Teams and who is in them.

use uuid::Uuid;

use super::error::RecordError;
use super::people::{Person, person};
use super::row::{FromRow, Row};
use super::span::{Span, cross_span, span, tenant_span};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::{Value, args};
use super::workspaces::{Count, Member, MemberChange};
use crate::model::WorkspaceId;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The workspace that it belongs to.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The form of the name by which teams are found and sorted.
    pub name_key: String,
    /// What it is for.
    pub description: String,
    /// Who made it.
    pub owner_user_id: Uuid,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was last changed.
    pub updated_at_ms: i64,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// A team as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamSeen {
    /// The team.
    pub team: Team,
    /// Their role in it.
    pub role: Option<String>,
}

/// What a new team is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewTeam<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its name, which no other team of the workspace has in any case.
    pub name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// Who makes it.
    pub owner_user_id: Uuid,
    /// Now.
    pub now_ms: i64,
}

/// Which of the teams that somebody may see are asked for.
#[derive(Debug, Clone, Copy)]
pub struct TeamFilter {
    /// Who asks.
    pub user: Uuid,
    /// Only those of this workspace.
    pub workspace: Option<WorkspaceId>,
    /// Only those of this other workspace: the one that a credential is confined to.
    pub confined_to: Option<WorkspaceId>,
    /// Only those that they are in.
    pub mine: bool,
}

/// How teams may be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamOrder {
    /// By name.
    Name,
    /// The oldest first.
    Created,
}

macro_rules! columns {
    () => {
        "t.workspace_id, t.id, t.name, t.name_key, t.description, t.owner_user_id, t.created_at_ms, \
         t.updated_at_ms, t.version"
    };
}

impl FromRow for Team {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            name: row.get("name")?,
            name_key: row.get("name_key")?,
            description: row.get("description")?,
            owner_user_id: row.get("owner_user_id")?,
            created_at_ms: row.get("created_at_ms")?,
            updated_at_ms: row.get("updated_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl FromRow for TeamSeen {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            team: Team::from_row(row)?,
            role: row.get("role")?,
        })
    }
}

const MINE: &str = "somebody's own teams are theirs to see, in whichever workspace";

/// `$1` is who asks, `$6` the workspace, `$7` the workspace they are confined to, `$8` whether only their own.
macro_rules! seen {
    () => {
        " FROM workspace_members m \
         JOIN workspaces w ON w.workspace_id = m.workspace_id AND w.deleted_at_ms IS NULL \
         JOIN teams t ON t.workspace_id = m.workspace_id AND t.deleted_at_ms IS NULL \
         LEFT JOIN team_members tm \
         ON tm.workspace_id = t.workspace_id AND tm.team_id = t.id AND tm.user_id = m.user_id \
         WHERE m.user_id = $1 AND ($6 IS NULL OR m.workspace_id = $6) AND ($7 IS NULL OR m.workspace_id = $7) \
         AND ((m.role <> 'guest' AND tm.role IS NOT NULL) \
         OR (NOT $8 AND m.role IN ('manager', 'admin', 'owner')))"
    };
}

macro_rules! list {
    ($span:expr, $mark:literal) => {
        cross_span!(
            $span,
            MINE,
            $mark,
            "t.id",
            "SELECT ",
            columns!(),
            ", CASE WHEN m.role <> 'guest' THEN tm.role END AS role",
            seen!()
        )
    };
}

impl TeamFilter {
    fn values(&self, span: [Value; 4]) -> Vec<Value> {
        let mut values = args![self.user];
        values.extend(span);
        values.extend(args![
            self.workspace.map(|id| id.0),
            self.confined_to.map(|id| id.0),
            self.mine
        ]);
        values
    }
}

impl Tx {
    /// The teams that somebody may see: those they are in, and as a manager or more all of their workspace.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn teams_seen(
        &mut self,
        filter: TeamFilter,
        order: TeamOrder,
        span: &Span,
    ) -> Result<Vec<TeamSeen>, RecordError> {
        let (sql, marks) = match order {
            TeamOrder::Name => (list!(span, "t.name_key"), span.by_text()),
            TeamOrder::Created => (list!(span, "t.created_at_ms"), span.by_number()),
        };
        self.all_across(sql, filter.values(marks)).await
    }

    /// How many they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_teams_seen(&mut self, filter: TeamFilter) -> Result<i64, RecordError> {
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
}

impl Tenant<'_> {
    /// Makes a team.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if another has the name; a failure of the database.
    pub async fn create_team(&mut self, new: NewTeam<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO teams (workspace_id, id, name, name_key, description, owner_user_id, created_at_ms, \
             updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"
        );
        let values = args![
            new.id,
            new.name,
            new.name.to_lowercase(),
            new.description,
            new.owner_user_id,
            new.now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// A team that is not in the trash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn team(&mut self, id: Uuid) -> Result<Option<Team>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            " FROM teams t WHERE t.workspace_id = $1 AND t.id = $2 AND t.deleted_at_ms IS NULL"
        );
        self.one(sql, args![id]).await
    }

    /// Changes a team.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if another has the name; a failure of the database.
    pub async fn change_team(
        &mut self,
        id: Uuid,
        name: Option<&str>,
        description: Option<&str>,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE teams SET name = COALESCE($3, name), name_key = COALESCE($4, name_key), \
             description = COALESCE($5, description), updated_at_ms = $6, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2"
        );
        let key = name.map(str::to_lowercase);
        self.execute(sql, args![id, name, key, description, now_ms])
            .await
            .map(|_| ())
    }

    /// Puts a team in the trash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn trash_team(&mut self, id: Uuid, now_ms: i64) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE teams SET deleted_at_ms = $3, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2 AND deleted_at_ms IS NULL"
        );
        self.execute(sql, args![id, now_ms]).await.map(|_| ())
    }

    /// How many projects a team has that are not in the trash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_team_projects(&mut self, id: Uuid) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM projects \
             WHERE workspace_id = $1 AND team_id = $2 AND deleted_at_ms IS NULL"
        );
        let count: Option<Count> = self.one(sql, args![id]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Somebody's membership of a team.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn team_member(&mut self, team: Uuid, user: Uuid) -> Result<Option<Member>, RecordError> {
        let sql = tenant_sql!(
            "SELECT user_id, role, joined_at_ms, version FROM team_members \
             WHERE workspace_id = $1 AND team_id = $2 AND user_id = $3"
        );
        self.one(sql, args![team, user]).await
    }

    /// Who is in a team, in the order in which they came.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn team_members(&mut self, team: Uuid, span: &Span) -> Result<Vec<Person>, RecordError> {
        let sql = tenant_span!(
            span,
            "m.joined_at_ms",
            "m.user_id",
            "SELECT ",
            person!(),
            " FROM team_members m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = $1 AND m.team_id = $6",
        );
        let mut values = span.by_number().to_vec();
        values.push(team.into());
        self.all(sql, values).await
    }

    /// Somebody who is in a team.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn team_person(&mut self, team: Uuid, user: Uuid) -> Result<Option<Person>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            person!(),
            " FROM team_members m JOIN users u ON u.id = m.user_id \
             WHERE m.workspace_id = $1 AND m.team_id = $2 AND m.user_id = $3"
        );
        self.one(sql, args![team, user]).await
    }

    /// How many are in a team.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_team_members(&mut self, team: Uuid) -> Result<i64, RecordError> {
        let sql =
            tenant_sql!("SELECT count(*) AS n FROM team_members WHERE workspace_id = $1 AND team_id = $2");
        let count: Option<Count> = self.one(sql, args![team]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Puts somebody into a team, or changes their role.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if they are not in the workspace; a failure of the database.
    pub async fn put_team_member(&mut self, team: Uuid, change: MemberChange<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO team_members (workspace_id, team_id, user_id, role, joined_at_ms) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace_id, team_id, user_id) \
             DO UPDATE SET role = $4, version = team_members.version + 1"
        );
        self.execute(sql, args![team, change.user_id, change.role, change.now_ms])
            .await
            .map(|_| ())
    }

    /// Takes somebody out of a team. Whether they were in it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn remove_team_member(&mut self, team: Uuid, user: Uuid) -> Result<bool, RecordError> {
        let sql =
            tenant_sql!("DELETE FROM team_members WHERE workspace_id = $1 AND team_id = $2 AND user_id = $3");
        Ok(self.execute(sql, args![team, user]).await? > 0)
    }
}
