//! What is asked for about tasks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::kinds::{DependencyName, PriorityName, StatusName};
use crate::http::rest::board::{Color, ColumnRef, End, FileRef, ItemRef, LabelRef, LaneRef, When};
use crate::http::rest::{AnyCase, Change, Clearable, Line, Text};

/// A task to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTask {
    pub(super) title: Line<500>,
    /// The board. It may be left out if the project has exactly one; if it has none, one is made.
    pub(super) board_id: Option<Uuid>,
    /// The column; the first one if neither this nor `status` is given.
    pub(super) column_id: Option<ColumnRef>,
    /// Instead of a column: the first one that comes to this.
    #[schema(value_type = Option<StatusName>)]
    pub(super) status: Option<AnyCase<StatusName>>,
    pub(super) lane_id: Option<LaneRef>,
    /// What it says, in Markdown. `PUT …/description` takes longer ones.
    pub(super) description: Option<Text<262_144>>,
    #[schema(value_type = Option<PriorityName>)]
    pub(super) priority: Option<AnyCase<PriorityName>>,
    /// Who works on it. All of them must be people who may see the board.
    #[schema(max_items = 200)]
    pub(super) assignee_ids: Option<Vec<Uuid>>,
    /// The same for one person.
    pub(super) assignee_user_id: Option<Uuid>,
    #[schema(max_items = 200)]
    pub(super) label_ids: Option<Vec<LabelRef>>,
    /// Who hears of it. All of them must be people who may see the board.
    #[schema(max_items = 200)]
    pub(super) watcher_ids: Option<Vec<Uuid>>,
    pub(super) start_date: Option<When>,
    pub(super) due_date: Option<When>,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub(super) estimate: Option<f64>,
    pub(super) color: Option<Color>,
    /// The task of the same board that it is a part of.
    pub(super) parent_id: Option<Uuid>,
    /// Values of custom fields by the ids of these.
    pub(super) fields: Option<BTreeMap<String, Value>>,
    /// Its checklist.
    #[schema(max_items = 500)]
    pub(super) checklist: Option<Vec<NewTaskItem>>,
    pub(super) done: Option<bool>,
    /// The task that it goes before. At most one of this, `after` and `pos`; last in its column if all are left out.
    pub(super) before: Option<Uuid>,
    /// The task that it goes after.
    pub(super) after: Option<Uuid>,
    pub(super) pos: Option<End>,
}

/// An item of the checklist of a new task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTaskItem {
    pub(super) text: Line<2_000>,
    #[serde(default)]
    pub(super) done: bool,
    /// The name of the list it stands in.
    pub(super) list: Option<Text<100>>,
}

/// What shall change of a task.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TaskPatch {
    pub(super) title: Change<Line<500>>,
    /// The column whose last it becomes, unless it stands there already.
    pub(super) column_id: Change<ColumnRef>,
    /// Instead of a column: the first one that comes to this, unless its own does.
    #[schema(value_type = Option<StatusName>)]
    pub(super) status: Change<AnyCase<StatusName>>,
    pub(super) lane_id: Clearable<LaneRef>,
    /// What it says, in Markdown. What others write at the same time stays.
    pub(super) description: Clearable<Text<262_144>>,
    #[schema(value_type = Option<PriorityName>)]
    pub(super) priority: Clearable<AnyCase<PriorityName>>,
    /// Who works on it, all of them. New ones must be people who may see the board.
    #[schema(max_items = 200)]
    pub(super) assignee_ids: Change<Vec<Uuid>>,
    /// The only one who works on it.
    pub(super) assignee_user_id: Clearable<Uuid>,
    #[schema(max_items = 200)]
    pub(super) label_ids: Change<Vec<LabelRef>>,
    /// Who hears of it, all of them. New ones must be people who may see the board.
    #[schema(max_items = 200)]
    pub(super) watcher_ids: Change<Vec<Uuid>>,
    pub(super) start_date: Clearable<When>,
    pub(super) due_date: Clearable<When>,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub(super) estimate: Clearable<f64>,
    pub(super) color: Clearable<Color>,
    /// One of its files.
    pub(super) cover: Clearable<FileRef>,
    /// The task of the same board that it is a part of.
    pub(super) parent_id: Clearable<Uuid>,
    /// Values of custom fields by the ids of these; null takes a value away, what is not named stays.
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    pub(super) fields: Change<BTreeMap<String, Value>>,
    pub(super) done: Change<bool>,
}

/// Where a task goes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TaskMove {
    /// The column; if it is left out, that of the task that `before` or `after` names, or else its own.
    pub(super) column_id: Option<ColumnRef>,
    /// The lane; null for none, its own if it is left out.
    pub(super) lane_id: Clearable<LaneRef>,
    /// The task that it goes before. At most one of this, `after` and `pos`; last in its column if all are left out.
    pub(super) before: Option<Uuid>,
    /// The task that it goes after.
    pub(super) after: Option<Uuid>,
    pub(super) pos: Option<End>,
}

/// How to duplicate a task.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TaskDuplication {
    /// The title of the copy; that of the task if it is left out.
    pub(super) title: Option<Line<500>>,
}

/// What else to show of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TaskExpansion {
    /// What it says, in Markdown.
    Description,
}

/// What else to show of a task.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskParams {
    /// What else to show.
    #[param(inline)]
    pub(super) expand: Option<TaskExpansion>,
}

/// An item to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewChecklistItem)]
pub(super) struct NewItem {
    pub(super) text: Line<2_000>,
    #[serde(default)]
    pub(super) done: bool,
    /// The name of the list it stands in.
    pub(super) list: Option<Text<100>>,
    /// The item that it goes before. At most one of this, `after` and `pos`; last if all are left out.
    pub(super) before: Option<ItemRef>,
    /// The item that it goes after.
    pub(super) after: Option<ItemRef>,
    pub(super) pos: Option<End>,
}

/// What shall change of an item.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ChecklistItemPatch)]
pub(super) struct ItemPatch {
    pub(super) text: Change<Line<2_000>>,
    pub(super) done: Change<bool>,
    /// The name of the list it stands in.
    pub(super) list: Change<Text<100>>,
    /// The item that it goes before. At most one of this, `after` and `pos`.
    pub(super) before: Change<ItemRef>,
    /// The item that it goes after.
    pub(super) after: Change<ItemRef>,
    pub(super) pos: Change<End>,
}

/// Where an item goes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ChecklistItemMove)]
pub(super) struct ItemMove {
    /// The item that it goes before. One of this, `after` and `pos`.
    pub(super) before: Option<ItemRef>,
    /// The item that it goes after.
    pub(super) after: Option<ItemRef>,
    pub(super) pos: Option<End>,
}

/// A relation to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDependency {
    pub(super) kind: DependencyName,
    /// The other task, of the same board.
    pub(super) task_id: Uuid,
}
