//! `/v1/boards/{board_id}/labels`.

use axum::extract::{Path, State};
use axum::response::Response;
use weft_protocol::board::At;
use weft_protocol::board::change::NewEntry;
use weft_protocol::board::id::{LabelId, kind};

use super::moved;
use super::operations::{change, create, get, list, remove, restore};
use super::views::{LabelPatch, LabelView, NewLabel, NoFilters};
use crate::http::Problem;
use crate::http::rest::board::place;
use crate::http::rest::{
    Body, Id as BoardId, IfMatch, IfNoneMatch, List, Listing, MergePatch, NoContent, Once,
};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// What addresses call the list.
const PLACE: &str = "labels";

/// Lists the labels of a board, in their order.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}/labels", tag = "Boards",
    params(("board_id" = Uuid, Path), Listing<NoFilters>),
    responses((status = 200, body = List<LabelView>)),
)]
pub(super) async fn list_labels(
    State(api): State<Api>,
    caller: Caller,
    BoardId(board): BoardId,
    listing: Listing<NoFilters>,
) -> Result<List<LabelView>, Problem> {
    list::<kind::Label>(&api, &caller, board, &listing).await
}

/// Makes a label.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/labels", tag = "Boards",
    params(("board_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewLabel,
    responses(
        (status = 201, body = LabelView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "The board is archived, or has as many as it may have"),
    ),
)]
pub(super) async fn create_label(
    State(api): State<Api>,
    caller: Caller,
    BoardId(board): BoardId,
    once: Once,
    Body(new): Body<NewLabel>,
) -> Result<Response, Problem> {
    let at = place(new.before, new.after, new.pos, |named| named.0)?.unwrap_or(At::Last);
    create(
        &api,
        &caller,
        &once,
        (board, PLACE),
        move |editor, id: LabelId| {
            let entry = NewEntry {
                id,
                name: new.name.into_string(),
                color: new.color.map(|color| color.0),
                at,
            };
            Ok(editor.create_label(&entry)?)
        },
    )
    .await
}

/// Reads a label.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}/labels/{label_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("label_id" = String, Path), ("If-None-Match" = Option<String>, Header),
    ),
    responses((status = 200, body = LabelView, headers(("ETag" = String)))),
)]
pub(super) async fn get_label(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    get::<kind::Label>(&api, &caller, &ids, &known).await
}

/// Changes a label, or moves it among the others.
#[utoipa::path(
    patch, path = "/v1/boards/{board_id}/labels/{label_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("label_id" = String, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body(content = LabelPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = LabelView, headers(("ETag" = String)))),
)]
pub(super) async fn change_label(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<LabelPatch>,
) -> Result<Response, Problem> {
    let at = moved(patch.before, patch.after, patch.pos)?;
    change(
        &api,
        &caller,
        &ids,
        if_match,
        &once,
        move |editor, id: &LabelId| {
            if let Some(at) = at {
                editor.reorder(id, &at)?;
            }
            if let Some(name) = patch.name.into_option() {
                editor.rename(id, &name)?;
            }
            if let Some(color) = patch.color.into_option() {
                editor.recolor(id, color.as_ref().map(|color| color.0.as_str()))?;
            }
            Ok(())
        },
    )
    .await
}

/// Deletes a label.
///
/// Tasks that have it do not show it until it is restored.
#[utoipa::path(
    delete, path = "/v1/boards/{board_id}/labels/{label_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("label_id" = String, Path), ("If-Match" = Option<String>, Header),
    ),
    responses((status = 204, description = "It is deleted")),
)]
pub(super) async fn delete_label(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    remove::<kind::Label>(&api, &caller, &ids, if_match).await
}

/// Gets a label back that was deleted.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/labels/{label_id}/~restore", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("label_id" = String, Path), ("Idempotency-Key" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = LabelView, headers(("ETag" = String))),
        (status = 409, description = "The board is archived, or has as many as it may have"),
    ),
)]
pub(super) async fn restore_label(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    once: Once,
) -> Result<Response, Problem> {
    restore::<kind::Label>(&api, &caller, &ids, &once).await
}
