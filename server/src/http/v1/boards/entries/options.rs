//! `/v1/boards/{board_id}/fields/{field_id}/options`: the options of a custom field, which reading the field lists.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;
use weft_protocol::board::change::NewEntry;
use weft_protocol::board::id::{FieldId, Id, OptionId, kind};
use weft_protocol::board::{At, ChangeError, Editor};

use super::moved;
use super::operations::{change, check};
use super::views::{FieldView, NewOption, OptionPatch};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::board::place;
use crate::http::rest::{Body, IfMatch, MergePatch, NoContent, Once, path};
use crate::http::v1::Api;
use crate::http::v1::boards::edit::{SMALL, Stop, edit};
use crate::http::v1::boards::gate;
use crate::http::v1::caller::Caller;
use crate::rooms::EditError;

/// Makes an option of a custom field, which answers as a whole.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/fields/{field_id}/options", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("field_id" = String, Path), ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body = NewOption,
    responses(
        (status = 201, body = FieldView, headers(("ETag" = String))),
        (status = 409, description = "The board is archived, or the field has as many as it may have"),
    ),
)]
pub(super) async fn create_field_option(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    once: Once,
    Body(new): Body<NewOption>,
) -> Result<Response, Problem> {
    let at = place(new.before, new.after, new.pos, |named| named.0)?.unwrap_or(At::Last);
    let keyed = once.id(&caller.0, 0);
    let id = Id::of_uuid(keyed.unwrap_or_else(Uuid::now_v7).into_bytes());
    let made = change::<kind::Field>(&api, &caller, &ids, None, &once, move |editor, field| {
        let entry = NewEntry {
            id,
            name: new.name.into_string(),
            color: new.color.map(|color| color.0),
            at,
        };
        match editor.create_choice(field, &entry) {
            // It was made when this request came before, and its answer was lost.
            Err(ChangeError::Exists { .. }) if keyed.is_some() => Ok(()),
            made => Ok(made?),
        }
    });
    let mut response = made.await?.into_response();
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

/// Changes an option of a custom field, or moves it among the others.
#[utoipa::path(
    patch, path = "/v1/boards/{board_id}/fields/{field_id}/options/{option_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("field_id" = String, Path), ("option_id" = String, Path),
        ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body(content = OptionPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = FieldView, headers(("ETag" = String)))),
)]
pub(super) async fn change_field_option(
    State(api): State<Api>,
    caller: Caller,
    Path((board, field, option)): Path<(String, String, String)>,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<OptionPatch>,
) -> Result<Response, Problem> {
    let option = OptionId::parse(&option).map_err(|_| NOT_FOUND)?;
    let at = moved(patch.before, patch.after, patch.pos)?;
    let ids = Path((board, field));
    change::<kind::Field>(&api, &caller, &ids, if_match, &once, move |editor, field| {
        there(editor, field, &option)?;
        if let Some(at) = at {
            editor.reorder_choice(field, &option, &at)?;
        }
        if let Some(name) = patch.name.into_option() {
            editor.rename_choice(field, &option, &name)?;
        }
        if let Some(color) = patch.color.into_option() {
            editor.recolor_choice(field, &option, color.as_ref().map(|color| color.0.as_str()))?;
        }
        Ok(())
    })
    .await
}

/// Lets changes of options through that the field shows.
fn there(editor: &mut Editor<'_, '_>, field: &FieldId, option: &OptionId) -> Result<(), Stop> {
    let fields = &editor.board().view.fields;
    let field = fields.iter().find(|shown| shown.id == *field);
    let is_there = field.is_some_and(|field| field.options.iter().any(|shown| shown.id == *option));
    if is_there { Ok(()) } else { Err(NOT_FOUND.into()) }
}

/// Deletes an option of a custom field.
///
/// Tasks that have it show none until it is restored.
#[utoipa::path(
    delete, path = "/v1/boards/{board_id}/fields/{field_id}/options/{option_id}", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("field_id" = String, Path), ("option_id" = String, Path),
        ("If-Match" = Option<String>, Header),
    ),
    responses((status = 204, description = "It is deleted")),
)]
pub(super) async fn delete_field_option(
    State(api): State<Api>,
    caller: Caller,
    Path((board, field, option)): Path<(String, String, String)>,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let (field, option): (FieldId, OptionId) = names(&field, &option)?;
    let board = gate::find(&api, &caller, path::parse(&board)?, Action::EditContent).await?;
    edit(&api, &caller, &board, SMALL, move |editor| {
        check::<kind::Field>(editor, &field, if_match.as_ref())?;
        there(editor, &field, &option)?;
        Ok(editor.delete_choice(&field, &option)?)
    })
    .await?;
    Ok(NoContent)
}

fn names(field: &str, option: &str) -> Result<(FieldId, OptionId), Problem> {
    let field = FieldId::parse(field).map_err(|_| NOT_FOUND)?;
    Ok((field, OptionId::parse(option).map_err(|_| NOT_FOUND)?))
}

/// Gets an option of a custom field back that was deleted.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/fields/{field_id}/options/{option_id}/~restore", tag = "Boards",
    params(
        ("board_id" = Uuid, Path), ("field_id" = String, Path), ("option_id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = FieldView, headers(("ETag" = String))),
        (status = 409, description = "The board is archived, or the field has as many as it may have"),
    ),
)]
pub(super) async fn restore_field_option(
    State(api): State<Api>,
    caller: Caller,
    Path((board, field, option)): Path<(String, String, String)>,
    once: Once,
) -> Result<Response, Problem> {
    let option = OptionId::parse(&option).map_err(|_| NOT_FOUND)?;
    let ids = Path((board, field));
    change::<kind::Field>(
        &api,
        &caller,
        &ids,
        None,
        &once,
        move |editor, field| match editor.restore_choice(field, &option) {
            Err(ChangeError::NotFound { .. }) => Err(NOT_FOUND.into()),
            Err(error) => Err(Stop::Edit(EditError::Change(error))),
            Ok(()) => Ok(()),
        },
    )
    .await
}
