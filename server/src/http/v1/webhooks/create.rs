//! `POST /v1/webhooks/endpoints`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::NewWebhookEndpoint;

use super::shapes::EndpointView;
use super::{etag, fields};
use crate::access::facts;
use crate::audit::{Act, Deed};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Body, Created, Line, Once, Text};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::webhooks::{WebhookError, WebhookSecrets};

const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TOO_MANY_WEBHOOK_ENDPOINTS",
    "this workspace has as many webhook endpoints as it may; remove one first",
);

/// An endpoint to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhookEndpoint)]
pub(super) struct NewEndpoint {
    workspace_id: Uuid,
    /// Where messages are sent, by POST: an https address. Names that lead into private networks are not asked.
    url: Line<2048>,
    #[serde(default)]
    description: Text<500>,
    /// The types of events that it is told; all if none is named.
    #[serde(default)]
    #[schema(max_items = 100)]
    event_types: Vec<Line<64>>,
    /// The projects that it is told of; if none is named, everything that happens in the workspace.
    #[serde(default)]
    #[schema(max_items = 100)]
    project_ids: Vec<Uuid>,
    /// A secret of your own, `whsec_` and base64 of 24 to 64 bytes; one is made if there is none.
    #[schema(min_length = 38, max_length = 94)]
    secret: Option<String>,
}

/// Makes an endpoint, which is told what happens in a workspace from now on.
///
/// It is told everything that it asks for, whoever may see it. The secret with which messages are signed is at
/// `/v1/webhooks/endpoints/{endpoint_id}/secret`.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints", tag = "Webhooks",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewEndpoint,
    responses(
        (status = 201, body = EndpointView, headers(("ETag" = String), ("Location" = String))),
        (status = 404, description = "There is no such workspace for whoever asks"),
        (status = 409, description = "The workspace has too many endpoints"),
    ),
)]
pub(super) async fn create_webhook_endpoint(
    State(api): State<Api>,
    caller: Caller,
    once: Once,
    Body(wanted): Body<NewEndpoint>,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let place = facts::workspace(&mut tx, &caller.0, wanted.workspace_id).await?;
    caller.require(Action::ManageWebhooks, &place.resource)?;
    fields::check_url(api.webhooks.client(), &wanted.url)?;
    let event_types = fields::event_types(&wanted.event_types)?;
    let secret = fields::secret(wanted.secret.as_deref())?;
    let id = Uuid::now_v7();
    let secrets = WebhookSecrets::of(secret)
        .seal(api.webhooks.sealer(), id)
        .map_err(WebhookError::from)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    if tenant.count_webhook_endpoints().await? >= api.webhooks.settings().max_endpoints {
        return Err(TOO_MANY);
    }
    let project_ids = fields::project_ids(&mut tenant, &wanted.project_ids).await?;
    let new = NewWebhookEndpoint {
        id,
        url: &wanted.url,
        description: &wanted.description,
        event_types: &event_types,
        project_ids: &project_ids,
        secrets: &secrets,
        now_ms,
    };
    tenant.create_webhook_endpoint(new).await?;
    let made = tenant.webhook_endpoint(id).await?.ok_or(Problem::INTERNAL)?;
    let created = Created {
        location: format!("/v1/webhooks/endpoints/{id}"),
        etag: Some(etag(&made)),
        body: EndpointView::from(&made),
    };
    Act::new(Deed::WebhookEndpointCreated, id)
        .write(&mut tx, place.workspace, now_ms)
        .await?;
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    tx.commit().await?;
    Ok(answer)
}
