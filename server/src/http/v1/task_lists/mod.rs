//! Lists of tasks: of a board, of a project, and of everything that somebody sees.
//!
//! They are answered from rows, which say what the boards' documents show. Invariant: a list holds nothing that its
//! reader may not see, and its total counts nothing else.

mod filters;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(super) use self::filters::{ProjectTaskFilters, SORTS, order};
pub(super) use self::list::{Asked, asker, list_within};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_tasks))
        .routes(routes!(list::list_project_tasks))
        .routes(routes!(list::list_board_tasks))
}
