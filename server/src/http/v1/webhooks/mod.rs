//! Webhooks: `/v1/webhooks`. Endpoints that are told what happens in a workspace, what each was told, and how that went.
//!
//! All of it is for administrators of the workspace: an endpoint is told everything, whoever may see it. Delivering is
//! the business of [`crate::webhooks`].

mod change;
mod create;
mod delete;
mod fields;
mod list;
mod messages;
mod read;
mod recover;
mod rotate;
mod shapes;
mod stats;
mod trials;
mod types;

use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use weft_storage::records::{Tx, WebhookEndpoint, WebhookMessage};

use super::Api;
use super::caller::{Caller, UNAVAILABLE};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::ETag;
use crate::webhooks::WebhookError;

const DISABLED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "WEBHOOK_ENDPOINT_DISABLED",
    "the endpoint is disabled; enable it first",
);

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(types::list_webhook_event_types))
        .routes(routes!(
            list::list_webhook_endpoints,
            create::create_webhook_endpoint
        ))
        .routes(routes!(
            read::get_webhook_endpoint,
            change::update_webhook_endpoint,
            delete::delete_webhook_endpoint
        ))
        .routes(routes!(read::get_webhook_secret))
        .routes(routes!(rotate::rotate_webhook_secret))
        .routes(routes!(rotate::rotate_webhook_signing_key))
        .routes(routes!(trials::test_webhook_endpoint))
        .routes(routes!(trials::enable_webhook_endpoint))
        .routes(routes!(recover::recover_webhook_endpoint))
        .routes(routes!(recover::get_webhook_recovery))
        .routes(routes!(stats::get_webhook_stats))
        .routes(routes!(messages::list_webhook_deliveries))
        .routes(routes!(messages::get_webhook_message))
        .routes(routes!(messages::list_webhook_attempts))
        .routes(routes!(messages::resend_webhook_message))
}

/// An endpoint that the caller may manage. What they may not even see is not found.
async fn managed(tx: &mut Tx, caller: &Caller, id: Uuid) -> Result<WebhookEndpoint, Problem> {
    let found = tx.webhook_endpoint(id).await?;
    require(tx, caller, found.as_ref().map(|found| found.workspace.0)).await?;
    // Entered by now: if this transaction writes, nothing changes between this look and the change.
    let Some(found) = found else {
        return Err(NOT_FOUND);
    };
    let mut tenant = tx.workspace(found.workspace).await?;
    tenant.webhook_endpoint(id).await?.ok_or(NOT_FOUND)
}

/// A message of an endpoint that the caller may manage.
async fn managed_message(tx: &mut Tx, caller: &Caller, id: Uuid) -> Result<WebhookMessage, Problem> {
    let found = tx.webhook_message(id).await?;
    require(tx, caller, found.as_ref().map(|found| found.workspace.0)).await?;
    found.ok_or(NOT_FOUND)
}

async fn require(tx: &mut Tx, caller: &Caller, workspace: Option<Uuid>) -> Result<(), Problem> {
    let place = facts::workspace(tx, &caller.0, workspace.unwrap_or_default()).await?;
    caller.require(Action::ManageWebhooks, &place.resource)
}

fn etag(row: &WebhookEndpoint) -> ETag {
    ETag(row.version)
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Records(error) => error.into(),
            WebhookError::Sealed(error) => {
                tracing::error!(%error, "the secrets of a webhook endpoint cannot be used");
                UNAVAILABLE
            }
        }
    }
}
