//! Tasks whose date comes near or has passed, and who was told so.
//!
//! Invariant: somebody is told of one date of a task once in each stage, whoever looks and however often.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use crate::model::WorkspaceId;

/// A task with a date, and one of those who work on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTask {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its board.
    pub document_id: Uuid,
    /// The task.
    pub task_id: Uuid,
    /// When it is due: a day or a moment, as tasks have it.
    pub due: String,
    /// Who works on it, as the board has it: not always an account of ours.
    pub assignee: String,
}

impl FromRow for DueTask {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            document_id: row.get("board_id")?,
            task_id: row.get("id")?,
            due: row.get("due")?,
            assignee: row.get("user_id")?,
        })
    }
}

impl Tx {
    /// Open tasks that are due from `first` to before `end` (texts of days), with each of those who work on them: in the
    /// order of tasks and people, behind `after`, at most `limit`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn due_tasks(
        &mut self,
        (first, end): (&str, &str),
        after: Option<(Uuid, &str)>,
        limit: u32,
    ) -> Result<Vec<DueTask>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "people are told of dates in all workspaces",
            "SELECT k.workspace_id, k.board_id, k.id, k.due, m.user_id FROM tasks k \
             JOIN task_members m ON m.workspace_id = k.workspace_id AND m.board_id = k.board_id \
             AND m.card_id = k.card_id AND m.role = 'assignee' \
             JOIN project_documents d ON d.workspace_id = k.workspace_id AND d.id = k.board_id \
             AND d.deleted_at_ms IS NULL \
             WHERE k.state = 'open' AND k.done_at_ms IS NULL AND k.due >= $1 AND k.due < $2 \
             AND ($3 IS NULL OR k.id > $3 OR (k.id = $3 AND m.user_id > $4)) ORDER BY k.id, m.user_id LIMIT $5",
        );
        let (task, person) = (after.map(|after| after.0), after.map(|after| after.1));
        self.all_across(SQL, args![first, end, task, person, limit]).await
    }

    /// Forgets that somebody was told of dates before `before_ms`, at most `limit`. How often that was.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn forget_due_notices(&mut self, before_ms: i64, limit: u32) -> Result<u64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "what is over is cleared away in all workspaces",
            "DELETE FROM due_notices WHERE id IN (SELECT o.id FROM due_notices o WHERE o.told_at_ms < $1 \
             ORDER BY o.told_at_ms LIMIT $2)",
        );
        self.execute_across(SQL, args![before_ms, limit]).await
    }
}

impl Tenant<'_> {
    /// Notes that somebody is told in this `stage` that a task is due at `due`. Whether it is still so, and they were not
    /// told before.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if they are not in the workspace; a failure of the database.
    pub async fn claim_due_notice(
        &mut self,
        (task, due): (Uuid, &str),
        user: Uuid,
        stage: &str,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO due_notices (workspace_id, id, document_id, task_id, user_id, stage, due, told_at_ms) \
             SELECT $1, $2, k.board_id, k.id, $4, $5, k.due, $6 FROM tasks k WHERE k.workspace_id = $1 AND k.id = $3 \
             AND k.state = 'open' AND k.done_at_ms IS NULL AND k.due = $7 \
             ON CONFLICT (workspace_id, task_id, user_id, stage, due) DO NOTHING"
        );
        let values = args![Uuid::now_v7(), task, user, stage, now_ms, due];
        Ok(self.execute(sql, values).await? > 0)
    }
}
