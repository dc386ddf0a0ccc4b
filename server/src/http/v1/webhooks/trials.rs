//! `POST /v1/webhooks/endpoints/{endpoint_id}:test` and `:enable`, which tries it out first.

use axum::extract::State;
use axum::http::StatusCode;

use super::shapes::{EndpointView, TrialView};
use super::{etag, managed};
use crate::audit::{Act, Deed};
use crate::http::Problem;
use crate::http::rest::{Found, Id};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

const TEST_FAILED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "WEBHOOK_TEST_FAILED",
    "the endpoint did not take a test; its :test says why",
);

/// Sends a test message to an endpoint, and says what came of it.
///
/// It has the type `webhook.test`, is signed like any other, and is sent once, whether the endpoint is disabled or not.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints/{endpoint_id}/~test", tag = "Webhooks",
    params(("endpoint_id" = Uuid, Path)),
    responses((status = 200, body = TrialView)),
)]
pub(super) async fn test_webhook_endpoint(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<TrialView>, Problem> {
    let mut tx = api.records.read().await?;
    let row = managed(&mut tx, &caller, id).await?;
    // Nobody waits for an endpoint in a transaction.
    drop(tx);
    let trial = api.webhooks.try_out(&row).await?;
    Ok(Found {
        etag: None,
        body: trial.into(),
    })
}

/// Enables an endpoint that was disabled, if it takes a test message.
///
/// It is told what happens from now on, and what was in line when it was disabled. What happened meanwhile it can be told
/// by `:recover`.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints/{endpoint_id}/~enable", tag = "Webhooks",
    params(("endpoint_id" = Uuid, Path)),
    responses(
        (status = 200, body = EndpointView, headers(("ETag" = String))),
        (status = 409, description = "It did not take the test"),
    ),
)]
pub(super) async fn enable_webhook_endpoint(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<EndpointView>, Problem> {
    let mut tx = api.records.read().await?;
    let row = managed(&mut tx, &caller, id).await?;
    drop(tx);
    if row.disabled.is_some() && !api.webhooks.try_out(&row).await?.is_taken {
        return Err(TEST_FAILED);
    }
    let mut tx = api.records.write().await?;
    // Rights may have gone while the endpoint took its time.
    let row = managed(&mut tx, &caller, id).await?;
    let mut tenant = tx.workspace(row.workspace).await?;
    let now_ms = api.clock.now_ms();
    tenant.enable_webhook_endpoint(id, now_ms).await?;
    let enabled = tenant.webhook_endpoint(id).await?.ok_or(Problem::INTERNAL)?;
    Act::new(Deed::WebhookEndpointChanged, id)
        .with_fields(&[("is_disabled", row.disabled.is_some())])
        .write(&mut tx, row.workspace, now_ms)
        .await?;
    tx.commit().await?;
    Ok(Found {
        etag: Some(etag(&enabled)),
        body: EndpointView::from(&enabled),
    })
}
