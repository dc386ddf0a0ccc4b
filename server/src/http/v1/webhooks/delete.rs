//! `DELETE /v1/webhooks/endpoints/{endpoint_id}`.

use axum::extract::State;

use super::{etag, managed};
use crate::audit::{Act, Deed};
use crate::http::Problem;
use crate::http::rest::{Id, IfMatch, NoContent};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Removes a webhook endpoint, with everything that it was told or was to be told.
#[utoipa::path(
    delete, path = "/v1/webhooks/endpoints/{endpoint_id}", tag = "Webhooks",
    params(("endpoint_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204)),
)]
pub(super) async fn delete_webhook_endpoint(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    condition: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let mut tx = api.records.write().await?;
    let row = managed(&mut tx, &caller, id).await?;
    IfMatch::check_if_given(condition.as_ref(), etag(&row))?;
    let mut tenant = tx.workspace(row.workspace).await?;
    tenant.remove_webhook_endpoint(id).await?;
    Act::new(Deed::WebhookEndpointDeleted, id)
        .write(&mut tx, row.workspace, api.clock.now_ms())
        .await?;
    tx.commit().await?;
    Ok(NoContent)
}
