//! `PATCH /v1/boards/{board_id}`: its title, and the project it is in.

use axum::extract::State;
use axum::response::Response;

use super::gate;
use super::views::{BoardPatch, BoardView};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Id, IfMatch, MergePatch, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::documents::change::{Changes, change};

/// Changes a board's title, or moves it to another project of the workspace.
///
/// Moving needs the role of an owner here, and that of an editor there. Its tasks get numbers of that project; whoever
/// saw it through its project alone no longer does.
#[utoipa::path(
    patch, path = "/v1/boards/{board_id}", tag = "Boards",
    params(("board_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = BoardPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = BoardView, headers(("ETag" = String)))),
)]
pub(super) async fn change_board(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<BoardPatch>,
) -> Result<Response, Problem> {
    gate::find(&api, &caller, id, Action::ViewDocument).await?;
    let changes = Changes {
        title: patch.title.into_option(),
        project_id: patch.project_id.into_option(),
    };
    change(
        &api,
        &caller,
        (id, changes),
        if_match.as_ref(),
        &once,
        BoardView::of,
    )
    .await
}
