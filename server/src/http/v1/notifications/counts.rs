//! `GET /v1/notifications/counts`.

use axum::extract::State;

use super::reader;
use super::shapes::CountsView;
use crate::http::Problem;
use crate::http::rest::Found;
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::confined_to;

/// Tells how much is new in your inbox.
#[utoipa::path(
    get, path = "/v1/notifications/counts", tag = "Notifications",
    responses((status = 200, body = CountsView)),
)]
pub(super) async fn count_notifications(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Found<CountsView>, Problem> {
    let user = reader(&caller)?;
    let mut tx = api.records.read().await?;
    let counts = tx.notification_counts(user, confined_to(&caller)).await?;
    Ok(Found {
        etag: None,
        body: counts.into(),
    })
}
