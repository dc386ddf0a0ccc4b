//! `GET /v1/webhooks/endpoints`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_storage::records::WebhookEndpoint;

use super::shapes::EndpointView;
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Filters, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, part, total};

/// Which endpoints.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct EndpointFilters {
    /// The workspace whose endpoints these are.
    workspace_id: Uuid,
}

impl Filters for EndpointFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// Lists the webhook endpoints of a workspace.
#[utoipa::path(
    get, path = "/v1/webhooks/endpoints", tag = "Webhooks",
    params(Listing<EndpointFilters>),
    responses(
        (status = 200, body = List<EndpointView>),
        (status = 404, description = "There is no such workspace for whoever asks"),
    ),
)]
pub(super) async fn list_webhook_endpoints(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<EndpointFilters>,
) -> Result<List<EndpointView>, Problem> {
    let mut tx = api.records.read().await?;
    let id = listing.filters.workspace_id;
    let place = facts::workspace(&mut tx, &caller.0, id).await?;
    caller.require(Action::ManageWebhooks, &place.resource)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let part = part(&listing, id)?;
    let rows = tenant.webhook_endpoints(&part.span).await?;
    let view = |row: WebhookEndpoint| EndpointView::from(&row);
    if part.is_counted {
        let count = tenant.count_webhook_endpoints().await?;
        return Ok(listing.counted(total(count), rows, view));
    }
    let place = |row: &WebhookEndpoint| Key::Number(row.created_at_ms, row.id);
    Ok(listing.walked(id, rows, place, view))
}
