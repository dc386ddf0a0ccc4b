//! `GET /v1/projects`.

use axum::extract::State;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{ProjectFilter, ProjectOrder, ProjectSeen, Tx};

use super::shapes::{MyProjectView, ProjectFilters, ProjectStatus, TeamProjectFilters};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{AnyCase, Commas, Filters, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, confined_to, part, require_at_all, total};

/// Lists the projects that you may see, in all your workspaces.
#[utoipa::path(
    get, path = "/v1/projects", tag = "Projects",
    params(Listing<ProjectFilters>),
    responses((status = 200, body = List<MyProjectView>)),
)]
pub(super) async fn list_projects(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<ProjectFilters>,
) -> Result<List<MyProjectView>, Problem> {
    let user = caller.user()?;
    let filters = &listing.filters;
    let statuses = names(filters.status.as_ref());
    let filter = ProjectFilter {
        user,
        workspace: filters.workspace_id.map(WorkspaceId),
        confined_to: confined_to(&caller),
        team: filters.team_id,
        statuses: &statuses,
        search: filters.search.as_deref(),
        with_trash: filters.include_deleted == Some(true),
    };
    list(&mut api.records.read().await?, &caller, &listing, filter).await
}

/// Lists the projects of one team that somebody may see.
///
/// # Errors
/// 400, 401, 403.
pub(in crate::http::v1) async fn list_projects_of(
    tx: &mut Tx,
    caller: &Caller,
    team: Uuid,
    listing: &Listing<TeamProjectFilters>,
) -> Result<List<MyProjectView>, Problem> {
    let filters = &listing.filters;
    let statuses = names(filters.status.as_ref());
    let filter = ProjectFilter {
        user: caller.user()?,
        workspace: None,
        confined_to: confined_to(caller),
        team: Some(team),
        statuses: &statuses,
        search: filters.search.as_deref(),
        with_trash: filters.include_deleted == Some(true),
    };
    list(tx, caller, listing, filter).await
}

async fn list<F: Filters>(
    tx: &mut Tx,
    caller: &Caller,
    listing: &Listing<F>,
    filter: ProjectFilter<'_>,
) -> Result<List<MyProjectView>, Problem> {
    require_at_all(caller, Action::ViewProject)?;
    let part = part(listing, filter.user)?;
    let (order, key) = order(listing.sort);
    let rows = tx.projects_seen(filter, order, &part.span).await?;
    if part.is_counted {
        let count = tx.count_projects_seen(filter).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    Ok(listing.walked(filter.user, rows, key, |row| (&row).into()))
}

fn order(sort: &str) -> (ProjectOrder, fn(&ProjectSeen) -> Key) {
    match sort {
        "name" => (ProjectOrder::Name, |row| {
            Key::Text(row.project.name_key.clone(), row.project.id)
        }),
        "updated_at" => (ProjectOrder::Updated, |row| {
            Key::Number(row.project.updated_at_ms, row.project.id)
        }),
        _ => (ProjectOrder::Created, |row| {
            Key::Number(row.project.created_at_ms, row.project.id)
        }),
    }
}

fn names(statuses: Option<&Commas<AnyCase<ProjectStatus>>>) -> Vec<&'static str> {
    let statuses = statuses.map(|statuses| statuses.0.as_slice()).unwrap_or_default();
    statuses.iter().map(|status| status.0.as_str()).collect()
}
