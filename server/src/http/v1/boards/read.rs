//! `GET /v1/boards/{board_id}`.

use axum::extract::State;
use axum::response::Response;

use super::gate;
use super::views::BoardView;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{ETag, Found, Id, IfNoneMatch};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Reads what is known of a board, without what stands on it.
///
/// The `ETag` stands for what `PATCH` changes. `/state` has what stands on it.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}", tag = "Boards",
    params(("board_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = BoardView, headers(("ETag" = String)))),
)]
pub(super) async fn get_board(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let board = gate::find(&api, &caller, id, Action::ViewDocument).await?;
    let found = Found {
        etag: Some(ETag(board.document().version)),
        body: BoardView::of(board.document(), board.role()),
    };
    Ok(found.unless(&known))
}
