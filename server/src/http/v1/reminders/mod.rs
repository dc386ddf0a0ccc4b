//! Reminders of tasks: `/v1/tasks/{task_id}/reminders` and `/v1/reminders/{reminder_id}`.
//!
//! Everybody has their own, and sees no others. One that follows the task's date moves with it: what is answered here is
//! worked out from the date of this moment, whoever changed it. `crate::reminders` says what a date is worth.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use weft_storage::records::{NewReminder as NewRow, RecordError, Reminder, ReminderTime, Tx};

use super::Api;
use super::caller::Caller;
use super::tenancy::{Key, part, total};
use super::topics::{self, Opened, TopicId};
use crate::auth::permission::{Action, Facts, Resource};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{
    Body, Created, Filters, Found, Id, List, Listing, NoContent, Once, Timestamp, invalid,
};
use crate::reminders::{due_at_ms, zone_of};

/// How many reminders of one task somebody may have.
const MAX_REMINDERS: i64 = 20;
/// The longest time before a task is due, in minutes: a year.
const MAX_MINUTES: u32 = 525_600;

const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TOO_MANY_REMINDERS",
    "you have 20 reminders of this task already",
);
const NOT_A_MEMBER: Problem = Problem::new(
    StatusCode::CONFLICT,
    "NOT_A_MEMBER",
    "only members of the workspace, guests among them, are reminded of what is in it",
);

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list_task_reminders, create_task_reminder))
        .routes(routes!(get_reminder, delete_reminder))
}

/// A reminder of a task, for you.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reminder)]
struct ReminderView {
    id: Uuid,
    task_id: Uuid,
    /// The moment that was asked for, if it was one.
    at: Option<Timestamp>,
    /// How long before the task is due, if that was asked for.
    #[schema(minimum = 0, maximum = 525_600)]
    minutes_before: Option<i64>,
    /// When you are reminded, as it stands now; null if the task has no date.
    due_at: Option<Timestamp>,
    /// When you were reminded; null if that is still to come.
    sent_at: Option<Timestamp>,
    created_at: Timestamp,
}

/// A reminder to be made: exactly one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReminder {
    /// At this moment, which lies ahead.
    at: Option<Timestamp>,
    /// So many minutes before the task is due. A day without a time is due at nine in the morning, in the time zone of
    /// your preferences.
    #[schema(minimum = 0, maximum = 525_600)]
    minutes_before: Option<u32>,
}

/// The list of reminders has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ReminderFilters {}

impl Filters for ReminderFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// When a reminder is due by a task's date and what somebody prefers, both as they are now.
struct View<'a> {
    due: Option<&'a str>,
    zone: jiff::tz::TimeZone,
}

impl View<'_> {
    fn of(&self, reminder: &Reminder) -> ReminderView {
        let (at, minutes_before) = match reminder.time {
            ReminderTime::At(at) => (Some(Timestamp(at)), None),
            ReminderTime::MinutesBefore(minutes) => (None, Some(minutes)),
        };
        ReminderView {
            id: reminder.id,
            task_id: reminder.task_id,
            at,
            minutes_before,
            due_at: due_at_ms(reminder.time, self.due, &self.zone).map(Timestamp),
            sent_at: reminder.sent_at_ms.map(Timestamp),
            created_at: Timestamp(reminder.created_at_ms),
        }
    }
}

/// Lists your reminders of a task.
#[utoipa::path(
    get, path = "/v1/tasks/{task_id}/reminders", tag = "Reminders",
    params(("task_id" = Uuid, Path), Listing<ReminderFilters>),
    responses((status = 200, body = List<ReminderView>)),
)]
async fn list_task_reminders(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<ReminderFilters>,
) -> Result<List<ReminderView>, Problem> {
    let mut tx = api.records.read().await?;
    let now_ms = api.clock.now_ms();
    let opened = topics::open(&mut tx, &caller, TopicId::Task(id), Action::ReadContent, now_ms).await?;
    let user = caller.user()?;
    let preferences = tx.user(user).await?.ok_or(NOT_FOUND)?.preferences;
    let part = part(&listing, id)?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let rows = tenant.reminders(id, user, &part.span).await?;
    let view = View {
        due: opened.task.as_ref().and_then(|task| task.shown.due.as_deref()),
        zone: zone_of(&preferences),
    };
    if part.is_counted {
        let count = tenant.count_reminders(id, user).await?;
        return Ok(listing.counted(total(count), rows, |row| view.of(&row)));
    }
    let key = |row: &Reminder| Key::Number(row.created_at_ms, row.id);
    Ok(listing.walked(id, rows, key, |row| view.of(&row)))
}

/// Has you reminded of a task.
#[utoipa::path(
    post, path = "/v1/tasks/{task_id}/reminders", tag = "Reminders",
    params(("task_id" = Uuid, Path)),
    request_body = NewReminder,
    responses(
        (status = 201, body = ReminderView, headers(("Location" = String))),
        (status = 409, description = "You have this one, or too many"),
    ),
)]
async fn create_task_reminder(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(wanted): Body<NewReminder>,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let opened = topics::open(&mut tx, &caller, TopicId::Task(id), Action::ReadContent, now_ms).await?;
    let user = caller.user()?;
    let time = time_of(&wanted, now_ms)?;
    let preferences = tx.user(user).await?.ok_or(NOT_FOUND)?.preferences;
    let view = View {
        due: opened.task.as_ref().and_then(|task| task.shown.due.as_deref()),
        zone: zone_of(&preferences),
    };
    let mut tenant = tx.workspace(opened.workspace).await?;
    if tenant.count_reminders(id, user).await? >= MAX_REMINDERS {
        return Err(TOO_MANY);
    }
    let new = NewRow {
        id: Uuid::now_v7(),
        document_id: opened.document.id,
        task_id: id,
        user_id: user,
        time,
        now_ms,
    };
    tenant.create_reminder(new).await.map_err(|error| match error {
        RecordError::Dangling => NOT_A_MEMBER,
        other => other.into(),
    })?;
    if matches!(time, ReminderTime::MinutesBefore(_)) {
        let due = due_at_ms(time, view.due, &view.zone);
        let basis = view.due.unwrap_or_default();
        tenant.work_out_reminder(new.id, due, basis, now_ms).await?;
    }
    let reminder = tx.reminder(new.id).await?.ok_or(Problem::INTERNAL)?;
    let created = Created {
        location: format!("/v1/reminders/{}", new.id),
        etag: None,
        body: view.of(&reminder),
    };
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    tx.commit().await?;
    Ok(answer)
}

fn time_of(wanted: &NewReminder, now_ms: i64) -> Result<ReminderTime, Problem> {
    match (wanted.at, wanted.minutes_before) {
        (Some(at), None) if at.0 <= now_ms => Err(invalid("at", "INVALID_VALUE", "must lie ahead")),
        (Some(at), None) => Ok(ReminderTime::At(at.0)),
        (None, Some(minutes)) if minutes > MAX_MINUTES => Err(invalid(
            "minutes_before",
            "INVALID_VALUE",
            "must be from 0 to 525600",
        )),
        (None, Some(minutes)) => Ok(ReminderTime::MinutesBefore(minutes.into())),
        _ => Err(invalid(
            "at",
            "INVALID_VALUE",
            "must be given, or minutes_before, and not both",
        )),
    }
}

/// A reminder of the caller's, and its task.
async fn find(tx: &mut Tx, caller: &Caller, id: Uuid, now_ms: i64) -> Result<(Reminder, Opened), Problem> {
    let own = tx
        .reminder(id)
        .await?
        .filter(|reminder| Some(reminder.user_id) == caller.0.user());
    let Some(reminder) = own else {
        // As for one of strangers.
        let nowhere = Resource::Document(Facts::stranger(Uuid::nil()));
        caller.require(Action::ReadContent, &nowhere)?;
        return Err(NOT_FOUND);
    };
    let task = TopicId::Task(reminder.task_id);
    let opened = topics::open(tx, caller, task, Action::ReadContent, now_ms).await?;
    Ok((reminder, opened))
}

/// Reads one of your reminders.
#[utoipa::path(
    get, path = "/v1/reminders/{reminder_id}", tag = "Reminders",
    params(("reminder_id" = Uuid, Path)),
    responses((status = 200, body = ReminderView)),
)]
async fn get_reminder(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<ReminderView>, Problem> {
    let mut tx = api.records.read().await?;
    let (reminder, opened) = find(&mut tx, &caller, id, api.clock.now_ms()).await?;
    let preferences = tx.user(reminder.user_id).await?.ok_or(NOT_FOUND)?.preferences;
    let view = View {
        due: opened.task.as_ref().and_then(|task| task.shown.due.as_deref()),
        zone: zone_of(&preferences),
    };
    Ok(Found {
        etag: None,
        body: view.of(&reminder),
    })
}

/// Removes one of your reminders.
#[utoipa::path(
    delete, path = "/v1/reminders/{reminder_id}", tag = "Reminders",
    params(("reminder_id" = Uuid, Path)),
    responses((status = 204, description = "It is gone")),
)]
async fn delete_reminder(State(api): State<Api>, caller: Caller, Id(id): Id) -> Result<NoContent, Problem> {
    let mut tx = api.records.write().await?;
    let (reminder, _) = find(&mut tx, &caller, id, api.clock.now_ms()).await?;
    let mut tenant = tx.workspace(reminder.workspace).await?;
    tenant.remove_reminder(id).await?;
    tx.commit().await?;
    Ok(NoContent)
}
