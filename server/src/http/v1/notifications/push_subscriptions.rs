//! Browsers that are told by Web Push: `/v1/push-subscriptions`.
//!
//! Everybody has their own and sees no others. The addresses of browsers are secrets: they are taken and never shown again.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::PushSubscription;

use super::super::short_list;
use super::{owner, reader};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{
    Body, Created, Filters, Found, Id, Line, List, Listing, NoContent, Once, Timestamp, invalid,
};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::notifications::{PUBLIC_KEY_BYTES, SECRET_BYTES, Unsubscribable, WebPush, Wish};
use crate::outgoing::OutgoingError;

/// The longest address of a push service, in bytes.
const MAX_ENDPOINT: usize = 2_048;

const TURNED_OFF: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "WEB_PUSH_TURNED_OFF",
    "this server tells no browsers by Web Push",
);

/// The key for which browsers subscribe.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PushKey {
    /// What `PushManager.subscribe` takes as `applicationServerKey`: an uncompressed point of P-256 in URL-safe base64.
    #[schema(max_length = 87)]
    public_key: String,
}

/// A browser that is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PushSubscription)]
pub(super) struct PushSubscriptionView {
    id: Uuid,
    /// The host of its push service, which tells the kind of browser.
    #[schema(max_length = 255)]
    host: String,
    created_at: Timestamp,
    /// When its push service last took something; null before that.
    used_at: Option<Timestamp>,
}

/// A browser that wants to be told: what `PushSubscription.toJSON()` gives.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPushSubscription {
    /// Its address at its push service.
    endpoint: Line<{ MAX_ENDPOINT }>,
    /// Not looked at: push services say themselves when one is over.
    #[serde(default, rename = "expirationTime")]
    #[schema(value_type = Option<f64>)]
    _expiration_time: Option<f64>,
    keys: BrowserKeysForm,
}

/// The keys of a browser, in URL-safe base64.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PushSubscriptionKeys)]
struct BrowserKeysForm {
    /// An uncompressed point of P-256.
    #[schema(min_length = 87, max_length = 88)]
    p256dh: Line<88>,
    /// A secret of 16 bytes.
    #[schema(min_length = 22, max_length = 24)]
    auth: Line<24>,
}

/// The list of browsers has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PushSubscriptionFilters {}

impl Filters for PushSubscriptionFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

fn view(row: PushSubscription) -> PushSubscriptionView {
    let host = row
        .endpoint
        .parse::<Url>()
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    PushSubscriptionView {
        id: row.id,
        host: host.unwrap_or_default(),
        created_at: Timestamp(row.created_at_ms),
        used_at: row.used_at_ms.map(Timestamp),
    }
}

fn turned_on(api: &Api) -> Result<&WebPush, Problem> {
    api.web_push.as_deref().ok_or(TURNED_OFF)
}

/// Reads the key for which browsers subscribe.
#[utoipa::path(
    get, path = "/v1/push-key", tag = "Notifications", security(()),
    responses(
        (status = 200, body = PushKey),
        (status = 404, description = "The server tells no browsers"),
    ),
)]
pub(super) async fn get_push_key(State(api): State<Api>) -> Result<Found<PushKey>, Problem> {
    let public_key = turned_on(&api)?.public_key().to_owned();
    Ok(Found {
        etag: None,
        body: PushKey { public_key },
    })
}

/// Lists your browsers that are told.
#[utoipa::path(
    get, path = "/v1/push-subscriptions", tag = "Notifications",
    params(Listing<PushSubscriptionFilters>),
    responses((status = 200, body = List<PushSubscriptionView>)),
)]
pub(super) async fn list_push_subscriptions(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<PushSubscriptionFilters>,
) -> Result<List<PushSubscriptionView>, Problem> {
    let user = reader(&caller)?;
    let mut tx = api.records.read().await?;
    let rows = tx.push_subscriptions(user, api.clock.now_ms()).await?;
    short_list::cut(&listing, user, rows, |row| row.id.to_string(), view)
}

/// Has a browser told what comes into your inbox.
///
/// One that is told already is not told twice: it belongs to whoever says so last, for as long as that login lasts. An
/// account has at most 10; the oldest goes when another one comes.
#[utoipa::path(
    post, path = "/v1/push-subscriptions", tag = "Notifications",
    request_body = NewPushSubscription,
    responses(
        (status = 201, body = PushSubscriptionView, headers(("Location" = String))),
        (status = 404, description = "The server tells no browsers"),
    ),
)]
pub(super) async fn create_push_subscription(
    State(api): State<Api>,
    caller: Caller,
    once: Once,
    Body(wanted): Body<NewPushSubscription>,
) -> Result<Response, Problem> {
    let user = owner(&caller)?;
    let web_push = turned_on(&api)?;
    let public_key = decoded::<PUBLIC_KEY_BYTES>("keys.p256dh", &wanted.keys.p256dh)?;
    let secret = decoded::<SECRET_BYTES>("keys.auth", &wanted.keys.auth)?;
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, api.clock.now_ms()).await? {
        return Ok(answer);
    }
    let wish = Wish {
        user,
        session: caller.0.basis.session,
        endpoint: &wanted.endpoint,
        public_key: &public_key,
        secret: &secret,
    };
    let row = web_push.subscribe(&mut tx, wish).await.map_err(refused)?;
    let created = Created {
        location: format!("/v1/push-subscriptions/{}", row.id),
        etag: None,
        body: view(row),
    };
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    tx.commit().await?;
    Ok(answer)
}

fn decoded<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| {
        invalid(
            field,
            "INVALID_VALUE",
            "must be the browser's key in URL-safe base64",
        )
    })
}

fn refused(error: Unsubscribable) -> Problem {
    match error {
        Unsubscribable::Address(OutgoingError::Forbidden) => invalid(
            "endpoint",
            "INVALID_VALUE",
            "must not lead into a private network",
        ),
        Unsubscribable::Address(_) => invalid(
            "endpoint",
            "INVALID_VALUE",
            "must be an https address without a user",
        ),
        Unsubscribable::Keys => invalid("keys.p256dh", "INVALID_VALUE", "must be a point of P-256"),
        Unsubscribable::Seal(_) => Problem::INTERNAL,
        Unsubscribable::Record(error) => error.into(),
    }
}

/// Tells one of your browsers nothing more.
#[utoipa::path(
    delete, path = "/v1/push-subscriptions/{push_subscription_id}", tag = "Notifications",
    params(("push_subscription_id" = Uuid, Path)),
    responses((status = 204, description = "It is told nothing more")),
)]
pub(super) async fn delete_push_subscription(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<NoContent, Problem> {
    let user = owner(&caller)?;
    let mut tx = api.records.write().await?;
    if !tx.remove_push_subscription(user, id).await? {
        return Err(NOT_FOUND);
    }
    tx.commit().await?;
    Ok(NoContent)
}
