//! `/v1/boards/{board_id}/columns`.

use axum::extract::{Path, State};
use axum::response::Response;
use weft_protocol::board::At;
use weft_protocol::board::change::NewEntry;
use weft_protocol::board::id::{ColumnId, kind};
use weft_protocol::board::schema::Category;

use super::kinds::WipLimit;
use super::moved;
use super::operations::{change, create, get, list, remove, restore};
use super::views::{ColumnPatch, ColumnView, NewColumn, NoFilters};
use crate::http::Problem;
use crate::http::rest::board::place;
use crate::http::rest::{
    Body, Id as BoardId, IfMatch, IfNoneMatch, List, Listing, MergePatch, NoContent, Once,
};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// What addresses call the list.
const PLACE: &str = "columns";

/// Lists the columns of a board, in their order.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}/columns", tag = "Boards",
    params(("board_id" = Uuid, Path), Listing<NoFilters>),
    responses((status = 200, body = List<ColumnView>)),
)]
pub(super) async fn list_columns(
    State(api): State<Api>,
    caller: Caller,
    BoardId(board): BoardId,
    listing: Listing<NoFilters>,
) -> Result<List<ColumnView>, Problem> {
    list::<kind::Column>(&api, &caller, board, &listing).await
}

/// Makes a column.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/columns", tag = "Boards",
    params(("board_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewColumn,
    responses(
        (status = 201, body = ColumnView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "The board is archived, or has as many as it may have"),
    ),
)]
pub(super) async fn create_column(
    State(api): State<Api>,
    caller: Caller,
    BoardId(board): BoardId,
    once: Once,
    Body(new): Body<NewColumn>,
) -> Result<Response, Problem> {
    let at = place(new.before, new.after, new.pos, |named| named.0)?.unwrap_or(At::Last);
    let wip = new.wip.map(WipLimit::checked).transpose()?;
    let category = new
        .category
        .map_or(Category::Unstarted, |category| category.0.into());
    create(
        &api,
        &caller,
        &once,
        (board, PLACE),
        move |editor, id: ColumnId| {
            let entry = NewEntry {
                id,
                name: new.title.into_string(),
                color: new.color.map(|color| color.0),
                at,
            };
            editor.create_column(&entry, category)?;
            if wip.is_some() {
                editor.set_wip(&entry.id, wip)?;
            }
            Ok(())
        },
    )
    .await
}

/// Reads a column.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}/columns/{column_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("column_id" = String, Path), ("If-None-Match" = Option<String>, Header),
    ),
    responses((status = 200, body = ColumnView, headers(("ETag" = String)))),
)]
pub(super) async fn get_column(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    get::<kind::Column>(&api, &caller, &ids, &known).await
}

/// Changes a column, or moves it among the others.
#[utoipa::path(
    patch, path = "/v1/boards/{board_id}/columns/{column_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("column_id" = String, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body(content = ColumnPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = ColumnView, headers(("ETag" = String)))),
)]
pub(super) async fn change_column(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<ColumnPatch>,
) -> Result<Response, Problem> {
    let at = moved(patch.before, patch.after, patch.pos)?;
    let wip = patch
        .wip
        .into_option()
        .map(|wip| wip.map(WipLimit::checked).transpose())
        .transpose()?;
    change(
        &api,
        &caller,
        &ids,
        if_match,
        &once,
        move |editor, id: &ColumnId| {
            if let Some(at) = at {
                editor.reorder(id, &at)?;
            }
            if let Some(wip) = wip {
                editor.set_wip(id, wip)?;
            }
            if let Some(title) = patch.title.into_option() {
                editor.rename(id, &title)?;
            }
            if let Some(category) = patch.category.into_option() {
                editor.set_category(id, category.0.into())?;
            }
            if let Some(color) = patch.color.into_option() {
                editor.recolor(id, color.as_ref().map(|color| color.0.as_str()))?;
            }
            Ok(())
        },
    )
    .await
}

/// Deletes a column.
///
/// Its tasks are shown at the end of the first column until it is restored or they are moved.
#[utoipa::path(
    delete, path = "/v1/boards/{board_id}/columns/{column_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("column_id" = String, Path), ("If-Match" = Option<String>, Header),
    ),
    responses((status = 204, description = "It is deleted")),
)]
pub(super) async fn delete_column(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    remove::<kind::Column>(&api, &caller, &ids, if_match).await
}

/// Gets a column back that was deleted.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/columns/{column_id}/~restore", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("column_id" = String, Path), ("Idempotency-Key" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = ColumnView, headers(("ETag" = String))),
        (status = 409, description = "The board is archived, or has as many as it may have"),
    ),
)]
pub(super) async fn restore_column(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    once: Once,
) -> Result<Response, Problem> {
    restore::<kind::Column>(&api, &caller, &ids, &once).await
}
