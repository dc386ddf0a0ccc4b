//! Tasks: `/v1/tasks`. A task is a card of a board; only the board's room changes it.

mod batch;
mod change;
mod changes;
mod checklist;
mod create;
mod dependencies;
mod description;
pub(in crate::http::v1) mod gate;
pub(in crate::http::v1) mod kinds;
mod lifecycle;
mod members;
mod read;
mod requests;
mod resolve;
pub(in crate::http::v1) mod views;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(create::create_task))
        .routes(routes!(batch::batch_tasks))
        .routes(routes!(
            read::get_task,
            change::change_task,
            lifecycle::delete_task
        ))
        .routes(routes!(change::move_task))
        .routes(routes!(lifecycle::archive_task))
        .routes(routes!(lifecycle::unarchive_task))
        .routes(routes!(lifecycle::restore_task))
        .routes(routes!(lifecycle::duplicate_task))
        .routes(routes!(read::list_subtasks))
        .routes(routes!(members::put_task_assignee, members::remove_task_assignee))
        .routes(routes!(members::put_task_watcher, members::remove_task_watcher))
        .routes(routes!(members::put_task_label, members::remove_task_label))
        .routes(routes!(
            checklist::list_checklist_items,
            checklist::create_checklist_item
        ))
        .routes(routes!(
            checklist::get_checklist_item,
            checklist::change_checklist_item,
            checklist::delete_checklist_item
        ))
        .routes(routes!(checklist::move_checklist_item))
        .routes(routes!(
            dependencies::list_dependencies,
            dependencies::create_dependency
        ))
        .routes(routes!(dependencies::delete_dependency))
        .routes(routes!(
            description::get_task_description,
            description::put_task_description
        ))
}
