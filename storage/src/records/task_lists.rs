//! Lists of tasks: within a workspace for those who have asked for permission, and across everything that somebody sees.
//!
//! Invariant: across projects a task comes out exactly if its board does in `visible`, which has the rule.

use uuid::Uuid;

use super::error::RecordError;
use super::span::{Span, containing, cross_span, span, tenant_span};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tasks::{Task, join_column, task_columns};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::{Value, args};
use super::visible::{from_visible, is_permitted};
use super::workspaces::Count;
use crate::model::WorkspaceId;
use crate::projection::title_key;

/// Which tasks are asked for. Tasks of boards in the trash never are.
#[derive(Debug, Clone, Copy)]
pub struct TaskFilter<'a> {
    /// Only those of this workspace. Within a workspace it is not looked at.
    pub workspace: Option<WorkspaceId>,
    /// Only those of this other workspace: the one that a credential is confined to. Within a workspace it is not
    /// looked at.
    pub confined_to: Option<WorkspaceId>,
    /// Only those of this project.
    pub project: Option<Uuid>,
    /// Only those of this board.
    pub board: Option<Uuid>,
    /// Only those in one of these states: `open`, `archived`, `deleted`. Empty: all.
    pub states: &'a [&'a str],
    /// Only those that stand in this column, by its id in the document.
    pub column: Option<&'a str>,
    /// Only those in a column of one of these categories. Empty: all.
    pub categories: &'a [&'a str],
    /// Only those that this user works on, by id as the document has it.
    pub assignee: Option<&'a str>,
    /// Only those that somebody works on, or nobody.
    pub is_assigned: Option<bool>,
    /// Only those with the label of this id, or of this name in any case.
    pub label: Option<&'a str>,
    /// Only those of one of these priorities. Empty: all.
    pub priorities: &'a [i64],
    /// Only those that are due before this day or moment.
    pub due_before: Option<&'a str>,
    /// Only those that are due on this day, at this moment, or later.
    pub due_after: Option<&'a str>,
    /// Only those that are due some day, or never.
    pub has_due: Option<bool>,
    /// Only those with this in the first 500 characters of their title, in any case.
    pub search: Option<&'a str>,
    /// Only those whose row changed at this time or later, in milliseconds since 1970.
    pub updated_since_ms: Option<i64>,
    /// Only the parts of this card.
    pub parent: Option<&'a str>,
    /// Only those that are a part of another, or of none.
    pub has_parent: Option<bool>,
    /// Only the one with this number in its project.
    pub number: Option<i64>,
    /// Only those that are done, or not.
    pub is_done: Option<bool>,
    /// Only those that are overdue at some time, or not.
    pub overdue: Option<Overdue<'a>>,
}

/// What it is to be overdue: not done, and due on a day that is over or at a moment that is past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue<'a> {
    /// The day, `YYYY-MM-DD`, where the one who asks is.
    pub today: &'a str,
    /// The moment, `YYYY-MM-DDTHH:MM:SSZ`.
    pub now: &'a str,
    /// Whether those are wanted that are overdue, or those that are not.
    pub is_wanted: bool,
}

impl Default for TaskFilter<'_> {
    /// All open tasks.
    fn default() -> Self {
        Self {
            workspace: None,
            confined_to: None,
            project: None,
            board: None,
            states: &["open"],
            column: None,
            categories: &[],
            assignee: None,
            is_assigned: None,
            label: None,
            priorities: &[],
            due_before: None,
            due_after: None,
            has_due: None,
            search: None,
            updated_since_ms: None,
            parent: None,
            has_parent: None,
            number: None,
            is_done: None,
            overdue: None,
        }
    }
}

/// What a list of tasks is sorted by; those that are equal in it are in the order of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOrder {
    /// When they were first shown.
    Created,
    /// When they were last changed.
    Updated,
    /// When they are due; those that are never due come last.
    Due,
    /// The priority, the lowest first.
    Priority,
    /// The number in the project.
    Number,
    /// The title, whatever the capitals.
    Title,
    /// As the board shows them: column by column, from top to bottom. Means something within one board.
    Position,
}

const REASON: &str = "what somebody may see, in whichever workspace, is theirs to list";

/// `$8` to `$27`, but for `$11`. What is left of a list of ids without the one that it has is another text.
macro_rules! is_asked_for {
    () => {
        " AND ($8 IS NULL OR $8 LIKE '%,' || k.state || ',%') AND ($9 IS NULL OR k.column_id = $9) \
         AND ($10 IS NULL OR $10 LIKE '%,' || c.category || ',%') \
         AND ($12 IS NULL OR (k.assignees <> '') = $12) \
         AND ($13 IS NULL OR replace(',' || k.labels || ',', ',' || $13 || ',', '') <> ',' || k.labels || ',' \
         OR EXISTS (SELECT 1 FROM board_entries e WHERE e.workspace_id = k.workspace_id \
         AND e.board_id = k.board_id AND e.kind = 'label' AND e.name_key = $14 \
         AND replace(',' || k.labels || ',', ',' || e.entry_id || ',', '') <> ',' || k.labels || ',')) \
         AND ($15 IS NULL OR $15 LIKE '%,' || CAST(k.priority AS text) || ',%') \
         AND ($16 IS NULL OR k.due < $16) AND ($17 IS NULL OR k.due >= $17) \
         AND ($18 IS NULL OR (k.due IS NOT NULL) = $18) \
         AND ($19 IS NULL OR k.title_key LIKE $19 ESCAPE '!') AND ($20 IS NULL OR k.updated_at_ms >= $20) \
         AND ($21 IS NULL OR k.parent = $21) AND ($22 IS NULL OR (k.parent IS NOT NULL) = $22) \
         AND ($23 IS NULL OR k.number = $23) AND ($24 IS NULL OR k.done = $24) \
         AND ($25 IS NULL OR (NOT k.done AND k.due IS NOT NULL \
         AND CASE WHEN length(k.due) = 10 THEN k.due < $25 ELSE k.due < $26 END) = $27)"
    };
}

/// Where the tasks come from: from the boards, or from what an assignee works on. A cross join tells SQLite the order, so
/// that no plan reads all tasks of a workspace for the sake of a few; to Postgres it is a join like others. Tasks of an
/// assignee are found by their id alone, which has one plan even where Postgres has no statistics yet.
macro_rules! from_tasks {
    (anybody) => {
        " FROM project_documents d CROSS JOIN tasks k"
    };
    (somebody) => {
        " FROM task_members a CROSS JOIN tasks k CROSS JOIN project_documents d"
    };
    (here) => {
        " FROM project_documents d CROSS JOIN tasks k"
    };
}

macro_rules! is_tenants {
    (anybody) => {
        " WHERE d.workspace_id = $1 AND $11 IS NULL AND k.workspace_id = d.workspace_id AND k.board_id = d.id"
    };
    (somebody) => {
        " WHERE a.workspace_id = $1 AND a.role = 'assignee' AND a.user_id = $11 \
         AND k.workspace_id = a.workspace_id AND k.id = a.task_id \
         AND d.workspace_id = a.workspace_id AND d.id = a.board_id"
    };
    // A board has few enough tasks to look at the list of each.
    (here) => {
        " WHERE d.workspace_id = $1 AND k.workspace_id = d.workspace_id AND k.board_id = d.id \
         AND replace(',' || k.assignees || ',', ',' || $11 || ',', '') <> ',' || k.assignees || ','"
    };
}

/// The same from boards that somebody sees.
macro_rules! join_tasks {
    (anybody) => {
        " CROSS JOIN tasks k"
    };
    (somebody) => {
        " CROSS JOIN task_members a CROSS JOIN tasks k"
    };
}

macro_rules! is_seen {
    (anybody) => {
        " AND $11 IS NULL AND k.workspace_id = d.workspace_id AND k.board_id = d.id"
    };
    (somebody) => {
        " AND a.workspace_id = d.workspace_id AND a.board_id = d.id AND a.role = 'assignee' AND a.user_id = $11 \
         AND k.id = a.task_id"
    };
}

macro_rules! is_in {
    (board) => {
        " AND d.id = $7 AND ($6 IS NULL OR d.project_id = $6)"
    };
    (project) => {
        " AND d.project_id = $6 AND $7 IS NULL"
    };
    (anywhere) => {
        " AND ($6 IS NULL OR d.project_id = $6) AND ($7 IS NULL OR d.id = $7)"
    };
}

/// The tasks of a workspace that are asked for.
macro_rules! from_tenant {
    ($scope:ident, $assignee:ident) => {
        concat!(
            from_tasks!($assignee),
            join_column!(),
            " JOIN projects p ON p.workspace_id = d.workspace_id AND p.id = d.project_id AND p.deleted_at_ms IS NULL",
            is_tenants!($assignee),
            " AND d.deleted_at_ms IS NULL",
            is_in!($scope),
            is_asked_for!()
        )
    };
}

/// The tasks that `$1` sees and asks for; `$28` is the workspace, `$29` the one that they are confined to.
macro_rules! from_seen {
    ($assignee:ident) => {
        concat!(
            from_visible!(),
            join_tasks!($assignee),
            join_column!(),
            " WHERE m.user_id = $1 AND d.deleted_at_ms IS NULL \
             AND ($28 IS NULL OR m.workspace_id = $28) AND ($29 IS NULL OR m.workspace_id = $29) AND ",
            is_permitted!(),
            is_in!(anywhere),
            is_seen!($assignee),
            is_asked_for!()
        )
    };
}

/// The statement of an order, by number or by text.
macro_rules! ordered {
    ($order:expr, $span:expr, $list:ident, $($from:tt)+) => {
        match $order {
            TaskOrder::Created => ($list!($span, "k.created_at_ms", $($from)+), $span.by_number()),
            TaskOrder::Updated => ($list!($span, "k.updated_at_ms", $($from)+), $span.by_number()),
            TaskOrder::Due => ($list!($span, "COALESCE(k.due, '~')", $($from)+), $span.by_text()),
            TaskOrder::Priority => ($list!($span, "k.priority", $($from)+), $span.by_number()),
            TaskOrder::Number => ($list!($span, "k.number", $($from)+), $span.by_number()),
            TaskOrder::Title => ($list!($span, "k.title_key", $($from)+), $span.by_text()),
            TaskOrder::Position => (
                $list!(
                    $span,
                    "(COALESCE(CAST(1000000 + c.position AS text), '~') || CAST(k.order_group AS text) \
                     || k.order_key || ' ' || k.card_id)",
                    $($from)+
                ),
                $span.by_text(),
            ),
        }
    };
}

macro_rules! list_tenant {
    ($span:expr, $mark:literal, $($from:tt)+) => {
        tenant_span!($span, $mark, "k.id", "SELECT ", task_columns!(), from_tenant!($($from)+))
    };
}

macro_rules! list_seen {
    ($span:expr, $mark:literal, $($from:tt)+) => {
        cross_span!($span, REASON, $mark, "k.id", "SELECT ", task_columns!(), from_seen!($($from)+))
    };
}

/// The parameters of the span are named, so that both statements have the same ones.
macro_rules! no_span {
    () => {
        " AND ($2 IS NULL AND $3 IS NULL AND $4 >= 0 AND $5 >= 0)"
    };
}

macro_rules! count_tenant {
    ($($from:tt)+) => {
        tenant_sql!("SELECT count(*) AS n", from_tenant!($($from)+), no_span!())
    };
}

macro_rules! count_seen {
    ($($from:tt)+) => {{
        const SQL: CrossTenantSql = CrossTenantSql::because(
            REASON,
            concat!("SELECT count(*) AS n", from_seen!($($from)+), no_span!()),
        );
        SQL
    }};
}

/// Between commas, for a search with commas around it; `None` if there is nothing to choose from.
fn choice<T: ToString>(of: &[T]) -> Option<String> {
    let names: Vec<String> = of.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| format!(",{},", names.join(",")))
}

impl TaskFilter<'_> {
    /// `$2` to `$27`.
    fn values(&self, span: [Value; 4]) -> Vec<Value> {
        let mut values = Vec::from(span);
        values.extend(args![
            self.project,
            self.board,
            choice(self.states),
            self.column,
            choice(self.categories),
            self.assignee,
            self.is_assigned,
            self.label,
            self.label.map(title_key),
            choice(self.priorities),
            self.due_before,
            self.due_after,
            self.has_due,
            self.search.map(|text| containing(&title_key(text))),
            self.updated_since_ms,
            self.parent,
            self.has_parent,
            self.number,
            self.is_done,
            self.overdue.map(|overdue| overdue.today),
            self.overdue.map(|overdue| overdue.now),
            self.overdue.map(|overdue| overdue.is_wanted)
        ]);
        values
    }

    /// `$1` to `$29`.
    fn values_seen(&self, user: Uuid, span: [Value; 4]) -> Vec<Value> {
        let mut values = args![user];
        values.extend(self.values(span));
        values.extend(args![
            self.workspace.map(|id| id.0),
            self.confined_to.map(|id| id.0)
        ]);
        values
    }
}

impl Tx {
    /// Tasks that `user` sees, on whichever board of whichever workspace.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn tasks_seen(
        &mut self,
        user: Uuid,
        filter: &TaskFilter<'_>,
        order: TaskOrder,
        span: &Span,
    ) -> Result<Vec<Task>, RecordError> {
        let (sql, part) = match filter.assignee {
            None => ordered!(order, span, list_seen, anybody),
            Some(_) => ordered!(order, span, list_seen, somebody),
        };
        self.all_across(sql, filter.values_seen(user, part)).await
    }

    /// How many tasks `user` sees.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_tasks_seen(
        &mut self,
        user: Uuid,
        filter: &TaskFilter<'_>,
    ) -> Result<i64, RecordError> {
        let sql = match filter.assignee {
            None => count_seen!(anybody),
            Some(_) => count_seen!(somebody),
        };
        let values = filter.values_seen(user, Span::first(0).by_number());
        let count: Option<Count> = self.one_across(sql, values).await?;
        Ok(count.map_or(0, |count| count.0))
    }
}

impl Tenant<'_> {
    /// Tasks of this workspace, for those who may see the board or the project that the filter names.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn tasks(
        &mut self,
        filter: &TaskFilter<'_>,
        order: TaskOrder,
        span: &Span,
    ) -> Result<Vec<Task>, RecordError> {
        let (sql, part) = match (filter.board, filter.project, filter.assignee) {
            (Some(_), _, None) => ordered!(order, span, list_tenant, board, anybody),
            (Some(_), _, Some(_)) => ordered!(order, span, list_tenant, board, here),
            (None, Some(_), None) => ordered!(order, span, list_tenant, project, anybody),
            (None, Some(_), Some(_)) => ordered!(order, span, list_tenant, project, somebody),
            (None, None, None) => ordered!(order, span, list_tenant, anywhere, anybody),
            (None, None, Some(_)) => ordered!(order, span, list_tenant, anywhere, somebody),
        };
        self.all(sql, filter.values(part)).await
    }

    /// How many tasks of this workspace there are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_tasks(&mut self, filter: &TaskFilter<'_>) -> Result<i64, RecordError> {
        let sql = match (filter.board, filter.project, filter.assignee) {
            (Some(_), _, None) => count_tenant!(board, anybody),
            (Some(_), _, Some(_)) => count_tenant!(board, here),
            (None, Some(_), None) => count_tenant!(project, anybody),
            (None, Some(_), Some(_)) => count_tenant!(project, somebody),
            (None, None, None) => count_tenant!(anywhere, anybody),
            (None, None, Some(_)) => count_tenant!(anywhere, somebody),
        };
        let values = filter.values(Span::first(0).by_number());
        let count: Option<Count> = self.one(sql, values).await?;
        Ok(count.map_or(0, |count| count.0))
    }
}
