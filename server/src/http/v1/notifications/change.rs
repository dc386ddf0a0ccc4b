//! `PATCH /v1/notifications/{notification_id}`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use weft_storage::records::NotificationMarks;

use super::list::find;
use super::owner;
use super::shapes::NotificationView;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Change, Clearable, ETag, Found, Id, IfMatch, MergePatch, Timestamp, invalid};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::notifications::Renderer;

/// The longest time for which something can be put off, in milliseconds: a year.
const MAX_SNOOZE_MS: i64 = 365 * 24 * 60 * 60 * 1_000;

/// What you have done with a notification.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NotificationPatch {
    /// True: you saw it in a list.
    seen: Change<bool>,
    /// Whether you read it.
    read: Change<bool>,
    /// Whether it is put away. It comes back when something new happens there.
    archived: Change<bool>,
    /// Until when it is put off, at most a year; null: it is put off no longer. Then it comes back as unread.
    #[schema(value_type = Option<Timestamp>)]
    snoozed_until: Clearable<Timestamp>,
}

/// Says what you have done with a notification.
#[utoipa::path(
    patch, path = "/v1/notifications/{notification_id}", tag = "Notifications",
    params(("notification_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = NotificationPatch,
    responses((status = 200, body = NotificationView, headers(("ETag" = String)))),
)]
pub(super) async fn update_notification(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    condition: Option<IfMatch>,
    MergePatch(patch): MergePatch<NotificationPatch>,
) -> Result<Found<NotificationView>, Problem> {
    let user = owner(&caller)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let place = find(&mut tx, &caller, user, id).await?;
    // Nobody else writes to the workspace from here on, so what is read now is what is changed.
    tx.workspace(place.workspace).await?;
    let row = find(&mut tx, &caller, user, id).await?;
    IfMatch::check_if_given(condition.as_ref(), ETag(row.version))?;
    let marks = marked(row.marks, &patch, now_ms)?;
    if marks != row.marks {
        let mut tenant = tx.workspace(row.workspace).await?;
        tenant.mark_notification(id, marks).await?;
        tenant.settle_notifications(user, &[id]).await?;
    }
    let row = tx.notification_seen(user, id).await?.ok_or(NOT_FOUND)?;
    let said = Renderer::default().render(&mut tx, &row).await?;
    tx.commit().await?;
    api.notifier.ring();
    Ok(Found {
        etag: Some(ETag(row.version)),
        body: NotificationView::new(&row, said),
    })
}

/// What is marked is marked once: the first time counts.
fn marked(
    mut marks: NotificationMarks,
    patch: &NotificationPatch,
    now_ms: i64,
) -> Result<NotificationMarks, Problem> {
    match patch.seen.into_option() {
        Some(false) => return Err(invalid("seen", "INVALID_VALUE", "must be true")),
        Some(true) => marks.seen_at_ms = marks.seen_at_ms.or(Some(now_ms)),
        None => {}
    }
    if let Some(is_read) = patch.read.into_option() {
        marks.read_at_ms = is_read.then(|| marks.read_at_ms.unwrap_or(now_ms));
    }
    if let Some(is_archived) = patch.archived.into_option() {
        marks.archived_at_ms = is_archived.then(|| marks.archived_at_ms.unwrap_or(now_ms));
    }
    match patch.snoozed_until.into_option() {
        Some(Some(Timestamp(until))) if until <= now_ms || until - now_ms > MAX_SNOOZE_MS => {
            let message = "must lie ahead, by a year at most";
            return Err(invalid("snoozed_until", "INVALID_VALUE", message));
        }
        Some(until) => marks.snoozed_until_ms = until.map(|until| until.0),
        None => {}
    }
    // Who reads it has seen it.
    if marks.read_at_ms.is_some() {
        marks.seen_at_ms = marks.seen_at_ms.or(Some(now_ms));
    }
    Ok(marks)
}
