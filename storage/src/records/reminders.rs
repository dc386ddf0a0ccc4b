//! Reminders of tasks: when somebody wants to hear of one, at a moment or some time before it is due.
//!
//! A task's date is in its board's document, and changes there. So the moment of a reminder that follows the date is
//! not kept up to date by whoever changes the date: it says from which date it was worked out, and whoever reads or
//! claims reminders works those out anew whose date is another one by now ([`Tx::stale_reminders`]).
//!
//! Invariant: a reminder is claimed once, by whoever claims it first.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::{Span, span, tenant_span};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// When a reminder is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReminderTime {
    /// At this moment, in milliseconds since 1970.
    At(i64),
    /// So many minutes before the task is due.
    MinutesBefore(i64),
}

/// A reminder of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// The board of the task.
    pub document_id: Uuid,
    /// The task.
    pub task_id: Uuid,
    /// Whom to remind.
    pub user_id: Uuid,
    /// When they want to be.
    pub time: ReminderTime,
    /// When that is, in milliseconds since 1970; `None` if the task has no date.
    pub due_at_ms: Option<i64>,
    /// The date of the task that `due_at_ms` was worked out from; `None` if it has to be worked out.
    pub basis: Option<String>,
    /// When they were reminded, if they were.
    pub sent_at_ms: Option<i64>,
    /// When it was made.
    pub created_at_ms: i64,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// A reminder whose moment is to be worked out anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleReminder {
    /// The reminder.
    pub reminder: Reminder,
    /// The task's date by now.
    pub due: Option<String>,
    /// The preferences of whom to remind, as JSON.
    pub preferences: String,
}

/// What a new reminder is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewReminder {
    /// Its id.
    pub id: Uuid,
    /// The board of the task.
    pub document_id: Uuid,
    /// The task.
    pub task_id: Uuid,
    /// Whom to remind.
    pub user_id: Uuid,
    /// When.
    pub time: ReminderTime,
    /// Now.
    pub now_ms: i64,
}

macro_rules! columns {
    () => {
        "r.workspace_id, r.id, r.document_id, r.task_id, r.user_id, r.at_ms, r.minutes_before, r.due_at_ms, r.basis, \
         r.sent_at_ms, r.created_at_ms, r.version"
    };
}

impl FromRow for Reminder {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let time = match (
            row.get::<Option<i64>>("at_ms")?,
            row.get::<Option<i64>>("minutes_before")?,
        ) {
            (Some(at), _) => ReminderTime::At(at),
            (None, Some(minutes)) => ReminderTime::MinutesBefore(minutes),
            (None, None) => return Err(RecordError::unreadable("at_ms")),
        };
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            document_id: row.get("document_id")?,
            task_id: row.get("task_id")?,
            user_id: row.get("user_id")?,
            time,
            due_at_ms: row.get("due_at_ms")?,
            basis: row.get("basis")?,
            sent_at_ms: row.get("sent_at_ms")?,
            created_at_ms: row.get("created_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl FromRow for StaleReminder {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            reminder: Reminder::from_row(row)?,
            due: row.get("due")?,
            preferences: row.get("preferences")?,
        })
    }
}

impl Tx {
    /// A reminder.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn reminder(&mut self, id: Uuid) -> Result<Option<Reminder>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "an address names a reminder and not its workspace; it is shown to its own user alone",
            concat!("SELECT ", columns!(), " FROM reminders r WHERE r.id = $1"),
        );
        self.one_across(SQL, args![id]).await
    }

    /// Reminders that follow their task's date and were worked out from another one, of tasks that changed at
    /// `updated_since_ms` or later, and all that were never worked out; at most `limit`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn stale_reminders(
        &mut self,
        updated_since_ms: i64,
        limit: u32,
    ) -> Result<Vec<StaleReminder>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "reminders are kept up to date in all workspaces",
            concat!(
                "SELECT ",
                columns!(),
                ", k.due, u.preferences FROM reminders r JOIN users u ON u.id = r.user_id \
                 JOIN task_identities i ON i.workspace_id = r.workspace_id AND i.id = r.task_id \
                 JOIN tasks k ON k.workspace_id = i.workspace_id AND k.board_id = i.board_id \
                 AND k.card_id = i.card_id \
                 WHERE r.minutes_before IS NOT NULL AND (r.basis IS NULL \
                 OR (k.updated_at_ms >= $1 AND r.basis <> COALESCE(k.due, ''))) \
                 ORDER BY r.workspace_id, r.id LIMIT $2"
            ),
        );
        self.all_across(SQL, args![updated_since_ms, limit]).await
    }

    /// Has all reminders of an account that follow dates worked out anew: what a day is to it has changed.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn forget_reminder_times(&mut self, user: Uuid) -> Result<(), RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "somebody's time zone is theirs in all workspaces",
            "UPDATE reminders SET basis = NULL WHERE user_id = $1 AND minutes_before IS NOT NULL",
        );
        self.execute_across(SQL, args![user]).await.map(|_| ())
    }

    /// Reminders whose moment has come, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn due_reminders(&mut self, now_ms: i64, limit: u32) -> Result<Vec<Reminder>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "people are reminded in all workspaces",
            concat!(
                "SELECT ",
                columns!(),
                " FROM reminders r WHERE r.sent_at_ms IS NULL AND r.due_at_ms <= $1 ORDER BY r.due_at_ms, r.id LIMIT $2"
            ),
        );
        self.all_across(SQL, args![now_ms, limit]).await
    }
}

impl Tenant<'_> {
    /// Makes a reminder, which has to be worked out if it follows the task's date.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if there is such a one, [`RecordError::Dangling`] if they are not in the workspace; a
    /// failure of the database.
    pub async fn create_reminder(&mut self, new: NewReminder) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO reminders (workspace_id, id, document_id, task_id, user_id, at_ms, minutes_before, due_at_ms, \
             created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $8)"
        );
        let (at, minutes) = match new.time {
            ReminderTime::At(at) => (Some(at), None),
            ReminderTime::MinutesBefore(minutes) => (None, Some(minutes)),
        };
        let values = args![
            new.id,
            new.document_id,
            new.task_id,
            new.user_id,
            at,
            minutes,
            new.now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Somebody's reminders of a task, in the order in which they were made.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn reminders(
        &mut self,
        task: Uuid,
        user: Uuid,
        span: &Span,
    ) -> Result<Vec<Reminder>, RecordError> {
        let sql = tenant_span!(
            span,
            "r.created_at_ms",
            "r.id",
            "SELECT ",
            columns!(),
            " FROM reminders r WHERE r.workspace_id = $1 AND r.task_id = $6 AND r.user_id = $7"
        );
        let mut values = span.by_number().to_vec();
        values.extend(args![task, user]);
        self.all(sql, values).await
    }

    /// How many they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_reminders(&mut self, task: Uuid, user: Uuid) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM reminders WHERE workspace_id = $1 AND task_id = $2 AND user_id = $3"
        );
        let count: Option<Count> = self.one(sql, args![task, user]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Says when a reminder is due that was worked out from `basis`, the task's date; empty for none. One that was sent
    /// is sent again if its new moment is still to come.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn work_out_reminder(
        &mut self,
        id: Uuid,
        due_at_ms: Option<i64>,
        basis: &str,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE reminders SET due_at_ms = $3, basis = $4, \
             sent_at_ms = CASE WHEN $3 > $5 THEN NULL ELSE sent_at_ms END, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2"
        );
        self.execute(sql, args![id, due_at_ms, basis, now_ms])
            .await
            .map(|_| ())
    }

    /// Takes a reminder whose moment has come. Whether nobody else has, and it is still so.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn claim_reminder(&mut self, id: Uuid, now_ms: i64) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE reminders SET sent_at_ms = $3 WHERE workspace_id = $1 AND id = $2 AND sent_at_ms IS NULL \
             AND due_at_ms <= $3"
        );
        Ok(self.execute(sql, args![id, now_ms]).await? > 0)
    }

    /// Removes a reminder. Whether there was one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn remove_reminder(&mut self, id: Uuid) -> Result<bool, RecordError> {
        let sql = tenant_sql!("DELETE FROM reminders WHERE workspace_id = $1 AND id = $2");
        Ok(self.execute(sql, args![id]).await? > 0)
    }
}
