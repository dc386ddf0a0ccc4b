//! `POST /v1/api-keys`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::NewApiKey;

use super::ApiKeyView;
use crate::access::facts;
use crate::audit::{Act, Deed};
use crate::auth::permission::Action;
use crate::auth::tokens::api_key::ApiKey;
use crate::http::Problem;
use crate::http::rest::{Body, Created, Line, Timestamp, invalid};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::delegated::KeyScope;

/// How many keys somebody has in a workspace at most.
const MAX_KEYS: i64 = 100;
const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TOO_MANY_API_KEYS",
    "there are 100 keys of yours in this workspace; revoke one first",
);

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewApiKey)]
pub(super) struct NewKey {
    /// The one workspace that it is for.
    workspace_id: Uuid,
    /// What it is for, to tell it from others.
    name: Line<100>,
    /// What it may be used for, at most what its owner may do.
    #[schema(min_items = 1, max_items = 14)]
    scopes: Vec<KeyScope>,
    /// When it is to end; it does not if this is left out.
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

/// A new key, with the text that is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedApiKey)]
pub(super) struct CreatedKey {
    api_key: ApiKeyView,
    /// The key itself. It is kept as a hash, so nobody can show it again.
    #[schema(min_length = 45, max_length = 45, pattern = "^weft_pat_[0-9A-Za-z]{36}$")]
    key: String,
}

/// Makes a key.
///
/// The key acts for its owner in one workspace, as far as its scopes reach. Only a session makes keys: no key makes
/// another one. Its text is in this answer alone.
#[utoipa::path(
    post, path = "/v1/api-keys", tag = "API keys",
    request_body = NewKey,
    responses(
        (status = 201, body = CreatedKey, headers(("Location" = String))),
        (status = 404, description = "There is no such workspace for whoever asks"),
        (status = 409, description = "They have too many keys there"),
    ),
)]
pub(super) async fn create_api_key(
    State(api): State<Api>,
    caller: Caller,
    Body(wanted): Body<NewKey>,
) -> Result<Created<CreatedKey>, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let place = facts::workspace(&mut tx, &caller.0, wanted.workspace_id).await?;
    caller.require(Action::CreateApiKey, &place.resource)?;
    let user = caller.user()?;
    let scopes = KeyScope::together(&wanted.scopes);
    if scopes.is_empty() {
        return Err(invalid("scopes", "TOO_SHORT", "must name at least one scope"));
    }
    if wanted.expires_at.is_some_and(|end| end.0 <= now_ms) {
        return Err(invalid("expires_at", "INVALID_VALUE", "must lie ahead"));
    }
    if tx.count_api_keys_of(user, Some(place.workspace)).await? >= MAX_KEYS {
        return Err(TOO_MANY);
    }
    let (id, key) = (Uuid::now_v7(), ApiKey::generate());
    let (hash, names) = (key.hash(), scopes.to_string());
    let new = NewApiKey {
        id,
        user_id: user,
        name: &wanted.name,
        hash: hash.as_bytes(),
        hint: key.hint(),
        scopes: &names,
        expires_at_ms: wanted.expires_at.map(|end| end.0),
        now_ms,
    };
    tx.workspace(place.workspace).await?.create_api_key(new).await?;
    Act::new(Deed::ApiKeyCreated, id)
        .with(json!({ "scopes": names }))
        .write(&mut tx, place.workspace, now_ms)
        .await?;
    let made = tx.api_key(id).await?.ok_or(Problem::INTERNAL)?;
    tx.commit().await?;
    Ok(Created {
        location: format!("/v1/api-keys/{id}"),
        etag: None,
        body: CreatedKey {
            api_key: made.into(),
            key: key.expose().to_owned(),
        },
    })
}
