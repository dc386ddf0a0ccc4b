//! `GET /v1/projects/{project_id}/views`.

use axum::extract::State;
use weft_storage::records::SavedView;

use super::shapes::{ViewFilters, ViewView};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Id, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, part, total};

/// Lists the saved views of a project: yours, and those of the project.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/views", tag = "Views",
    params(("project_id" = Uuid, Path), Listing<ViewFilters>),
    responses((status = 200, body = List<ViewView>)),
)]
pub(super) async fn list_views(
    State(api): State<Api>,
    caller: Caller,
    Id(project): Id,
    listing: Listing<ViewFilters>,
) -> Result<List<ViewView>, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::project(&mut tx, &caller.0, project).await?;
    caller.require(Action::ViewProject, &place.resource)?;
    let part = part(&listing, project)?;
    let user = caller.0.user();
    let mut tenant = tx.workspace(place.workspace).await?;
    let rows = tenant.saved_views(project, user, &part.span).await?;
    if part.is_counted {
        let count = tenant.count_saved_views(project, user).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    let key = |row: &SavedView| Key::Number(row.created_at_ms, row.id);
    Ok(listing.walked(project, rows, key, |row| (&row).into()))
}
