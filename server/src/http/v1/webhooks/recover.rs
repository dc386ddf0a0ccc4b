//! `POST /v1/webhooks/endpoints/{endpoint_id}:recover`, and how far that is.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::NewWebhookRecovery;

use super::shapes::RecoveryView;
use super::{DISABLED, managed, require};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Found, Id, Once, Timestamp, invalid, respond};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// How far back a recovery reaches, in milliseconds: two weeks, and some time to send the request.
const MAX_BACK_MS: i64 = (14 * 24 * 60 + 5) * 60 * 1_000;

const UNDER_WAY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "WEBHOOK_RECOVERY_UNDER_WAY",
    "a recovery of this endpoint is under way",
);

/// Which time is to be recovered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhookRecovery)]
pub(super) struct NewRecovery {
    /// What happened from then on: at most 14 days ago.
    since: Timestamp,
    /// What happened until then; until now if it is left out.
    until: Option<Timestamp>,
}

/// Has an endpoint told what it did not get of what happened in a time.
///
/// Messages that were given up are put in line again, under their ids, and so is what happened while the endpoint was
/// disabled. What it has taken is not sent again.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints/{endpoint_id}/~recover", tag = "Webhooks",
    params(("endpoint_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewRecovery,
    responses(
        (status = 202, body = RecoveryView),
        (status = 409, description = "It is disabled, or a recovery of it is under way"),
    ),
)]
pub(super) async fn recover_webhook_endpoint(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(wanted): Body<NewRecovery>,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let row = managed(&mut tx, &caller, id).await?;
    let until_ms = wanted.until.map_or(now_ms, |until| until.0.min(now_ms));
    if wanted.since.0 < now_ms - MAX_BACK_MS || wanted.since.0 >= until_ms {
        let rule = "must lie before until and at most 14 days back";
        return Err(invalid("since", "INVALID_VALUE", rule));
    }
    if row.disabled.is_some() {
        return Err(DISABLED);
    }
    let mut tenant = tx.workspace(row.workspace).await?;
    if tenant.count_open_webhook_recoveries(id).await? > 0 {
        return Err(UNDER_WAY);
    }
    let new = NewWebhookRecovery {
        id: Uuid::now_v7(),
        endpoint_id: id,
        since_ms: wanted.since.0,
        until_ms,
        now_ms,
    };
    tenant.create_webhook_recovery(new).await?;
    let made = tx.webhook_recovery(new.id).await?.ok_or(Problem::INTERNAL)?;
    let accepted = respond::json(StatusCode::ACCEPTED, &RecoveryView::from(made));
    let answer = once.finish(&mut tx, &caller.0, accepted).await?;
    tx.commit().await?;
    Ok(answer)
}

/// Shows how far a recovery is.
#[utoipa::path(
    get, path = "/v1/webhooks/recoveries/{recovery_id}", tag = "Webhooks",
    params(("recovery_id" = Uuid, Path)),
    responses((status = 200, body = RecoveryView)),
)]
pub(super) async fn get_webhook_recovery(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<RecoveryView>, Problem> {
    let mut tx = api.records.read().await?;
    let found = tx.webhook_recovery(id).await?;
    require(&mut tx, &caller, found.as_ref().map(|found| found.workspace.0)).await?;
    Ok(Found {
        etag: None,
        body: found.ok_or(NOT_FOUND)?.into(),
    })
}
