//! `PATCH /v1/webhooks/endpoints/{endpoint_id}` and `POST …:rotate-secret`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::{WebhookDisabling, WebhookEndpointChange};

use super::shapes::{EndpointView, SecretView};
use super::{etag, fields, managed};
use crate::audit::{Act, Deed};
use crate::http::Problem;
use crate::http::rest::{Body, Change, Found, Id, IfMatch, Line, MergePatch, Text};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::webhooks::{WebhookError, WebhookSecrets, disabled_event};

const NEEDS_TEST: Problem = Problem::new(
    StatusCode::CONFLICT,
    "WEBHOOK_NEEDS_TEST",
    "an endpoint is enabled by its :enable, which tries it out",
);

/// What is to be changed of an endpoint.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = WebhookEndpointPatch)]
pub(super) struct EndpointPatch {
    url: Change<Line<2048>>,
    description: Change<Text<500>>,
    #[schema(max_items = 100)]
    event_types: Change<Vec<Line<64>>>,
    #[schema(max_items = 100)]
    project_ids: Change<Vec<Uuid>>,
    /// True: it is told nothing more. It is enabled again by `:enable`.
    is_disabled: Change<bool>,
}

/// Changes a webhook endpoint.
///
/// What is in line for it already goes to where it is then. What it wants to be told counts for what happens from now on.
#[utoipa::path(
    patch, path = "/v1/webhooks/endpoints/{endpoint_id}", tag = "Webhooks",
    params(("endpoint_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = EndpointPatch,
    responses(
        (status = 200, body = EndpointView, headers(("ETag" = String))),
        (status = 409, description = "It is disabled, and :enable is what enables it"),
    ),
)]
pub(super) async fn update_webhook_endpoint(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    condition: Option<IfMatch>,
    MergePatch(patch): MergePatch<EndpointPatch>,
) -> Result<Found<EndpointView>, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let row = managed(&mut tx, &caller, id).await?;
    IfMatch::check_if_given(condition.as_ref(), etag(&row))?;
    let (url, description) = (patch.url.into_option(), patch.description.into_option());
    if let Some(url) = &url {
        fields::check_url(api.webhooks.client(), url)?;
    }
    let event_types = match patch.event_types.into_option() {
        Some(names) => Some(fields::event_types(&names)?),
        None => None,
    };
    let disabled = patch.is_disabled.into_option();
    if disabled == Some(false) && row.disabled.is_some() {
        return Err(NEEDS_TEST);
    }
    let mut tenant = tx.workspace(row.workspace).await?;
    let project_ids = match patch.project_ids.into_option() {
        Some(ids) => Some(fields::project_ids(&mut tenant, &ids).await?),
        None => None,
    };
    let change = WebhookEndpointChange {
        url: url.as_deref(),
        description: description.as_deref(),
        event_types: event_types.as_deref(),
        project_ids: project_ids.as_deref(),
        secrets: None,
    };
    tenant.change_webhook_endpoint(id, change, now_ms).await?;
    let chosen = WebhookDisabling::Chosen;
    let ends = disabled == Some(true) && tenant.disable_webhook_endpoint(id, chosen, now_ms).await?;
    let changed = tenant.webhook_endpoint(id).await?.ok_or(Problem::INTERNAL)?;
    if ends {
        disabled_event(&mut tenant, (id, chosen), caller.0.user(), now_ms).await?;
    }
    Act::new(Deed::WebhookEndpointChanged, id)
        .with_fields(&[
            ("url", row.url != changed.url),
            ("description", row.description != changed.description),
            ("event_types", row.event_types != changed.event_types),
            ("project_ids", row.project_ids != changed.project_ids),
            ("is_disabled", ends),
        ])
        .write(&mut tx, row.workspace, now_ms)
        .await?;
    tx.commit().await?;
    Ok(Found {
        etag: Some(etag(&changed)),
        body: EndpointView::from(&changed),
    })
}

/// A secret to change over to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhookSecret)]
pub(super) struct NewSecret {
    /// A secret of your own; one is made if there is none.
    #[schema(min_length = 38, max_length = 94)]
    secret: Option<String>,
}

/// Gives an endpoint another secret.
///
/// For a day messages are signed with the one before, too, so that receivers can change over.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints/{endpoint_id}/~rotate-secret", tag = "Webhooks",
    params(("endpoint_id" = Uuid, Path)),
    request_body = NewSecret,
    responses((status = 200, body = SecretView)),
)]
pub(super) async fn rotate_webhook_secret(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Body(wanted): Body<NewSecret>,
) -> Result<Found<SecretView>, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let row = managed(&mut tx, &caller, id).await?;
    let secret = fields::secret(wanted.secret.as_deref())?;
    let sealer = api.webhooks.sealer();
    let mut secrets = WebhookSecrets::open(sealer, id, &row.secrets).map_err(WebhookError::from)?;
    secrets.rotate(secret.clone(), now_ms);
    let sealed = secrets.seal(sealer, id).map_err(WebhookError::from)?;
    let change = WebhookEndpointChange {
        secrets: Some(&sealed),
        ..WebhookEndpointChange::default()
    };
    let mut tenant = tx.workspace(row.workspace).await?;
    tenant.change_webhook_endpoint(id, change, now_ms).await?;
    Act::new(Deed::WebhookEndpointSecretRotated, id)
        .write(&mut tx, row.workspace, now_ms)
        .await?;
    tx.commit().await?;
    Ok(Found {
        etag: None,
        body: SecretView {
            secret: secret.expose(),
        },
    })
}
