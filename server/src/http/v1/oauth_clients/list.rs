//! `GET /v1/oauth/clients`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_storage::records::OAuthClient;

use super::ClientView;
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Filters, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, part, total};

/// Which applications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientFilters {
    /// The workspace whose applications these are.
    workspace_id: Uuid,
}

impl Filters for ClientFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// Lists the applications of a workspace.
#[utoipa::path(
    get, path = "/v1/oauth/clients", tag = "OAuth clients",
    params(Listing<ClientFilters>),
    responses(
        (status = 200, body = List<ClientView>),
        (status = 404, description = "There is no such workspace for whoever asks"),
    ),
)]
pub(super) async fn list_oauth_clients(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<ClientFilters>,
) -> Result<List<ClientView>, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.read().await?;
    let id = listing.filters.workspace_id;
    let place = facts::workspace(&mut tx, &caller.0, id).await?;
    caller.require(Action::ManageOAuthClients, &place.resource)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let part = part(&listing, id)?;
    let clients = tenant.oauth_clients(&part.span).await?;
    let view = |row: OAuthClient| ClientView::of(&row, now_ms);
    if part.is_counted {
        let count = tenant.count_oauth_clients().await?;
        return Ok(listing.counted(total(count), clients, view));
    }
    let place = |row: &OAuthClient| Key::Number(row.created_at_ms, row.id);
    Ok(listing.walked(id, clients, place, view))
}
