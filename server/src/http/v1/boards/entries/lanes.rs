//! `/v1/boards/{board_id}/lanes`.

use axum::extract::{Path, State};
use axum::response::Response;
use weft_protocol::board::At;
use weft_protocol::board::change::NewEntry;
use weft_protocol::board::id::{LaneId, kind};

use super::moved;
use super::operations::{change, create, get, list, remove, restore};
use super::views::{LanePatch, LaneView, NewLane, NoFilters};
use crate::http::Problem;
use crate::http::rest::board::place;
use crate::http::rest::{
    Body, Id as BoardId, IfMatch, IfNoneMatch, List, Listing, MergePatch, NoContent, Once,
};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// What addresses call the list.
const PLACE: &str = "lanes";

/// Lists the lanes of a board, in their order.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}/lanes", tag = "Boards",
    params(("board_id" = Uuid, Path), Listing<NoFilters>),
    responses((status = 200, body = List<LaneView>)),
)]
pub(super) async fn list_lanes(
    State(api): State<Api>,
    caller: Caller,
    BoardId(board): BoardId,
    listing: Listing<NoFilters>,
) -> Result<List<LaneView>, Problem> {
    list::<kind::Lane>(&api, &caller, board, &listing).await
}

/// Makes a lane.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/lanes", tag = "Boards",
    params(("board_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewLane,
    responses(
        (status = 201, body = LaneView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "The board is archived, or has as many as it may have"),
    ),
)]
pub(super) async fn create_lane(
    State(api): State<Api>,
    caller: Caller,
    BoardId(board): BoardId,
    once: Once,
    Body(new): Body<NewLane>,
) -> Result<Response, Problem> {
    let at = place(new.before, new.after, new.pos, |named| named.0)?.unwrap_or(At::Last);
    create(&api, &caller, &once, (board, PLACE), move |editor, id: LaneId| {
        let entry = NewEntry {
            id,
            name: new.title.into_string(),
            color: None,
            at,
        };
        Ok(editor.create_lane(&entry)?)
    })
    .await
}

/// Reads a lane.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}/lanes/{lane_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("lane_id" = String, Path), ("If-None-Match" = Option<String>, Header),
    ),
    responses((status = 200, body = LaneView, headers(("ETag" = String)))),
)]
pub(super) async fn get_lane(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    get::<kind::Lane>(&api, &caller, &ids, &known).await
}

/// Changes a lane, or moves it among the others.
#[utoipa::path(
    patch, path = "/v1/boards/{board_id}/lanes/{lane_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("lane_id" = String, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body(content = LanePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = LaneView, headers(("ETag" = String)))),
)]
pub(super) async fn change_lane(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<LanePatch>,
) -> Result<Response, Problem> {
    let at = moved(patch.before, patch.after, patch.pos)?;
    change(
        &api,
        &caller,
        &ids,
        if_match,
        &once,
        move |editor, id: &LaneId| {
            if let Some(at) = at {
                editor.reorder(id, &at)?;
            }
            if let Some(title) = patch.title.into_option() {
                editor.rename(id, &title)?;
            }
            Ok(())
        },
    )
    .await
}

/// Deletes a lane.
///
/// Its tasks are in no lane until it is restored.
#[utoipa::path(
    delete, path = "/v1/boards/{board_id}/lanes/{lane_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("lane_id" = String, Path), ("If-Match" = Option<String>, Header),
    ),
    responses((status = 204, description = "It is deleted")),
)]
pub(super) async fn delete_lane(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    remove::<kind::Lane>(&api, &caller, &ids, if_match).await
}

/// Gets a lane back that was deleted.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/lanes/{lane_id}/~restore", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("lane_id" = String, Path), ("Idempotency-Key" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = LaneView, headers(("ETag" = String))),
        (status = 409, description = "The board is archived, or has as many as it may have"),
    ),
)]
pub(super) async fn restore_lane(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    once: Once,
) -> Result<Response, Problem> {
    restore::<kind::Lane>(&api, &caller, &ids, &once).await
}
