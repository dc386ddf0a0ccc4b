//! Boards: `/v1/boards`. What stands on them is changed by their rooms alone; rows say the same once that is durable.

mod change;
mod create;
pub(in crate::http::v1) mod edit;
pub(in crate::http::v1) mod entries;
mod export;
pub(in crate::http::v1) mod gate;
mod heavy;
mod import;
mod lifecycle;
mod list;
mod make;
mod read;
mod shapes;
mod state;
mod views;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(super) use self::create::{built_in, duplicate_of};
pub(super) use self::make::{Making, make, make_first};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_boards, create::create_board))
        .routes(routes!(import::import_board))
        .routes(routes!(
            read::get_board,
            change::change_board,
            lifecycle::delete_board
        ))
        .routes(routes!(lifecycle::restore_board))
        .routes(routes!(lifecycle::archive_board))
        .routes(routes!(lifecycle::unarchive_board))
        .routes(routes!(create::duplicate_board))
        .routes(routes!(state::get_board_state))
        .routes(routes!(state::verify_board))
        .routes(routes!(export::export_board))
        .merge(entries::routes())
}
