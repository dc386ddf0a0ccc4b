//! Teams and who is in them: `/v1/teams`.
//!
//! Only members of the workspace, and no guests, are in its teams.

mod change;
mod create;
mod list;
mod member_change;
mod members;
mod projects;
mod read;
mod remove;
mod shapes;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_teams, create::create_team))
        .routes(routes!(
            read::get_team,
            change::replace_team,
            change::change_team,
            remove::delete_team
        ))
        .routes(routes!(members::list_team_members))
        .routes(routes!(
            members::get_team_member,
            member_change::put_team_member,
            member_change::change_team_member,
            member_change::remove_team_member
        ))
        .routes(routes!(
            projects::list_team_projects,
            projects::create_team_project
        ))
}
