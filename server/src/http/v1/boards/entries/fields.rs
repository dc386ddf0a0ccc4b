//! `/v1/boards/{board_id}/fields`.

use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;
use weft_protocol::board::At;
use weft_protocol::board::change::NewEntry;
use weft_protocol::board::id::{FieldId, Id, kind};
use weft_protocol::board::schema::{FieldType, limit};

use super::moved;
use super::operations::{change, create, get, list, remove, restore};
use super::views::{FieldPatch, FieldView, NewField, NoFilters};
use crate::http::Problem;
use crate::http::rest::board::place;
use crate::http::rest::{
    Body, Id as BoardId, IfMatch, IfNoneMatch, List, Listing, MergePatch, NoContent, Once, invalid,
};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// What addresses call the list.
const PLACE: &str = "fields";

/// Lists the custom fields of a board, in their order.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}/fields", tag = "Boards",
    params(("board_id" = Uuid, Path), Listing<NoFilters>),
    responses((status = 200, body = List<FieldView>)),
)]
pub(super) async fn list_fields(
    State(api): State<Api>,
    caller: Caller,
    BoardId(board): BoardId,
    listing: Listing<NoFilters>,
) -> Result<List<FieldView>, Problem> {
    list::<kind::Field>(&api, &caller, board, &listing).await
}

/// Makes a custom field.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/fields", tag = "Boards",
    params(("board_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewField,
    responses(
        (status = 201, body = FieldView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "The board is archived, or has as many as it may have"),
    ),
)]
pub(super) async fn create_field(
    State(api): State<Api>,
    caller: Caller,
    BoardId(board): BoardId,
    once: Once,
    Body(new): Body<NewField>,
) -> Result<Response, Problem> {
    let at = place(new.before, new.after, new.pos, |named| named.0)?.unwrap_or(At::Last);
    let holds = FieldType::from(new.r#type.0);
    let options = new.options.unwrap_or_default();
    if options.len() > limit::OPTIONS {
        return Err(invalid(
            "options",
            "INVALID_LENGTH",
            "must have at most 200 options",
        ));
    }
    if holds != FieldType::Select && !options.is_empty() {
        let message = "must be left out unless type is select";
        return Err(invalid("options", "CONFLICTING_MEMBERS", message));
    }
    create(
        &api,
        &caller,
        &once,
        (board, PLACE),
        move |editor, id: FieldId| {
            let entry = NewEntry {
                id,
                name: new.name.into_string(),
                color: None,
                at,
            };
            editor.create_field(&entry, holds)?;
            for option in options {
                let choice = NewEntry {
                    id: Id::of_uuid(Uuid::now_v7().into_bytes()),
                    name: option.name.into_string(),
                    color: option.color.map(|color| color.0),
                    at: At::Last,
                };
                editor.create_choice(&entry.id, &choice)?;
            }
            Ok(())
        },
    )
    .await
}

/// Reads a custom field.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}/fields/{field_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("field_id" = String, Path), ("If-None-Match" = Option<String>, Header),
    ),
    responses((status = 200, body = FieldView, headers(("ETag" = String)))),
)]
pub(super) async fn get_field(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    get::<kind::Field>(&api, &caller, &ids, &known).await
}

/// Changes a custom field, or moves it among the others.
#[utoipa::path(
    patch, path = "/v1/boards/{board_id}/fields/{field_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("field_id" = String, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body(content = FieldPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = FieldView, headers(("ETag" = String)))),
)]
pub(super) async fn change_field(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<FieldPatch>,
) -> Result<Response, Problem> {
    let at = moved(patch.before, patch.after, patch.pos)?;
    change(
        &api,
        &caller,
        &ids,
        if_match,
        &once,
        move |editor, id: &FieldId| {
            if let Some(at) = at {
                editor.reorder(id, &at)?;
            }
            if let Some(name) = patch.name.into_option() {
                editor.rename(id, &name)?;
            }
            Ok(())
        },
    )
    .await
}

/// Deletes a custom field.
///
/// Tasks keep their values, which are not shown until it is restored.
#[utoipa::path(
    delete, path = "/v1/boards/{board_id}/fields/{field_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("field_id" = String, Path), ("If-Match" = Option<String>, Header),
    ),
    responses((status = 204, description = "It is deleted")),
)]
pub(super) async fn delete_field(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    remove::<kind::Field>(&api, &caller, &ids, if_match).await
}

/// Gets a custom field back that was deleted.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/fields/{field_id}/~restore", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("field_id" = String, Path), ("Idempotency-Key" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = FieldView, headers(("ETag" = String))),
        (status = 409, description = "The board is archived, or has as many as it may have"),
    ),
)]
pub(super) async fn restore_field(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    once: Once,
) -> Result<Response, Problem> {
    restore::<kind::Field>(&api, &caller, &ids, &once).await
}
