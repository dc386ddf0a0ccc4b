//! `POST /v1/oauth/clients/{client_id}/secrets`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weft_storage::records::OAuthClientChange;

use super::{SecretView, managed};
use crate::audit::{Act, Deed};
use crate::http::Problem;
use crate::http::oauth::registry::{StoredSecret, as_json, secrets_of};
use crate::http::rest::{Body, Id, invalid, respond};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// How long the secret before may count beside a new one, in seconds.
const MAX_KEEP_SECONDS: u32 = 7 * 86_400;
const NO_SECRETS: Problem = Problem::new(
    StatusCode::CONFLICT,
    "OAUTH_CLIENT_IS_PUBLIC",
    "a public application has no secrets",
);

/// A secret to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOAuthClientSecret)]
pub(super) struct NewSecret {
    /// How long the secret before still counts, in seconds.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 604_800)]
    keep_previous_seconds: u32,
}

/// A new secret, with the text that is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedOAuthClientSecret)]
pub(super) struct CreatedSecret {
    secret: SecretView,
    #[schema(min_length = 51, max_length = 51)]
    client_secret: String,
}

/// Gives an application a new secret.
///
/// The one before ends, at once or a little later, so that servers can change over; older ones end at once.
#[utoipa::path(
    post, path = "/v1/oauth/clients/{client_id}/secrets", tag = "OAuth clients",
    params(("client_id" = Uuid, Path)),
    request_body = NewSecret,
    responses(
        (status = 201, body = CreatedSecret),
        (status = 409, description = "The application is public"),
    ),
)]
pub(super) async fn rotate_oauth_client_secret(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Body(wanted): Body<NewSecret>,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(found) = tx.oauth_client(id).await? {
        tx.workspace(found.workspace).await?;
    }
    let row = managed(&mut tx, &caller, id).await?;
    if wanted.keep_previous_seconds > MAX_KEEP_SECONDS {
        let rule = "must be a number from 0 to 604800";
        return Err(invalid("keep_previous_seconds", "INVALID_VALUE", rule));
    }
    if row.kind != "confidential" {
        return Err(NO_SECRETS);
    }
    let previous = secrets_of(&row)
        .into_iter()
        .find(|secret| secret.ends_at_ms.is_none());
    let (new, token) = StoredSecret::generate(now_ms);
    let mut secrets = vec![new.clone()];
    if let Some(mut previous) = previous.filter(|_| wanted.keep_previous_seconds > 0) {
        previous.ends_at_ms = Some(now_ms + i64::from(wanted.keep_previous_seconds) * 1_000);
        secrets.push(previous);
    }
    let change = OAuthClientChange {
        secrets: Some(&as_json(&secrets)),
        ..OAuthClientChange::default()
    };
    let mut tenant = tx.workspace(row.workspace).await?;
    tenant.change_oauth_client(id, change, now_ms).await?;
    Act::new(Deed::OAuthClientSecretRotated, id)
        .write(&mut tx, row.workspace, now_ms)
        .await?;
    tx.commit().await?;
    let body = CreatedSecret {
        secret: new.into(),
        client_secret: token.expose().to_owned(),
    };
    Ok(respond::json(StatusCode::CREATED, &body))
}
