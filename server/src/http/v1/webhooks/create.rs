//! `POST /v1/webhooks/endpoints`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::NewWebhookEndpoint;

use super::shapes::{EndpointView, SignatureName};
use super::{etag, fields};
use crate::access::facts;
use crate::audit::{Act, Deed};
use crate::auth::permission::Action;
use crate::auth::sealed::{SealError, Sealer};
use crate::http::Problem;
use crate::http::rest::{Body, Created, Line, Once, Text, invalid};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::webhooks::{SigningKey, SigningKeys, WebhookError, WebhookHeaders, WebhookSecrets};

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
    /// Headers that it is asked with besides, at most ten, such as what a gateway before it wants to see. Their values are
    /// not shown again. Names that messages, HTTP or proxies have their own use for are reserved.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// How many attempts a second may begin; what is over that waits, in its order.
    #[schema(minimum = 1, maximum = 1_000)]
    rate_limit: Option<u32>,
    /// How messages are signed: `v1`, or `v1` and `v1a`. `v1` alone if it is left out.
    #[schema(min_items = 1, max_items = 2)]
    signatures: Option<Vec<SignatureName>>,
    /// A private key of your own for `v1a`, `whsk_` and base64 of 32 bytes; one is made if there is none.
    #[schema(min_length = 49, max_length = 93)]
    signing_key: Option<String>,
}

impl NewEndpoint {
    fn headers(&self) -> Result<WebhookHeaders, Problem> {
        let wanted = self.headers.iter();
        let mut headers = WebhookHeaders::default();
        let changes = wanted.map(|(name, value)| (name.clone(), Some(value.clone())));
        fields::change_headers(&mut headers, changes.collect())?;
        Ok(headers)
    }

    fn signing_key(&self) -> Result<Option<SigningKey>, Problem> {
        let is_open = match &self.signatures {
            Some(names) => fields::is_signed_openly(names)?,
            None => false,
        };
        if self.signing_key.is_some() && !is_open {
            let rule = "must be left out where signatures have no v1a";
            return Err(invalid("signing_key", "INVALID_VALUE", rule));
        }
        let make = || fields::signing_key(self.signing_key.as_deref());
        is_open.then(make).transpose()
    }

    /// What of it is sealed.
    fn seal(&self, sealer: &Sealer, id: Uuid) -> Result<Sealed, Problem> {
        let secret = fields::secret(self.secret.as_deref())?;
        let headers = self.headers()?;
        let signing = self.signing_key()?;
        let sealing = || {
            let seal = |key: SigningKey| {
                let public = key.expose_public();
                SigningKeys::of(key)
                    .seal(sealer, id)
                    .map(|sealed| (public, sealed))
            };
            Ok::<_, SealError>(Sealed {
                secrets: WebhookSecrets::of(secret).seal(sealer, id)?,
                header_names: headers.names(),
                headers: match headers.len() {
                    0 => None,
                    _ => Some(headers.seal(sealer, id)?),
                },
                signing: signing.map(seal).transpose()?,
            })
        };
        Ok(sealing().map_err(WebhookError::from)?)
    }
}

struct Sealed {
    secrets: Vec<u8>,
    header_names: String,
    headers: Option<Vec<u8>>,
    signing: Option<(String, Vec<u8>)>,
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
    let rate_limit = wanted.rate_limit.map(fields::rate_limit).transpose()?;
    let id = Uuid::now_v7();
    let sealed = wanted.seal(api.webhooks.sealer(), id)?;
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
        secrets: &sealed.secrets,
        headers: (&sealed.header_names, sealed.headers.as_deref()),
        signing: sealed
            .signing
            .as_ref()
            .map(|(public, keys)| (public.as_str(), keys.as_slice())),
        rate_limit,
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
