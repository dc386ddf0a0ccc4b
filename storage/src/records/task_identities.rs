//! Under which id and number a card of a board is known everywhere.
//!
//! Invariant: both are given in the commit that first shows the card (see `crate::projection`) and stay when the card is
//! gone. A number changes only with the project of its board, and no number of a project is ever given twice.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// What a task is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskIdentity {
    /// Its id, unique among all tasks of the server.
    pub id: Uuid,
    /// The project whose number it has: that of its board.
    pub project_id: Uuid,
    /// Its number in the project, from 1.
    pub number: i64,
    /// When it was first shown, in milliseconds since 1970.
    pub created_at_ms: i64,
}

/// Where a task is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TaskAddress {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its board: a document of kind `board`.
    pub board_id: Uuid,
    /// Its card's id in that document.
    pub card: String,
}

impl FromRow for TaskIdentity {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            id: row.get("id")?,
            project_id: row.get("project_id")?,
            number: row.get("number")?,
            created_at_ms: row.get("created_at_ms")?,
        })
    }
}

impl FromRow for TaskAddress {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            board_id: row.get("board_id")?,
            card: row.get("card_id")?,
        })
    }
}

impl Tx {
    /// Where the task with this id is, also if its card is gone.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn task_address(&mut self, id: Uuid) -> Result<Option<TaskAddress>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "an address names a task and not its workspace; permission for its board is asked with what this finds",
            "SELECT workspace_id, board_id, card_id FROM task_identities WHERE id = $1",
        );
        self.one_across(SQL, args![id]).await
    }
}

impl Tenant<'_> {
    /// Where the task with this number of a project is, also if its card is gone: `PROJ-12` names one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn task_with_number(
        &mut self,
        project: Uuid,
        number: i64,
    ) -> Result<Option<TaskAddress>, RecordError> {
        let sql = tenant_sql!(
            "SELECT workspace_id, board_id, card_id FROM task_identities \
             WHERE workspace_id = $1 AND project_id = $2 AND number = $3"
        );
        self.one(sql, args![project, number]).await
    }

    /// What a card of a board is known by, also if it is gone.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn task_identity(
        &mut self,
        board: Uuid,
        card: &str,
    ) -> Result<Option<TaskIdentity>, RecordError> {
        let sql = tenant_sql!(
            "SELECT id, project_id, number, created_at_ms FROM task_identities \
             WHERE workspace_id = $1 AND board_id = $2 AND card_id = $3"
        );
        self.one(sql, args![board, card]).await
    }

    /// Gives the tasks of a board numbers of the project that the board has moved to, in the order of their old ones.
    /// The old numbers are not given again. To be done after the board's row was changed, which appends wait for.
    pub(super) async fn renumber_tasks(&mut self, board: Uuid, project: Uuid) -> Result<(), RecordError> {
        let count = tenant_sql!(
            "SELECT count(*) AS n FROM task_identities \
             WHERE workspace_id = $1 AND board_id = $2 AND project_id <> $3"
        );
        let count: Option<Count> = self.one(count, args![board, project]).await?;
        let count = count.map_or(0, |count| count.0);
        if count == 0 {
            return Ok(());
        }
        let take = tenant_sql!(
            "INSERT INTO project_counters (workspace_id, project_id, task_number) VALUES ($1, $2, $3) \
             ON CONFLICT (workspace_id, project_id) \
             DO UPDATE SET task_number = project_counters.task_number + $3 RETURNING task_number AS n"
        );
        let last: Option<Count> = self.one(take, args![project, count]).await?;
        let first = last.map_or(0, |last| last.0) - count;
        // Rows are found by their id alone: a planner without statistics would try each with each by the other columns.
        let renumber = tenant_sql!(
            "UPDATE task_identities SET project_id = $3, number = $4 + ranked.place FROM \
             (SELECT id, row_number() OVER (ORDER BY number) AS place FROM task_identities \
             WHERE workspace_id = $1 AND board_id = $2 AND project_id <> $3) AS ranked \
             WHERE task_identities.workspace_id = $1 AND task_identities.id = ranked.id"
        );
        self.execute(renumber, args![board, project, first]).await?;
        let tasks = tenant_sql!(
            "UPDATE tasks SET number = i.number FROM task_identities i \
             WHERE i.workspace_id = tasks.workspace_id AND i.id = tasks.id \
             AND tasks.workspace_id = $1 AND tasks.board_id = $2"
        );
        self.execute(tasks, args![board]).await.map(|_| ())
    }
}
