//! `GET /v1/webhooks/endpoints/{endpoint_id}`, and its secret.

use axum::extract::State;
use axum::response::Response;

use super::shapes::{EndpointView, SecretView};
use super::{etag, managed};
use crate::http::Problem;
use crate::http::rest::{Found, Id, IfNoneMatch};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::webhooks::{WebhookError, WebhookSecrets};

/// Shows a webhook endpoint.
#[utoipa::path(
    get, path = "/v1/webhooks/endpoints/{endpoint_id}", tag = "Webhooks",
    params(("endpoint_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = EndpointView, headers(("ETag" = String)))),
)]
pub(super) async fn get_webhook_endpoint(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let row = managed(&mut tx, &caller, id).await?;
    let found = Found {
        etag: Some(etag(&row)),
        body: EndpointView::from(&row),
    };
    Ok(found.unless(&known))
}

/// Shows the secret with which messages to an endpoint are signed.
#[utoipa::path(
    get, path = "/v1/webhooks/endpoints/{endpoint_id}/secret", tag = "Webhooks",
    params(("endpoint_id" = Uuid, Path)),
    responses((status = 200, body = SecretView)),
)]
pub(super) async fn get_webhook_secret(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<SecretView>, Problem> {
    let mut tx = api.records.read().await?;
    let row = managed(&mut tx, &caller, id).await?;
    let secrets =
        WebhookSecrets::open(api.webhooks.sealer(), id, &row.secrets).map_err(WebhookError::from)?;
    let current = secrets.current().ok_or(Problem::INTERNAL)?;
    Ok(Found {
        etag: None,
        body: SecretView {
            secret: current.expose(),
        },
    })
}
