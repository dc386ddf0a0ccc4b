//! API keys: `/v1/api-keys`. Each is its owner's and for one workspace; only a person's own session makes one.

mod create;
mod list;
mod read;
mod revoke;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{ApiKey, Tx};

use super::Api;
use super::caller::Caller;
use super::delegated::KeyScope;
use crate::auth::permission::{Action, Resource, UserRelation};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::Timestamp;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_api_keys, create::create_api_key))
        .routes(routes!(read::get_api_key, revoke::revoke_api_key))
}

/// A key, without its text: that is shown when it is made, and never again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
struct ApiKeyView {
    id: Uuid,
    /// The one workspace that it is for.
    workspace_id: Uuid,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// How its text begins.
    #[schema(max_length = 13)]
    hint: String,
    #[schema(max_items = 14)]
    scopes: Vec<KeyScope>,
    created_at: Timestamp,
    /// When it ends by itself; null if it does not.
    expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    last_used_at: Option<Timestamp>,
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            workspace_id: key.workspace.0,
            name: key.name,
            hint: key.hint,
            scopes: KeyScope::named_in(&key.scopes),
            created_at: Timestamp(key.created_at_ms),
            expires_at: key.expires_at_ms.map(Timestamp),
            last_used_at: key.last_used_at_ms.map(Timestamp),
        }
    }
}

/// The caller, if they may do this to their own keys.
fn owner(caller: &Caller, action: Action) -> Result<Uuid, Problem> {
    let user = caller.user()?;
    caller.require(action, &Resource::User(UserRelation::Myself))?;
    Ok(user)
}

/// One of the caller's keys. A credential for one workspace sees none of another.
async fn own_key(tx: &mut Tx, caller: &Caller, user: Uuid, id: Uuid) -> Result<ApiKey, Problem> {
    let confined_to = caller.0.facts.confined_to.map(WorkspaceId);
    let found = tx.api_key(id).await?.filter(|key| {
        let is_reached = confined_to.is_none_or(|workspace| workspace == key.workspace);
        key.user_id == user && key.revoked_at_ms.is_none() && is_reached
    });
    found.ok_or(NOT_FOUND)
}
