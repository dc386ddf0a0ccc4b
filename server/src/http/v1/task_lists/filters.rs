//! What can be asked of a list of tasks: the parameters of queries, which saved views keep under the same names.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{Overdue, TaskFilter, TaskOrder};

use crate::http::rest::{AnyCase, Commas, Date, Filters, Line, Timestamp};
use crate::reminders::{moment, today};

/// The orders of a list; the first is the one without `sort`.
pub(in crate::http::v1) const SORTS: &[&str] = &[
    "created_at",
    "updated_at",
    "due",
    "priority",
    "number",
    "title",
    "position",
];

/// What `sort` means.
pub(in crate::http::v1) fn order(sort: &str) -> TaskOrder {
    match sort {
        "updated_at" => TaskOrder::Updated,
        "due" => TaskOrder::Due,
        "priority" => TaskOrder::Priority,
        "number" => TaskOrder::Number,
        "title" => TaskOrder::Title,
        "position" => TaskOrder::Position,
        _ => TaskOrder::Created,
    }
}

/// Where a task stands, by the category of its column, or by a name for one or two of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http::v1) enum TaskStatus {
    /// Somebody may want it one day.
    Backlog,
    /// It waits.
    Unstarted,
    /// Somebody works on it.
    Started,
    /// It is done.
    Completed,
    /// It will not be done.
    Cancelled,
    /// `backlog` or `unstarted`.
    Todo,
    /// `started`.
    #[serde(alias = "in-progress")]
    InProgress,
    /// `completed`.
    Done,
}

impl TaskStatus {
    fn categories(self) -> &'static [&'static str] {
        match self {
            Self::Backlog => &["backlog"],
            Self::Unstarted => &["unstarted"],
            Self::Started | Self::InProgress => &["started"],
            Self::Completed | Self::Done => &["completed"],
            Self::Cancelled => &["cancelled"],
            Self::Todo => &["backlog", "unstarted"],
        }
    }
}

/// How urgent a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http::v1) enum TaskUrgency {
    None,
    Low,
    Medium,
    High,
    Urgent,
}

/// Where tasks are in their lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http::v1) enum TaskLife {
    /// On the board.
    #[default]
    Open,
    /// In the archive.
    Archived,
    /// In the trash.
    Deleted,
    /// Anywhere.
    Any,
}

/// A day, or a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http::v1) struct DueBound(String);

impl<'de> Deserialize<'de> for DueBound {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = Date::parse(&text)
            .map(|date| date.to_string())
            .or_else(|| Timestamp::parse(&text).map(|time| moment(time.0)));
        read.map(Self).ok_or_else(|| {
            serde::de::Error::invalid_value(
                serde::de::Unexpected::Other("text"),
                &"a date such as 2026-11-20, or a time such as 2026-11-20T17:39:34Z",
            )
        })
    }
}

macro_rules! filters {
    ($($(#[$meta:meta])* $name:ident { $($(#[$own_meta:meta])* $own:ident: $own_type:ty,)* })+) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Default, Deserialize, IntoParams)]
            #[into_params(parameter_in = Query)]
            #[serde(default, deny_unknown_fields)]
            pub(in crate::http::v1) struct $name {
                $($(#[$own_meta])* pub(in crate::http::v1) $own: Option<$own_type>,)*
                /// Only those that somebody works on: the id of an account, `me`, `any` for whomever, or `none` for
                /// nobody.
                #[param(value_type = Option<String>, min_length = 1, max_length = 64, pattern = "^[0-9A-Za-z_-]+$")]
                assignee: Option<Line<64>>,
                /// Only those in a column of one of these categories. `todo`, `in_progress` and `done` are names for them.
                #[param(inline, value_type = Option<Vec<TaskStatus>>, style = Form, explode = false)]
                status: Option<Commas<AnyCase<TaskStatus>>>,
                /// Only those in the column of this id.
                #[param(value_type = Option<String>, min_length = 1, max_length = 64)]
                column: Option<Line<64>>,
                /// Only those with the label of this id or name.
                #[param(value_type = Option<String>, min_length = 1, max_length = 100)]
                label: Option<Line<100>>,
                /// Only those of one of these priorities.
                #[param(inline, value_type = Option<Vec<TaskUrgency>>, style = Form, explode = false)]
                priority: Option<Commas<AnyCase<TaskUrgency>>>,
                /// Only those that are due before this day or moment.
                #[param(value_type = Option<String>, min_length = 10, max_length = 40)]
                due_before: Option<DueBound>,
                /// Only those that are due on this day, at this moment, or later.
                #[param(value_type = Option<String>, min_length = 10, max_length = 40)]
                due_after: Option<DueBound>,
                /// Only those that are overdue, or that are not. What is done is not overdue; what is due on a day is once
                /// that day is over in the time zone of your preferences.
                overdue: Option<bool>,
                /// Only those with this in their title.
                text: Option<Line<100>>,
                /// Only those that changed at this time or later.
                updated_since: Option<Timestamp>,
                /// Only those that are open, archived or in the trash; `open` if it is left out.
                #[param(inline, value_type = Option<TaskLife>)]
                state: Option<AnyCase<TaskLife>>,
                /// Only those that are a part of another task, or of none.
                has_parent: Option<bool>,
            }

            impl Filters for $name {
                const SORTS: &'static [&'static str] = SORTS;
            }
        )+
    };
}

filters! {
    /// Which tasks to list.
    TaskFilters {
        /// Only those of this workspace.
        workspace_id: Uuid,
        /// Only those of this project.
        project_id: Uuid,
    }
    /// Which tasks of a project to list.
    ProjectTaskFilters {
        /// Only those of this board.
        board_id: Uuid,
    }
    /// Which tasks of a board to list.
    BoardTaskFilters {}
}

/// What all lists of tasks ask for, with what its texts are made of.
#[derive(Debug, Clone, Default)]
pub(in crate::http::v1) struct TaskFilterForm {
    pub(super) workspace: Option<Uuid>,
    pub(in crate::http::v1) project: Option<Uuid>,
    pub(in crate::http::v1) board: Option<Uuid>,
    assignee: Option<String>,
    is_assigned: Option<bool>,
    categories: Vec<&'static str>,
    column: Option<String>,
    label: Option<String>,
    priorities: Vec<i64>,
    due_before: Option<String>,
    due_after: Option<String>,
    is_overdue: Option<bool>,
    text: Option<String>,
    updated_since_ms: Option<i64>,
    states: &'static [&'static str],
    has_parent: Option<bool>,
    today: String,
    now: String,
}

/// Who asks, and when.
#[derive(Debug)]
pub(in crate::http::v1) struct Asker {
    /// Their account.
    pub(in crate::http::v1) user: Option<Uuid>,
    /// Where days begin for them.
    pub(in crate::http::v1) zone: TimeZone,
    /// Now.
    pub(in crate::http::v1) now_ms: i64,
}

macro_rules! forms {
    ($($name:ident { $($member:ident = $own:ident),* })+) => {
        $(
            impl $name {
                /// As it is asked for by somebody.
                pub(in crate::http::v1) fn form(&self, asker: &Asker) -> TaskFilterForm {
                    let (assignee, is_assigned) = assignee(self.assignee.as_deref(), asker.user);
                    let statuses = self.status.iter().flat_map(|statuses| &statuses.0);
                    let priorities = self.priority.iter().flat_map(|priorities| &priorities.0);
                    TaskFilterForm {
                        $($member: self.$own,)*
                        assignee,
                        is_assigned,
                        categories: statuses.flat_map(|status| status.0.categories().iter().copied()).collect(),
                        column: self.column.as_deref().map(str::to_owned),
                        label: self.label.as_deref().map(str::to_owned),
                        priorities: priorities.map(|priority| priority.0 as i64).collect(),
                        due_before: self.due_before.as_ref().map(|bound| bound.0.clone()),
                        due_after: self.due_after.as_ref().map(|bound| bound.0.clone()),
                        is_overdue: self.overdue,
                        text: self.text.as_deref().map(str::to_owned),
                        updated_since_ms: self.updated_since.map(|time| time.0),
                        states: states(self.state.map(|state| state.0)),
                        has_parent: self.has_parent,
                        today: today(asker.now_ms, &asker.zone),
                        now: moment(asker.now_ms),
                        ..TaskFilterForm::default()
                    }
                }
            }
        )+
    };
}

forms! {
    TaskFilters { workspace = workspace_id, project = project_id }
    ProjectTaskFilters { board = board_id }
    BoardTaskFilters {}
}

/// Whom `assignee` means, and whether there is to be somebody.
fn assignee(asked: Option<&str>, user: Option<Uuid>) -> (Option<String>, Option<bool>) {
    match asked {
        None => (None, None),
        Some("none") => (None, Some(false)),
        Some("any") => (None, Some(true)),
        // Nobody works for whom there is no account.
        Some("me") => (Some(user.map(|id| id.to_string()).unwrap_or_default()), None),
        Some(id) => (Some(id.to_owned()), None),
    }
}

fn states(life: Option<TaskLife>) -> &'static [&'static str] {
    match life.unwrap_or_default() {
        TaskLife::Open => &["open"],
        TaskLife::Archived => &["archived"],
        TaskLife::Deleted => &["deleted"],
        TaskLife::Any => &[],
    }
}

impl TaskFilterForm {
    /// For the rows; `confined_to` is the workspace that a credential is for.
    pub(in crate::http::v1) fn filter(&self, confined_to: Option<WorkspaceId>) -> TaskFilter<'_> {
        TaskFilter {
            workspace: self.workspace.map(WorkspaceId),
            confined_to,
            project: self.project,
            board: self.board,
            states: self.states,
            column: self.column.as_deref(),
            categories: &self.categories,
            assignee: self.assignee.as_deref(),
            is_assigned: self.is_assigned,
            label: self.label.as_deref(),
            priorities: &self.priorities,
            due_before: self.due_before.as_deref(),
            due_after: self.due_after.as_deref(),
            search: self.text.as_deref(),
            updated_since_ms: self.updated_since_ms,
            has_parent: self.has_parent,
            overdue: self.is_overdue.map(|is_wanted| Overdue {
                today: &self.today,
                now: &self.now,
                is_wanted,
            }),
            ..TaskFilter::default()
        }
    }
}
