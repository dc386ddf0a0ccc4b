//! `GET /v1/notifications` and `GET /v1/notifications/{notification_id}`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{Notification, NotificationFilter};

use super::reader;
use super::shapes::{NotificationView, StateName};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Filters, Found, Id, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, confined_to, part, total};
use crate::notifications::Renderer;

/// Which notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct NotificationFilters {
    /// Only those of this workspace.
    workspace_id: Option<Uuid>,
    /// Which; your inbox if it is left out.
    #[serde(default)]
    #[param(inline, value_type = StateName, required = false)]
    state: StateName,
}

impl Filters for NotificationFilters {
    const SORTS: &'static [&'static str] = &["updated_at"];
    const IS_REVERSED: bool = true;
}

/// Lists your notifications, the newest first.
///
/// What you may not see at this moment is left out.
#[utoipa::path(
    get, path = "/v1/notifications", tag = "Notifications",
    params(Listing<NotificationFilters>),
    responses((status = 200, body = List<NotificationView>)),
)]
pub(super) async fn list_notifications(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<NotificationFilters>,
) -> Result<List<NotificationView>, Problem> {
    let user = reader(&caller)?;
    let asked = listing.filters.workspace_id.map(WorkspaceId);
    let confined = confined_to(&caller);
    if confined.is_some() && asked.is_some() && confined != asked {
        return Err(NOT_FOUND);
    }
    let filter = NotificationFilter {
        user,
        workspace: confined.or(asked),
        state: listing.filters.state.into(),
    };
    let mut tx = api.records.read().await?;
    let part = part(&listing, user)?;
    let rows = tx.notifications_seen(filter, &part.span).await?;
    let (mut renderer, mut all) = (Renderer::default(), Vec::with_capacity(rows.len()));
    for row in rows {
        let said = renderer.render(&mut tx, &row).await?;
        let view = NotificationView::new(&row, said);
        all.push((Key::Number(row.updated_at_ms, row.id), view));
    }
    let view = |(_, view)| view;
    if part.is_counted {
        let count = tx.count_notifications_seen(filter).await?;
        return Ok(listing.counted(total(count), all, view));
    }
    Ok(listing.walked(user, all, |(key, _): &(Key, NotificationView)| key.clone(), view))
}

/// Reads one of your notifications.
#[utoipa::path(
    get, path = "/v1/notifications/{notification_id}", tag = "Notifications",
    params(("notification_id" = Uuid, Path)),
    responses((status = 200, body = NotificationView, headers(("ETag" = String)))),
)]
pub(super) async fn get_notification(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<NotificationView>, Problem> {
    let user = reader(&caller)?;
    let mut tx = api.records.read().await?;
    let row = find(&mut tx, &caller, user, id).await?;
    let said = Renderer::default().render(&mut tx, &row).await?;
    Ok(Found {
        etag: Some(ETag(row.version)),
        body: NotificationView::new(&row, said),
    })
}

/// A row of the caller's that they may see.
///
/// # Errors
/// 404 for every other.
pub(super) async fn find(
    tx: &mut weft_storage::records::Tx,
    caller: &Caller,
    user: Uuid,
    id: Uuid,
) -> Result<Notification, Problem> {
    let confined = confined_to(caller);
    let row = tx.notification_seen(user, id).await?;
    row.filter(|row| confined.is_none_or(|workspace| workspace == row.workspace))
        .ok_or(NOT_FOUND)
}
