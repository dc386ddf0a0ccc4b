//! `GET /v1/teams`.

use axum::extract::State;
use weft_storage::WorkspaceId;
use weft_storage::records::{TeamFilter, TeamOrder, TeamSeen};

use super::shapes::{MyTeamView, TeamFilters};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, confined_to, part, require_at_all, total};

/// Lists the teams that you may see, in all your workspaces.
#[utoipa::path(
    get, path = "/v1/teams", tag = "Teams",
    params(Listing<TeamFilters>),
    responses((status = 200, body = List<MyTeamView>)),
)]
pub(super) async fn list_teams(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<TeamFilters>,
) -> Result<List<MyTeamView>, Problem> {
    let user = caller.user()?;
    require_at_all(&caller, Action::ViewTeam)?;
    let part = part(&listing, user)?;
    let filter = TeamFilter {
        user,
        workspace: listing.filters.workspace_id.map(WorkspaceId),
        confined_to: confined_to(&caller),
        mine: listing.filters.mine == Some(true),
    };
    let (order, key): (_, fn(&TeamSeen) -> Key) = match listing.sort {
        "name" => (TeamOrder::Name, |row| {
            Key::Text(row.team.name_key.clone(), row.team.id)
        }),
        _ => (TeamOrder::Created, |row| {
            Key::Number(row.team.created_at_ms, row.team.id)
        }),
    };
    let mut tx = api.records.read().await?;
    let rows = tx.teams_seen(filter, order, &part.span).await?;
    if part.is_counted {
        let count = tx.count_teams_seen(filter).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    Ok(listing.walked(user, rows, key, |row| (&row).into()))
}
