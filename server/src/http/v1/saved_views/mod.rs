//! Filters of task lists that have a name: `/v1/projects/{project_id}/views` and `/v1/views/{view_id}`.
//!
//! A view is somebody's own, or the project's: then everybody who sees the project sees it, and whoever may change the
//! project may change it. Invariant: a stored filter is one that the list of the project's tasks takes, and `me` in it is
//! whoever looks.

mod change;
mod create;
mod gate;
mod list;
mod shapes;
mod tasks;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_views, create::create_view))
        .routes(routes!(
            change::get_view,
            change::change_view,
            change::delete_view
        ))
        .routes(routes!(tasks::list_view_tasks))
}
