//! Tasks as they travel.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::Task;

use super::kinds::{PriorityName, StateName, StatusName};
use crate::http::rest::Timestamp;

/// A task.
///
/// Ids of what is on its board (columns, lanes, labels, fields, items) are those of the board's document. Its own `id` is
/// unique everywhere; `card_id` is what the document calls it, usually the same.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub(in crate::http::v1) struct TaskView {
    id: Uuid,
    #[schema(min_length = 1, max_length = 64)]
    card_id: String,
    workspace_id: Uuid,
    project_id: Uuid,
    board_id: Uuid,
    /// Its number in the project, from 1.
    number: i64,
    /// What people call it: `PROJ-12`.
    #[schema(min_length = 3, max_length = 40)]
    key: String,
    #[schema(max_length = 500)]
    title: String,
    state: StateName,
    /// What the category of its column comes to.
    status: StatusName,
    /// The column that shows it; of an archived task, the one it would come back to.
    #[schema(max_length = 64)]
    column_id: Option<String>,
    #[schema(max_length = 64)]
    lane_id: Option<String>,
    priority: PriorityName,
    /// The same as a number for sorting, from 0 (none) to 4 (urgent).
    #[schema(minimum = 0, maximum = 4)]
    priority_rank: i64,
    /// Who works on it, by id.
    #[schema(max_items = 25_000)]
    assignee_ids: Vec<String>,
    /// The first of them that is an account; null if there is none.
    assignee_user_id: Option<Uuid>,
    #[schema(max_items = 2_500)]
    label_ids: Vec<String>,
    /// Who hears of it, by id.
    #[schema(max_items = 25_000)]
    watcher_ids: Vec<String>,
    /// A day (`2026-11-20`), or a moment in UTC (`2026-11-20T17:39:34Z`).
    #[schema(max_length = 24)]
    start_date: Option<String>,
    /// As `start_date`.
    #[schema(max_length = 24)]
    due_date: Option<String>,
    #[schema(minimum = 0, maximum = 1_000_000)]
    estimate: Option<f64>,
    #[schema(max_length = 32)]
    color: Option<String>,
    /// The attached file whose picture stands on it.
    #[schema(max_length = 64)]
    cover: Option<String>,
    /// The task that it is a part of.
    parent_id: Option<Uuid>,
    /// How many parts it has.
    subtask_count: usize,
    #[schema(max_items = 25_000)]
    checklist: Vec<ItemView>,
    checklist_total: i64,
    checklist_done: i64,
    /// Values of custom fields by the ids of these.
    fields: BTreeMap<String, Value>,
    /// Attached files by their ids.
    files: BTreeMap<String, FileView>,
    /// Whether there is something in its description.
    described: bool,
    done: bool,
    done_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    archived_at: Option<Timestamp>,
    /// When it was put in the trash; null if it is not there.
    deleted_at: Option<Timestamp>,
    /// How often it was changed, from 1.
    version: i64,
    /// What it says in Markdown, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4_194_304)]
    description: Option<String>,
}

/// An item of a checklist.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[schema(as = ChecklistItem)]
pub(in crate::http::v1) struct ItemView {
    #[schema(min_length = 1, max_length = 64)]
    pub(super) id: String,
    #[schema(max_length = 2_000)]
    text: String,
    done: bool,
    /// The name of the list it stands in; usually empty.
    #[schema(max_length = 100)]
    list: String,
}

/// A file of a task, as its board's document notes it.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = TaskFile)]
pub(in crate::http::v1) struct FileView {
    #[schema(max_length = 100)]
    name: String,
    size: Option<u64>,
    #[schema(max_length = 100)]
    mime: Option<String>,
}

/// What a row's JSON says beyond its columns.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Shown {
    lane: Option<String>,
    color: Option<String>,
    cover: Option<String>,
    children: Vec<String>,
    checklist: Vec<ItemView>,
    values: BTreeMap<String, Value>,
    files: BTreeMap<String, FileView>,
    described: bool,
}

/// The checklist of a task, in order.
pub(super) fn checklist(task: &Task) -> Vec<ItemView> {
    shown(task).checklist
}

fn shown(task: &Task) -> Shown {
    // This server wrote it.
    serde_json::from_str(&task.shown.view).unwrap_or_default()
}

impl TaskView {
    /// A task whose parent, if it has one, is known by this id.
    pub(in crate::http::v1) fn of(task: &Task, parent_id: Option<Uuid>) -> Self {
        let shown = shown(task);
        let row = &task.shown;
        Self {
            id: task.identity.id,
            card_id: row.card.clone(),
            workspace_id: task.workspace.0,
            project_id: task.identity.project_id,
            board_id: task.board_id,
            number: task.identity.number,
            key: task.key(),
            title: row.title.clone(),
            state: StateName::of(row.state),
            status: StatusName::of(task.column.as_ref().map(|column| column.category), row.done),
            column_id: row.column.clone(),
            lane_id: shown.lane,
            priority: PriorityName::of_rank(row.priority),
            priority_rank: row.priority,
            assignee_user_id: row.assignees.iter().find_map(|user| Uuid::try_parse(user).ok()),
            assignee_ids: row.assignees.clone(),
            label_ids: row.labels.clone(),
            watcher_ids: row.watchers.clone(),
            start_date: row.start.clone(),
            due_date: row.due.clone(),
            estimate: row.estimate,
            color: shown.color,
            cover: shown.cover,
            parent_id,
            subtask_count: shown.children.len(),
            checklist: shown.checklist,
            checklist_total: row.checklist_total,
            checklist_done: row.checklist_done,
            fields: shown.values,
            files: shown.files,
            described: shown.described,
            done: row.done,
            done_at: task.done_at_ms.map(Timestamp),
            created_at: Timestamp(task.identity.created_at_ms),
            updated_at: Timestamp(task.updated_at_ms),
            archived_at: task.archived_at_ms.map(Timestamp),
            deleted_at: task.deleted_at_ms.map(Timestamp),
            version: task.version,
            description: None,
        }
    }

    /// Its id.
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// How often it was changed.
    pub(super) fn version(&self) -> i64 {
        self.version
    }

    /// The same with its description.
    pub(super) fn described(mut self, markdown: String) -> Self {
        self.description = Some(markdown);
        self
    }
}
