//! What an endpoint was told: `GET /v1/webhooks/endpoints/{endpoint_id}/deliveries` and `/v1/webhooks/messages`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use weft_storage::records::{WebhookMessage, WebhookStatus};

use super::shapes::{AttemptView, MessageView, StatusName, WebhookAttemptList};
use super::{DISABLED, managed, managed_message};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Filters, Found, Id, List, Listing, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, part, total};

const UNDER_WAY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "WEBHOOK_ATTEMPT_UNDER_WAY",
    "an attempt to deliver this message is under way",
);
const ONLY_A_TEST: Problem = Problem::new(
    StatusCode::CONFLICT,
    "WEBHOOK_TEST_NOT_RESENT",
    "a test is sent once; send another one with :test",
);

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryFilters {
    /// Only those that are so far.
    #[param(inline, value_type = StatusName, required = false)]
    status: Option<StatusName>,
}

impl Filters for DeliveryFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// Lists the messages to an endpoint, with what came of them. They are kept for a while after their end.
#[utoipa::path(
    get, path = "/v1/webhooks/endpoints/{endpoint_id}/deliveries", tag = "Webhooks",
    params(("endpoint_id" = Uuid, Path), Listing<DeliveryFilters>),
    responses((status = 200, body = List<MessageView>)),
)]
pub(super) async fn list_webhook_deliveries(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<DeliveryFilters>,
) -> Result<List<MessageView>, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.read().await?;
    let endpoint = managed(&mut tx, &caller, id).await?;
    let mut tenant = tx.workspace(endpoint.workspace).await?;
    let part = part(&listing, id)?;
    let status = listing.filters.status.map(WebhookStatus::from);
    let rows = tenant.webhook_messages(id, status, &part.span).await?;
    let view = |row: WebhookMessage| MessageView::of(&row, now_ms);
    if part.is_counted {
        let counts = tenant.count_webhook_messages(id).await?;
        let counted = counts
            .iter()
            .filter(|count| status.is_none_or(|status| status == count.status));
        let count = counted.map(|count| count.count).sum();
        return Ok(listing.counted(total(count), rows, view));
    }
    let place = |row: &WebhookMessage| Key::Number(row.created_at_ms, row.id);
    Ok(listing.walked(id, rows, place, view))
}

/// Shows a message to an endpoint.
#[utoipa::path(
    get, path = "/v1/webhooks/messages/{message_id}", tag = "Webhooks",
    params(("message_id" = Uuid, Path)),
    responses((status = 200, body = MessageView)),
)]
pub(super) async fn get_webhook_message(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<MessageView>, Problem> {
    let mut tx = api.records.read().await?;
    let row = managed_message(&mut tx, &caller, id).await?;
    Ok(Found {
        etag: None,
        body: MessageView::of(&row, api.clock.now_ms()),
    })
}

/// Lists the attempts to deliver a message, newest first: the last 100.
#[utoipa::path(
    get, path = "/v1/webhooks/messages/{message_id}/attempts", tag = "Webhooks",
    params(("message_id" = Uuid, Path)),
    responses((status = 200, body = WebhookAttemptList)),
)]
pub(super) async fn list_webhook_attempts(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<WebhookAttemptList>, Problem> {
    let mut tx = api.records.read().await?;
    let row = managed_message(&mut tx, &caller, id).await?;
    let mut tenant = tx.workspace(row.workspace).await?;
    let attempts = tenant.webhook_attempts(id).await?;
    Ok(Found {
        etag: None,
        body: WebhookAttemptList {
            data: attempts.into_iter().map(AttemptView::from).collect(),
        },
    })
}

/// Puts a message in line once more, whatever came of it, under the same id.
#[utoipa::path(
    post, path = "/v1/webhooks/messages/{message_id}/~resend", tag = "Webhooks",
    params(("message_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 202, body = MessageView),
        (status = 409, description = "Its endpoint is disabled, an attempt is under way, or it is a test"),
    ),
)]
pub(super) async fn resend_webhook_message(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let row = managed_message(&mut tx, &caller, id).await?;
    if row.event_seq.is_none() {
        return Err(ONLY_A_TEST);
    }
    let mut tenant = tx.workspace(row.workspace).await?;
    let endpoint = tenant.webhook_endpoint(row.endpoint_id).await?.ok_or(NOT_FOUND)?;
    if endpoint.disabled.is_some() {
        return Err(DISABLED);
    }
    if !tenant.resend_webhook_message(id, now_ms).await? {
        return Err(UNDER_WAY);
    }
    let row = tx.webhook_message(id).await?.ok_or(NOT_FOUND)?;
    let accepted = crate::http::rest::respond::json(StatusCode::ACCEPTED, &MessageView::of(&row, now_ms));
    let answer = once.finish(&mut tx, &caller.0, accepted).await?;
    tx.commit().await?;
    Ok(answer)
}
