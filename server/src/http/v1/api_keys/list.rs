//! `GET /v1/api-keys`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_storage::WorkspaceId;

use super::{ApiKeyView, owner};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Filters, List, Listing, Position};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::delegated::window;

/// Which keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFilters {
    /// Only those for this workspace.
    #[serde(default)]
    workspace_id: Option<Uuid>,
}

impl Filters for KeyFilters {
    const SORTS: &'static [&'static str] = &["id"];
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
    let keys = tx.api_keys_of(user, workspace, window(&listing, user)?).await?;
    if let Position::Offset(_) = listing.position::<Uuid>(user)? {
        let total = tx.count_api_keys_of(user, workspace).await?;
        return Ok(listing.counted(total.unsigned_abs(), keys, ApiKeyView::from));
    }
    Ok(listing.walked(user, keys, |key| key.id, ApiKeyView::from))
}
