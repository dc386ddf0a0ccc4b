//! Workspaces and who is in them: `/v1/workspaces`.
//!
//! Invariant: a workspace never loses its last owner. What is in the trash is seen by its owners alone, in a list that
//! asks for it.

mod change;
mod create;
mod list;
mod member_change;
mod member_remove;
mod members;
mod read;
mod remove;
mod shapes;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_workspaces, create::create_workspace))
        .routes(routes!(
            read::get_workspace,
            change::replace_workspace,
            change::change_workspace,
            remove::delete_workspace
        ))
        .routes(routes!(remove::restore_workspace))
        .routes(routes!(members::list_members))
        .routes(routes!(
            members::get_member,
            member_change::replace_member,
            member_change::change_member,
            member_remove::remove_member
        ))
}
