//! `GET /v1/workspaces/{workspace_id}/invitations`.

use axum::extract::State;
use weft_storage::records::Invitation;

use super::shapes::{InvitationFilters, InvitationView};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Id, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, part, total};

/// Lists the invitations to a workspace that are neither accepted nor revoked.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/invitations", tag = "Invitations",
    params(("workspace_id" = Uuid, Path), Listing<InvitationFilters>),
    responses((status = 200, body = List<InvitationView>)),
)]
pub(super) async fn list_invitations(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<InvitationFilters>,
) -> Result<List<InvitationView>, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::workspace(&mut tx, &caller.0, id).await?;
    caller.require(Action::InviteMember, &place.resource)?;
    let part = part(&listing, place.workspace.0)?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let rows = tenant.open_invitations(&part.span).await?;
    if part.is_counted {
        let count = tenant.count_open_invitations().await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    let key = |row: &Invitation| Key::Number(row.created_at_ms, row.id);
    Ok(listing.walked(place.workspace.0, rows, key, |row| (&row).into()))
}
