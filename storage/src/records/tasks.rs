//! Tasks: what the boards' documents show of their cards, as rows.
//!
//! Invariant: nothing here writes a task. Its row is written with the edit that changes it, in the log's commit, and is
//! the answer to "what is shown at the head of the board's log".

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::Mark;
use super::statement::{CrossTenantSql, tenant_sql};
use super::task_identities::{TaskAddress, TaskIdentity};
use super::task_lists::TaskOrder;
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::{Value, args};
use crate::model::WorkspaceId;
use crate::projection::{CATEGORIES, STATES, TaskRow, separate, title_key};

/// A task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The workspace that it belongs to.
    pub workspace: WorkspaceId,
    /// Its board: a document of kind `board`.
    pub board_id: Uuid,
    /// What it is known by.
    pub identity: TaskIdentity,
    /// What the tasks of its project are called by, as `PROJ` in `PROJ-12`.
    pub task_key: String,
    /// What is shown of it.
    pub shown: TaskRow,
    /// The column that shows it, if there is one.
    pub column: Option<TaskColumn>,
    /// When its row was last changed, in milliseconds since 1970.
    pub updated_at_ms: i64,
    /// When it was first seen done, if it is.
    pub done_at_ms: Option<i64>,
    /// When it was first seen archived, if it is.
    pub archived_at_ms: Option<i64>,
    /// When it was first seen deleted, if it is.
    pub deleted_at_ms: Option<i64>,
    /// How often its row was changed, from 1.
    pub version: i64,
}

/// The column that shows a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskColumn {
    /// Its place among the columns, from 0.
    pub position: i64,
    /// What it is called.
    pub name: String,
    /// What it means to stand in it.
    pub category: &'static str,
}

impl Task {
    /// What people call it: `PROJ-12`.
    pub fn key(&self) -> String {
        format!("{}-{}", self.task_key, self.identity.number)
    }

    /// What the task is sorted by.
    pub fn mark(&self, order: TaskOrder) -> Mark {
        match order {
            TaskOrder::Created => Mark::Number(self.identity.created_at_ms),
            TaskOrder::Updated => Mark::Number(self.updated_at_ms),
            TaskOrder::Priority => Mark::Number(self.shown.priority),
            TaskOrder::Number => Mark::Number(self.identity.number),
            TaskOrder::Title => Mark::Text(title_key(&self.shown.title)),
            TaskOrder::Due => Mark::Text(self.shown.due.clone().unwrap_or_else(|| "~".to_owned())),
            TaskOrder::Position => Mark::Text(self.place()),
        }
    }

    /// As the statement in `task_lists` puts it together.
    fn place(&self) -> String {
        let column = self.column.as_ref().map_or_else(
            || "~".to_owned(),
            |column| column.position.saturating_add(1_000_000).to_string(),
        );
        let TaskRow {
            order_group,
            order_key,
            card,
            ..
        } = &self.shown;
        format!("{column}{order_group}{order_key} {card}")
    }
}

/// The columns of a [`Task`]: of the task `k`, the project `p` of its board, and the column `c` that shows it.
macro_rules! columns {
    () => {
        "k.workspace_id, k.board_id, k.card_id, k.state, k.column_id, k.order_group, k.order_key, k.title, \
         k.priority, k.due, k.start, k.estimate, k.parent, k.assignees, k.labels, k.watchers, k.checklist_total, \
         k.checklist_done, k.done, k.view, k.updated_at_ms, k.done_at_ms, k.archived_at_ms, k.deleted_at_ms, \
         k.version, k.id, k.number, k.created_at_ms, p.id AS project_id, p.task_key, c.position AS column_position, \
         c.name AS column_name, c.category AS column_category"
    };
}
pub(super) use columns as task_columns;

/// The column `c` that shows the task `k`.
macro_rules! join_column {
    () => {
        " LEFT JOIN board_entries c ON c.workspace_id = k.workspace_id AND c.board_id = k.board_id \
         AND c.kind = 'column' AND c.entry_id = k.column_id"
    };
}
pub(super) use join_column;

macro_rules! from_tasks {
    () => {
        concat!(
            " FROM tasks k JOIN project_documents d ON d.workspace_id = k.workspace_id AND d.id = k.board_id \
             JOIN projects p ON p.workspace_id = d.workspace_id AND p.id = d.project_id",
            join_column!()
        )
    };
}

/// The one of `known` that a column holds.
pub(super) fn known(
    row: &Row,
    column: &'static str,
    known: &[&'static str],
) -> Result<&'static str, RecordError> {
    let name: String = row.get(column)?;
    let found = known.iter().find(|known| **known == name);
    found.copied().ok_or(RecordError::unreadable(column))
}

impl FromRow for TaskRow {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let list = |column| Ok::<_, RecordError>(separate(&row.get::<String>(column)?));
        Ok(Self {
            card: row.get("card_id")?,
            state: known(row, "state", &STATES)?,
            column: row.get("column_id")?,
            order_group: row.get("order_group")?,
            order_key: row.get("order_key")?,
            title: row.get("title")?,
            priority: row.get("priority")?,
            due: row.get("due")?,
            start: row.get("start")?,
            estimate: row.get("estimate")?,
            parent: row.get("parent")?,
            assignees: list("assignees")?,
            labels: list("labels")?,
            watchers: list("watchers")?,
            checklist_total: row.get("checklist_total")?,
            checklist_done: row.get("checklist_done")?,
            done: row.get("done")?,
            view: row.get("view")?,
        })
    }
}

impl FromRow for Task {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let column = match row.get::<Option<i64>>("column_position")? {
            Some(position) => Some(TaskColumn {
                position,
                name: row.get("column_name")?,
                category: known(row, "column_category", &CATEGORIES)?,
            }),
            None => None,
        };
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            board_id: row.get("board_id")?,
            identity: TaskIdentity::from_row(row)?,
            task_key: row.get("task_key")?,
            shown: TaskRow::from_row(row)?,
            column,
            updated_at_ms: row.get("updated_at_ms")?,
            done_at_ms: row.get("done_at_ms")?,
            archived_at_ms: row.get("archived_at_ms")?,
            deleted_at_ms: row.get("deleted_at_ms")?,
            version: row.get("version")?,
        })
    }
}

/// How many cards one statement asks for.
const CARDS_AT_ONCE: usize = 16;

impl Tenant<'_> {
    /// A task, whatever its state; `None` if the board has no such card or it was purged.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn task(&mut self, board: Uuid, card: &str) -> Result<Option<Task>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            from_tasks!(),
            " WHERE k.workspace_id = $1 AND k.board_id = $2 AND k.card_id = $3"
        );
        self.one(sql, args![board, card]).await
    }

    /// Those of `cards` that a board has, in order of their ids in pieces of 16: name no more than you have bounded.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn tasks_of_card_ids(&mut self, board: Uuid, cards: &[&str]) -> Result<Vec<Task>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            from_tasks!(),
            " WHERE k.workspace_id = $1 AND k.board_id = $2 AND k.card_id IN \
             ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ORDER BY k.card_id"
        );
        let mut found = Vec::with_capacity(cards.len());
        for piece in cards.chunks(CARDS_AT_ONCE) {
            let mut values = args![board];
            values.extend(piece.iter().map(|card| Value::from(*card)));
            values.resize(CARDS_AT_ONCE + 1, Value::Text(None));
            found.extend(self.all::<Task>(sql, values).await?);
        }
        Ok(found)
    }

    /// The tasks that are parts of a card, without those in the trash, at most `limit`, in the order of their numbers.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn child_tasks(
        &mut self,
        board: Uuid,
        card: &str,
        limit: u32,
    ) -> Result<Vec<Task>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            from_tasks!(),
            " WHERE k.workspace_id = $1 AND k.board_id = $2 AND k.parent = $3 AND k.state <> 'deleted' \
             ORDER BY k.number LIMIT $4"
        );
        self.all(sql, args![board, card, limit]).await
    }

    /// Open tasks that a card blocks, and that no card which is open and not done blocks any longer; at most `limit`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn tasks_set_free_by(
        &mut self,
        board: Uuid,
        card: &str,
        limit: u32,
    ) -> Result<Vec<Task>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            from_tasks!(),
            " JOIN task_links l ON l.workspace_id = k.workspace_id AND l.board_id = k.board_id \
             AND l.to_card = k.card_id AND l.kind = 'blocks' AND l.from_card = $3 \
             WHERE k.workspace_id = $1 AND k.board_id = $2 AND k.state = 'open' AND k.done_at_ms IS NULL \
             AND NOT EXISTS (SELECT 1 FROM task_links o JOIN tasks b ON b.workspace_id = o.workspace_id \
             AND b.board_id = o.board_id AND b.card_id = o.from_card WHERE o.workspace_id = $1 \
             AND o.board_id = $2 AND o.to_card = k.card_id AND o.kind = 'blocks' AND b.state = 'open' \
             AND b.done_at_ms IS NULL) ORDER BY k.number LIMIT $4"
        );
        self.all(sql, args![board, card, limit]).await
    }
}

impl Tx {
    /// Tasks that were first seen deleted before `before_ms`, board by board. Boards that are in the trash themselves or
    /// out of service are left out.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn tasks_to_purge(
        &mut self,
        before_ms: i64,
        limit: u32,
    ) -> Result<Vec<TaskAddress>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "the trash of all boards is emptied",
            "SELECT k.workspace_id, k.board_id, k.card_id FROM tasks k \
             JOIN project_documents d ON d.workspace_id = k.workspace_id AND d.id = k.board_id \
             AND d.deleted_at_ms IS NULL \
             JOIN projects p ON p.workspace_id = d.workspace_id AND p.id = d.project_id AND p.deleted_at_ms IS NULL \
             LEFT JOIN documents lg ON lg.workspace_id = d.workspace_id AND lg.name = d.log_name \
             WHERE k.deleted_at_ms < $1 AND lg.quarantined_at_ms IS NULL \
             ORDER BY k.workspace_id, k.board_id, k.card_id LIMIT $2",
        );
        self.all_across(SQL, args![before_ms, limit]).await
    }
}
