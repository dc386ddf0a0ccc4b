//! `GET /v1/api-keys`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::ApiKey;

use super::{ApiKeyView, owner};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Filters, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, part, total};

/// Which keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFilters {
    /// Only those for this workspace.
    #[serde(default)]
    workspace_id: Option<Uuid>,
}

impl Filters for KeyFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// Lists one's own keys.
#[utoipa::path(
    get, path = "/v1/api-keys", tag = "API keys",
    params(Listing<KeyFilters>),
    responses((status = 200, body = List<ApiKeyView>)),
)]
pub(super) async fn list_api_keys(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<KeyFilters>,
) -> Result<List<ApiKeyView>, Problem> {
    let user = owner(&caller, Action::ViewUser)?;
    let asked = listing.filters.workspace_id;
    let workspace = match (asked, caller.0.facts.confined_to) {
        (asked, None) => asked,
        (None, Some(confined)) => Some(confined),
        // Of another workspace such a credential sees nothing; the nil id has no keys.
        (Some(asked), Some(confined)) => Some(if asked == confined { asked } else { Uuid::nil() }),
    };
    let workspace = workspace.map(WorkspaceId);
    let mut tx = api.records.read().await?;
    let part = part(&listing, user)?;
    let keys = tx.api_keys_of(user, workspace, &part.span).await?;
    if part.is_counted {
        let count = tx.count_api_keys_of(user, workspace).await?;
        return Ok(listing.counted(total(count), keys, ApiKeyView::from));
    }
    let place = |key: &ApiKey| Key::Number(key.created_at_ms, key.id);
    Ok(listing.walked(user, keys, place, ApiKeyView::from))
}
