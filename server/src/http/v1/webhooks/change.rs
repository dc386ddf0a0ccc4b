//! `PATCH /v1/webhooks/endpoints/{endpoint_id}`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::{WebhookDisabling, WebhookEndpoint, WebhookEndpointChange};

use super::shapes::{EndpointView, SignatureName};
use super::{etag, fields, managed};
use crate::audit::{Act, Deed};
use crate::auth::sealed::Sealer;
use crate::http::Problem;
use crate::http::rest::{Change, Clearable, Found, Id, IfMatch, Line, MergePatch, Text};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::webhooks::{SigningKeys, WebhookError, WebhookHeaders, disabled_event};

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
    /// Headers: a value puts one in the place of another, null takes it away; those that are not named stay.
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    headers: Change<BTreeMap<String, Option<String>>>,
    /// How many attempts a second may begin; null for as many as there are.
    #[schema(minimum = 1, maximum = 1_000)]
    rate_limit: Clearable<u32>,
    /// How messages are signed: `v1`, or `v1` and `v1a`. The key of `v1a` is made anew each time it begins.
    #[schema(min_items = 1, max_items = 2)]
    signatures: Change<Vec<SignatureName>>,
    /// True: it is told nothing more. It is enabled again by `:enable`.
    is_disabled: Change<bool>,
}

/// What is sealed of a change.
#[derive(Debug, Default)]
struct Sealed {
    headers: Option<(String, Option<Vec<u8>>)>,
    signing: Option<Option<(String, Vec<u8>)>>,
}

impl Sealed {
    /// Of what is to be changed of `row`.
    fn of(
        sealer: &Sealer,
        row: &WebhookEndpoint,
        headers: Change<BTreeMap<String, Option<String>>>,
        signatures: Change<Vec<SignatureName>>,
    ) -> Result<Self, Problem> {
        let mut sealed = Self::default();
        if let Some(changes) = headers.into_option() {
            let mut headers =
                WebhookHeaders::open(sealer, row.id, row.headers.as_deref()).map_err(WebhookError::from)?;
            fields::change_headers(&mut headers, changes)?;
            let kept = match headers.len() {
                0 => None,
                _ => Some(headers.seal(sealer, row.id).map_err(WebhookError::from)?),
            };
            sealed.headers = Some((headers.names(), kept));
        }
        if let Some(names) = signatures.into_option() {
            let is_open = fields::is_signed_openly(&names)?;
            sealed.signing = match row.public_key {
                None if is_open => {
                    let key = fields::signing_key(None)?;
                    let public = key.expose_public();
                    let keys = SigningKeys::of(key).seal(sealer, row.id);
                    Some(Some((public, keys.map_err(WebhookError::from)?)))
                }
                Some(_) if !is_open => Some(None),
                _ => None,
            };
        }
        Ok(sealed)
    }
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
    let sealed = Sealed::of(api.webhooks.sealer(), &row, patch.headers, patch.signatures)?;
    let rate_limit = match patch.rate_limit.into_option() {
        Some(Some(limit)) => Some(Some(fields::rate_limit(limit)?)),
        Some(None) => Some(None),
        None => None,
    };
    let has_other_headers = sealed.headers.is_some();
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
        headers: sealed
            .headers
            .as_ref()
            .map(|(names, sealed)| (names.as_str(), sealed.as_deref())),
        signing: sealed.signing.as_ref().map(|signing| {
            let signing = signing.as_ref();
            signing.map(|(public, keys)| (public.as_str(), keys.as_slice()))
        }),
        rate_limit,
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
            ("headers", has_other_headers),
            ("rate_limit", row.rate_limit != changed.rate_limit),
            ("signatures", row.public_key != changed.public_key),
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
