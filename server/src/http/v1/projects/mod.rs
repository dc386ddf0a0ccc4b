//! Projects and who is in them: `/v1/projects`.
//!
//! A project belongs to one team, and stays there. What is in the trash is seen by its owners alone, in a list that
//! asks for it or by its id; after thirty days it is gone.

mod archive;
mod change;
mod create;
mod duplicate;
mod gate;
mod happened;
mod list;
mod member_change;
mod members;
mod read;
mod remove;
mod shapes;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(super) use self::create::create;
pub(super) use self::list::list_projects_of;
pub(super) use self::shapes::{MyProjectView, ProjectForm, ProjectView, TeamProjectFilters};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_projects, create::create_project))
        .routes(routes!(
            read::get_project,
            change::replace_project,
            change::change_project,
            remove::delete_project
        ))
        .routes(routes!(archive::archive_project))
        .routes(routes!(archive::restore_project))
        .routes(routes!(duplicate::duplicate_project))
        .routes(routes!(members::list_project_members))
        .routes(routes!(
            members::get_project_member,
            member_change::put_project_member,
            member_change::change_project_member,
            member_change::remove_project_member
        ))
}
