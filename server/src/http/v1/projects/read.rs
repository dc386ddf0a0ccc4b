//! `GET /v1/projects/{project_id}`.

use axum::extract::State;
use axum::response::Response;

use super::gate;
use super::shapes::ProjectView;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{ETag, Found, Id, IfNoneMatch};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Reads a project.
///
/// In the trash it shows itself to its owners, with `deleted_at`.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}", tag = "Projects",
    params(("project_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = ProjectView, headers(("ETag" = String))), (status = 304, description = "You have it")),
)]
pub(super) async fn get_project(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::ViewProject).await?;
    let found = Found {
        etag: Some(ETag(opened.project.version)),
        body: ProjectView::from(&opened.project),
    };
    Ok(found.unless(&known))
}
