//! All rows of a board, as they were projected from its document.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::tenant_sql;
use super::tenant::Tenant;
use super::value::args;
use crate::board_rows::BoardRows;
use crate::model::Seq;
use crate::projection::{Projection, TaskRow};

struct Head(i64);

impl FromRow for Head {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        row.get("head").map(Self)
    }
}

/// By whom a card is found.
struct Found {
    card: String,
    role: String,
    user: String,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            card: row.get("card_id")?,
            role: row.get("role")?,
            user: row.get("user_id")?,
        })
    }
}

/// People by whom a card is found, sorted: those who work on it, and those who hear of it.
#[derive(Debug, Default, PartialEq)]
struct People {
    assignees: Vec<String>,
    watchers: Vec<String>,
}

impl People {
    /// Those that a task has.
    fn of(row: &TaskRow) -> Self {
        let mut people = Self {
            assignees: row.assignees.clone(),
            watchers: row.watchers.clone(),
        };
        people.assignees.sort_unstable();
        people.watchers.sort_unstable();
        people
    }
}

impl Tenant<'_> {
    /// Everything that the rows say about a board, at one moment; `None` if there is no such board.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn board_rows(&mut self, board: Uuid) -> Result<Option<BoardRows>, RecordError> {
        let head = tenant_sql!(
            "SELECT COALESCE(lg.head_seq, 0) AS head FROM project_documents d \
             LEFT JOIN documents lg ON lg.workspace_id = d.workspace_id AND lg.name = d.log_name \
             WHERE d.workspace_id = $1 AND d.id = $2 AND d.kind = 'board'"
        );
        let Some(head) = self.one::<Head>(head, args![board]).await? else {
            return Ok(None);
        };
        let tasks = tenant_sql!(
            "SELECT card_id, state, column_id, order_group, order_key, title, priority, due, start, estimate, \
             parent, assignees, labels, watchers, checklist_total, checklist_done, done, view FROM tasks \
             WHERE workspace_id = $1 AND board_id = $2 ORDER BY card_id"
        );
        let tasks: Vec<TaskRow> = self.all(tasks, args![board]).await?;
        let strays = self.strays(board, &tasks).await?;
        Ok(Some(BoardRows {
            // A negative one is damage, and the head of nothing.
            head: Seq(u64::try_from(head.0).unwrap_or(0)),
            rows: Projection {
                tasks,
                entries: self.board_entries(board, None).await?,
                links: self.board_links(board).await?,
                ..Projection::default()
            },
            strays,
        }))
    }

    /// The cards that are found by others than their tasks have.
    async fn strays(&mut self, board: Uuid, tasks: &[TaskRow]) -> Result<Vec<String>, RecordError> {
        let sql = tenant_sql!(
            "SELECT card_id, role, user_id FROM task_members \
             WHERE workspace_id = $1 AND board_id = $2 ORDER BY card_id, role, user_id"
        );
        let mut found: BTreeMap<String, People> = BTreeMap::new();
        for row in self.all::<Found>(sql, args![board]).await? {
            let people = found.entry(row.card).or_default();
            match row.role.as_str() {
                "assignee" => people.assignees.push(row.user),
                _ => people.watchers.push(row.user),
            }
        }
        let differs = |row: &&TaskRow| found.get(&row.card).unwrap_or(&People::default()) != &People::of(row);
        Ok(tasks.iter().filter(differs).map(|row| row.card.clone()).collect())
    }
}
