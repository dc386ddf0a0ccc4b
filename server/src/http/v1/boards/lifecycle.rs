//! `DELETE /v1/boards/{board_id}`, `:restore`, `:archive` and `:unarchive`: a board's life is that of a document.

use axum::extract::State;
use axum::response::Response;

use super::gate;
use super::views::BoardView;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Id, IfMatch, NoContent, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::documents::lifecycle::{Turn, trash, turn};

/// Puts a board in the trash, with its tasks.
///
/// It closes for everybody at once. Its owners can restore it for thirty days; then it is gone.
#[utoipa::path(
    delete, path = "/v1/boards/{board_id}", tag = "Boards",
    params(("board_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is in the trash")),
)]
pub(super) async fn delete_board(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    gate::find(&api, &caller, id, Action::ViewDocument).await?;
    trash(&api, &caller, id, if_match.as_ref()).await
}

/// Takes a board out of the trash.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/~restore", tag = "Boards",
    params(("board_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = BoardView, headers(("ETag" = String))),
        (status = 409, description = "It is not in the trash, or its project is too"),
    ),
)]
pub(super) async fn restore_board(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
) -> Result<Response, Problem> {
    gate::find(&api, &caller, id, Action::ViewDocument).await?;
    let turning = (id, Turn::Restore);
    turn(&api, &caller, turning, if_match.as_ref(), &once, BoardView::of).await
}

/// Archives a board: it can be read and no longer changed.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/~archive", tag = "Boards",
    params(("board_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = BoardView, headers(("ETag" = String)))),
)]
pub(super) async fn archive_board(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
) -> Result<Response, Problem> {
    gate::find(&api, &caller, id, Action::ViewDocument).await?;
    let turning = (id, Turn::Archive);
    turn(&api, &caller, turning, if_match.as_ref(), &once, BoardView::of).await
}

/// Brings a board back out of the archive.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/~unarchive", tag = "Boards",
    params(("board_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = BoardView, headers(("ETag" = String)))),
)]
pub(super) async fn unarchive_board(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
) -> Result<Response, Problem> {
    gate::find(&api, &caller, id, Action::ViewDocument).await?;
    let turning = (id, Turn::Unarchive);
    turn(&api, &caller, turning, if_match.as_ref(), &once, BoardView::of).await
}
