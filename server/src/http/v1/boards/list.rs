//! `GET /v1/projects/{project_id}/boards`.

use axum::extract::State;
use weft_storage::records::DocumentFilter;

use super::gate::KIND;
use super::views::{BoardFilters, BoardView};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Id, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::documents::list_visible;

/// Lists the boards of a project.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/boards", tag = "Boards",
    params(("project_id" = Uuid, Path), Listing<BoardFilters>),
    responses((status = 200, body = List<BoardView>)),
)]
pub(super) async fn list_boards(
    State(api): State<Api>,
    caller: Caller,
    Id(project): Id,
    listing: Listing<BoardFilters>,
) -> Result<List<BoardView>, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::project(&mut tx, &caller.0, project).await?;
    drop(tx);
    caller.require(Action::ViewProject, &place.resource)?;
    let filter = DocumentFilter {
        workspace: Some(place.workspace),
        project: Some(project),
        kinds: Some(&[KIND]),
        search: listing.filters.search.as_deref(),
        updated_since_ms: listing.filters.updated_since.map(|time| time.0),
        archived: listing.filters.archived,
        with_trash: listing.filters.include_deleted == Some(true),
    };
    list_visible(&api, &caller, &listing, filter, BoardView::of).await
}
