//! `/v1/tasks/{task_id}/checklist`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_protocol::board::change::NewItem as BoardItem;
use weft_protocol::board::id::{CardId, Id as BoardId, ItemId};
use weft_protocol::board::{At, ChangeError, Editor};
use weft_storage::records::Task;

use super::changes::card;
use super::gate::{Opened, find_live, find_shown};
use super::requests::{ItemMove, ItemPatch, NewItem};
use super::views::{ItemView, checklist};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::board::place;
use crate::http::rest::{
    Body, Created, ETag, Filters, Found, Id, IfMatch, IfNoneMatch, List, Listing, MergePatch, NoContent,
    Once, invalid, path,
};
use crate::http::v1::boards::edit::{SMALL, Stop, edit};
use crate::http::v1::caller::Caller;
use crate::http::v1::{Api, kept, short_list};

/// Which items to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemFilters {}

impl Filters for ItemFilters {
    const SORTS: &'static [&'static str] = &["position"];
}

/// Lists the checklist of a task, in its order.
#[utoipa::path(
    get, path = "/v1/tasks/{task_id}/checklist", tag = "Tasks",
    params(("task_id" = Uuid, Path), Listing<ItemFilters>),
    responses((status = 200, body = List<ItemView>)),
)]
pub(super) async fn list_checklist_items(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<ItemFilters>,
) -> Result<List<ItemView>, Problem> {
    let opened = find_shown(&api, &caller, id).await?;
    let items = checklist(&opened.task);
    short_list::cut(&listing, id, items, |item| item.id.clone(), |item| item)
}

/// Adds an item to the checklist of a task.
#[utoipa::path(
    post, path = "/v1/tasks/{task_id}/checklist", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewItem,
    responses(
        (status = 201, body = ItemView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "The checklist is full, or the board is archived"),
    ),
)]
pub(super) async fn create_checklist_item(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(new): Body<NewItem>,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(&api, &caller, &once).await? {
        return Ok(answer);
    }
    let opened = find_live(&api, &caller, id).await?;
    let at = place(new.before, new.after, new.pos, |named| named.0)?.unwrap_or(At::Last);
    let keyed = once.id(&caller.0, 0);
    let item: ItemId = BoardId::of_uuid(keyed.unwrap_or_else(Uuid::now_v7).into_bytes());
    let new = (
        BoardItem {
            id: item.clone(),
            text: new.text.into_string(),
            list: new.list.map_or_else(String::new, |list| list.into_string()),
            at,
        },
        new.done,
    );
    let card = opened.card.clone();
    edit(&api, &caller, &opened.board, SMALL, move |editor| {
        match editor.add_item(&card, &new.0) {
            // It was made when this request came before, and its answer was lost.
            Err(ChangeError::Exists { .. }) if keyed.is_some() => return Ok(()),
            added => added.map_err(anchored)?,
        }
        if new.1 {
            editor.check_item(&card, &new.0.id, true)?;
        }
        Ok(())
    })
    .await?;
    let Found { etag, body } = found(&api, &opened, &item).await?;
    let location = format!("/v1/tasks/{id}/checklist/{item}");
    kept::keep(&api, &caller, &once, Created { location, etag, body }).await
}

/// Reads an item of a checklist.
#[utoipa::path(
    get, path = "/v1/tasks/{task_id}/checklist/{item_id}", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("item_id" = String, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = ItemView, headers(("ETag" = String)))),
)]
pub(super) async fn get_checklist_item(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let (task, item) = address(&ids)?;
    let opened = find_shown(&api, &caller, task).await?;
    Ok(view_of(&opened.task, &item)?.unless(&known))
}

/// Changes an item of a checklist: its text, whether it is done, where it stands.
#[utoipa::path(
    patch, path = "/v1/tasks/{task_id}/checklist/{item_id}", tag = "Tasks",
    params(
        ("task_id" = Uuid, Path), ("item_id" = String, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body(content = ItemPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = ItemView, headers(("ETag" = String)))),
)]
pub(super) async fn change_checklist_item(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<ItemPatch>,
) -> Result<Response, Problem> {
    let at = place(
        patch.before.into_option(),
        patch.after.into_option(),
        patch.pos.into_option(),
        |named| named.0,
    )?;
    let (text, list) = (patch.text.into_option(), patch.list.into_option());
    let done = patch.done.into_option();
    change(&api, &caller, &ids, if_match, &once, move |editor, card, item| {
        if let Some(at) = at {
            editor.move_item(card, item, &at).map_err(anchored)?;
        }
        if let Some(text) = text {
            editor.rename_item(card, item, &text)?;
        }
        if let Some(list) = list {
            editor.relist_item(card, item, &list)?;
        }
        if let Some(done) = done {
            editor.check_item(card, item, done)?;
        }
        Ok(())
    })
    .await
}

/// Moves an item among the items of its task.
#[utoipa::path(
    post, path = "/v1/tasks/{task_id}/checklist/{item_id}/~move", tag = "Tasks",
    params(
        ("task_id" = Uuid, Path), ("item_id" = String, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body = ItemMove,
    responses((status = 200, body = ItemView, headers(("ETag" = String)))),
)]
pub(super) async fn move_checklist_item(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: Once,
    Body(wanted): Body<ItemMove>,
) -> Result<Response, Problem> {
    let at = place(wanted.before, wanted.after, wanted.pos, |named| named.0)?;
    let at = at.ok_or_else(|| invalid("pos", "REQUIRED", "must be given, or before or after"))?;
    change(&api, &caller, &ids, if_match, &once, move |editor, card, item| {
        editor.move_item(card, item, &at).map_err(anchored)
    })
    .await
}

/// Takes an item off a checklist for good.
#[utoipa::path(
    delete, path = "/v1/tasks/{task_id}/checklist/{item_id}", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("item_id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete_checklist_item(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let (task, item) = address(&ids)?;
    let opened = find_live(&api, &caller, task).await?;
    let card = opened.card.clone();
    edit(&api, &caller, &opened.board, SMALL, move |editor| {
        check(editor, &card, &item, if_match.as_ref())?;
        Ok(editor.remove_item(&card, &item)?)
    })
    .await?;
    Ok(NoContent)
}

fn address(Path((task, item)): &Path<(String, String)>) -> Result<(Uuid, ItemId), Problem> {
    Ok((path::parse(task)?, ItemId::parse(item).map_err(|_| NOT_FOUND)?))
}

/// An item that is missing beside the one that the address names is the one that a place names.
fn anchored(error: ChangeError) -> Stop {
    match error {
        ChangeError::NotFound { .. } => {
            invalid("before", "NOT_FOUND", "must name an item of the same task").into()
        }
        error => error.into(),
    }
}

/// The tag of the item at `position`: it has no version of its own.
fn etag(position: usize, shown: &impl serde::Serialize) -> Result<ETag, Problem> {
    let shown = serde_json::to_string(shown).map_err(|_| Problem::INTERNAL)?;
    Ok(ETag::of(format!("{position} {shown}").as_bytes()))
}

fn view_of(task: &Task, item: &ItemId) -> Result<Found<ItemView>, Problem> {
    let mut items = checklist(task).into_iter().enumerate();
    let (at, body) = items
        .find(|(_, shown)| shown.id == item.as_str())
        .ok_or(NOT_FOUND)?;
    Ok(Found {
        etag: Some(etag(at, &body)?),
        body,
    })
}

async fn found(api: &Api, opened: &Opened, item: &ItemId) -> Result<Found<ItemView>, Problem> {
    let mut tx = api.records.read().await?;
    let mut tenant = tx.workspace(opened.board.workspace()).await?;
    let task = tenant.task(opened.board.id(), opened.card.as_str()).await?;
    view_of(&task.ok_or(NOT_FOUND)?, item)
}

/// Lets changes of an item through that is there and as the condition wants it.
fn check(
    editor: &mut Editor<'_, '_>,
    id: &CardId,
    item: &ItemId,
    if_match: Option<&IfMatch>,
) -> Result<(), Problem> {
    let mut items = card(editor, id)?.checklist.iter().enumerate();
    let (at, shown) = items.find(|(_, shown)| shown.id == *item).ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match, etag(at, shown)?)
}

async fn change(
    api: &Api,
    caller: &Caller,
    ids: &Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: &Once,
    work: impl FnOnce(&mut Editor<'_, '_>, &CardId, &ItemId) -> Result<(), Stop> + Send + Sync + 'static,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(api, caller, once).await? {
        return Ok(answer);
    }
    let (task, item) = address(ids)?;
    let opened = find_live(api, caller, task).await?;
    let (card, entry) = (opened.card.clone(), item.clone());
    edit(api, caller, &opened.board, SMALL, move |editor| {
        check(editor, &card, &entry, if_match.as_ref())?;
        work(editor, &card, &entry)
    })
    .await?;
    let found = found(api, &opened, &item).await?;
    kept::keep(api, caller, once, found.into_response()).await
}
