//! `GET /v1/webhooks/endpoints/{endpoint_id}/stats`.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::WebhookStatus;

use super::managed;
use crate::http::Problem;
use crate::http::rest::{Found, Id, Timestamp};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// How an endpoint does.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookStats)]
pub(super) struct StatsView {
    endpoint_id: Uuid,
    /// Messages of which nothing has come yet.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pending: i64,
    /// Messages that it has taken, as far as they are kept.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    succeeded: i64,
    /// Messages that failed and are tried again.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    failed: i64,
    /// Messages that were given up, as far as they are kept.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    dead: i64,
    /// When the oldest message was made that it has not taken yet; null if there is none.
    oldest_open_at: Option<Timestamp>,
    /// Events of the workspace that were not looked at for it yet. Of a disabled endpoint none is.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    events_behind: i64,
    /// Since when every attempt has failed; null if the last one did not.
    failing_since: Option<Timestamp>,
}

/// Shows how an endpoint does.
#[utoipa::path(
    get, path = "/v1/webhooks/endpoints/{endpoint_id}/stats", tag = "Webhooks",
    params(("endpoint_id" = Uuid, Path)),
    responses((status = 200, body = StatsView)),
)]
pub(super) async fn get_webhook_stats(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<StatsView>, Problem> {
    let mut tx = api.records.read().await?;
    let row = managed(&mut tx, &caller, id).await?;
    let mut tenant = tx.workspace(row.workspace).await?;
    let counts = tenant.count_webhook_messages(id).await?;
    let last = tenant.last_event_seq().await?;
    let of = |status| {
        let found = counts.iter().find(|count| count.status == status);
        found.map_or(0, |count| count.count)
    };
    let open = counts
        .iter()
        .filter(|count| matches!(count.status, WebhookStatus::Pending | WebhookStatus::Failed));
    Ok(Found {
        etag: None,
        body: StatsView {
            endpoint_id: id,
            pending: of(WebhookStatus::Pending),
            succeeded: of(WebhookStatus::Succeeded),
            failed: of(WebhookStatus::Failed),
            dead: of(WebhookStatus::Dead),
            oldest_open_at: open.map(|count| count.oldest_ms).min().map(Timestamp),
            events_behind: (last - row.cursor_seq).max(0),
            failing_since: row.failing_since_ms.map(Timestamp),
        },
    })
}
