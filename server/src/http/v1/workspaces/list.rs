//! `GET /v1/workspaces`.

use axum::extract::State;
use weft_storage::records::WorkspaceFilter;

use super::shapes::{MyWorkspaceView, WorkspaceFilters};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, confined_to, part, require_at_all, total};

/// Lists the workspaces that you are in.
#[utoipa::path(
    get, path = "/v1/workspaces", tag = "Workspaces",
    params(Listing<WorkspaceFilters>),
    responses((status = 200, body = List<MyWorkspaceView>)),
)]
pub(super) async fn list_workspaces(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<WorkspaceFilters>,
) -> Result<List<MyWorkspaceView>, Problem> {
    let user = caller.user()?;
    require_at_all(&caller, Action::ViewWorkspace)?;
    let part = part(&listing, user)?;
    let filter = WorkspaceFilter {
        user,
        confined_to: confined_to(&caller),
        search: listing.filters.search.as_deref(),
        with_trash: listing.filters.include_deleted == Some(true),
    };
    let mut tx = api.records.read().await?;
    let rows = tx.workspaces_seen(filter, &part.span).await?;
    if part.is_counted {
        let count = tx.count_workspaces_seen(filter).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    let key = |row: &weft_storage::records::Membership| {
        Key::Number(row.workspace.created_at_ms, row.workspace.id.0)
    };
    Ok(listing.walked(user, rows, key, |row| (&row).into()))
}
