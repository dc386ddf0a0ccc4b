//! `POST /v1/notifications:read-all` and `POST /v1/notifications:seen`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::WorkspaceId;

use super::owner;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Found, Timestamp};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{confined_to, total};

/// How many workspaces are gone through.
const MAX_WORKSPACES: u32 = 1_000;

/// Up to when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationsUntil)]
pub(super) struct Until {
    /// What came after this moment stays as it is: the `updated_at` of the newest one that you saw.
    before: Timestamp,
    /// Only those of this workspace.
    workspace_id: Option<Uuid>,
}

/// How many notifications changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationsChanged)]
pub(super) struct Changed {
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    changed: u64,
}

#[derive(Debug, Clone, Copy)]
enum Mark {
    Read,
    Seen,
}

/// Marks your inbox as read, up to a moment.
#[utoipa::path(
    post, path = "/v1/notifications:read-all", tag = "Notifications",
    request_body = Until,
    responses((status = 200, body = Changed)),
)]
pub(super) async fn read_all_notifications(
    State(api): State<Api>,
    caller: Caller,
    Body(until): Body<Until>,
) -> Result<Found<Changed>, Problem> {
    mark_all(&api, &caller, &until, Mark::Read).await
}

/// Marks your inbox as seen, up to a moment.
#[utoipa::path(
    post, path = "/v1/notifications:seen", tag = "Notifications",
    request_body = Until,
    responses((status = 200, body = Changed)),
)]
pub(super) async fn see_all_notifications(
    State(api): State<Api>,
    caller: Caller,
    Body(until): Body<Until>,
) -> Result<Found<Changed>, Problem> {
    mark_all(&api, &caller, &until, Mark::Seen).await
}

/// Doing it twice is doing it once, so it can be tried again. Each workspace is a transaction of its own: one that held
/// places of several would wait for others that wait for it.
async fn mark_all(api: &Api, caller: &Caller, until: &Until, mark: Mark) -> Result<Found<Changed>, Problem> {
    let user = owner(caller)?;
    let now_ms = api.clock.now_ms();
    let confined = confined_to(caller).map(|workspace| workspace.0);
    let asked = until.workspace_id.or(confined);
    if confined.is_some() && confined != asked {
        return Err(NOT_FOUND);
    }
    let mut tx = api.records.read().await?;
    let all = tx.workspaces_of(user, None, MAX_WORKSPACES).await?;
    drop(tx);
    let mut changed = 0;
    for membership in all {
        let workspace: WorkspaceId = membership.workspace.id;
        if asked.is_some_and(|asked| asked != workspace.0) {
            continue;
        }
        let mut tx = api.records.write().await?;
        let mut tenant = tx.workspace(workspace).await?;
        let count = match mark {
            Mark::Read => tenant.read_notifications(user, until.before.0, now_ms).await?,
            Mark::Seen => tenant.see_notifications(user, until.before.0, now_ms).await?,
        };
        if count > 0 {
            tenant.settle_notifications(user, &[]).await?;
            tx.commit().await?;
            changed += count;
        }
    }
    api.notifier.ring();
    Ok(Found {
        etag: None,
        body: Changed {
            changed: total(i64::try_from(changed).unwrap_or(i64::MAX)),
        },
    })
}
