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

/// By what a card is found.
struct Found {
    card: String,
    role: String,
    by: String,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            card: row.get("card_id")?,
            role: row.get("role")?,
            by: row.get("found_by")?,
        })
    }
}

/// What a card is found by, each list sorted: people who work on it, people who hear of it, labels.
#[derive(Debug, Default, PartialEq)]
struct Keys([Vec<String>; 3]);

impl Keys {
    /// What a task says.
    fn of(row: &TaskRow) -> Self {
        let mut keys = [row.assignees.clone(), row.watchers.clone(), row.labels.clone()];
        keys.iter_mut().for_each(|list| list.sort_unstable());
        Self(keys)
    }

    fn add(&mut self, found: Found) {
        let [assignees, watchers, labels] = &mut self.0;
        match found.role.as_str() {
            "assignee" => assignees.push(found.by),
            "watcher" => watchers.push(found.by),
            _ => labels.push(found.by),
        }
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

    /// The cards that are found by something else than their tasks say.
    async fn strays(&mut self, board: Uuid, tasks: &[TaskRow]) -> Result<Vec<String>, RecordError> {
        let members = tenant_sql!(
            "SELECT card_id, role, user_id AS found_by FROM task_members \
             WHERE workspace_id = $1 AND board_id = $2 ORDER BY card_id, role, user_id"
        );
        let labels = tenant_sql!(
            "SELECT card_id, 'label' AS role, label_id AS found_by FROM task_labels \
             WHERE workspace_id = $1 AND board_id = $2 ORDER BY card_id, label_id"
        );
        let mut found: Vec<Found> = self.all(members, args![board]).await?;
        found.extend(self.all::<Found>(labels, args![board]).await?);
        let mut keys: BTreeMap<String, Keys> = BTreeMap::new();
        for found in found {
            keys.entry(found.card.clone()).or_default().add(found);
        }
        let differs = |row: &&TaskRow| keys.get(&row.card).unwrap_or(&Keys::default()) != &Keys::of(row);
        Ok(tasks.iter().filter(differs).map(|row| row.card.clone()).collect())
    }
}
