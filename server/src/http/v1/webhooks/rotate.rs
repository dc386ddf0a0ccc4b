//! `POST /v1/webhooks/endpoints/{endpoint_id}:rotate-secret` and `…:rotate-signing-key`.
//!
//! Invariant: whoever verifies with the key before goes on verifying for a day.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use weft_storage::records::WebhookEndpointChange;

use super::shapes::{PublicKeyView, SecretView};
use super::{fields, managed};
use crate::audit::{Act, Deed};
use crate::http::Problem;
use crate::http::rest::{Body, Found, Id};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::webhooks::{SigningKeys, WebhookError, WebhookSecrets};

const NOT_SIGNED_SO: Problem = Problem::new(
    StatusCode::CONFLICT,
    "WEBHOOK_HAS_NO_SIGNING_KEY",
    "messages to this endpoint are not signed by v1a; name it in signatures first",
);

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

/// A private key to change over to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhookSigningKey)]
pub(super) struct NewSigningKey {
    /// A private key of your own, `whsk_` and base64 of 32 bytes; one is made if there is none.
    #[schema(min_length = 49, max_length = 93)]
    signing_key: Option<String>,
}

/// Gives an endpoint another key for `v1a`.
///
/// For a day messages are signed with the one before, too, so that receivers can change over.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints/{endpoint_id}/~rotate-signing-key", tag = "Webhooks",
    params(("endpoint_id" = Uuid, Path)),
    request_body = NewSigningKey,
    responses(
        (status = 200, body = PublicKeyView),
        (status = 409, description = "Messages to it are not signed by v1a"),
    ),
)]
pub(super) async fn rotate_webhook_signing_key(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Body(wanted): Body<NewSigningKey>,
) -> Result<Found<PublicKeyView>, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let row = managed(&mut tx, &caller, id).await?;
    let key = fields::signing_key(wanted.signing_key.as_deref())?;
    let sealed = row.signing_keys.ok_or(NOT_SIGNED_SO)?;
    let (sealer, public_key) = (api.webhooks.sealer(), key.expose_public());
    let mut keys = SigningKeys::open(sealer, id, &sealed).map_err(WebhookError::from)?;
    keys.rotate(key, now_ms);
    let sealed = keys.seal(sealer, id).map_err(WebhookError::from)?;
    let change = WebhookEndpointChange {
        signing: Some(Some((&public_key, &sealed))),
        ..WebhookEndpointChange::default()
    };
    let mut tenant = tx.workspace(row.workspace).await?;
    tenant.change_webhook_endpoint(id, change, now_ms).await?;
    Act::new(Deed::WebhookEndpointSigningKeyRotated, id)
        .write(&mut tx, row.workspace, now_ms)
        .await?;
    tx.commit().await?;
    Ok(Found {
        etag: None,
        body: PublicKeyView { public_key },
    })
}
