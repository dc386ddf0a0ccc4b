//! Permission for tasks: a task is as open to somebody as its board.
//!
//! Invariant: what somebody may not see is told the same as if it did not exist, and so is a task in the trash to
//! whoever could not take it out.

use uuid::Uuid;
use weft_protocol::board::CardId;
use weft_storage::records::{Task, Tenant, Tx};

use super::views::TaskView;
use crate::auth::permission::{Action, Facts, Resource};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, invalid};
use crate::http::v1::Api;
use crate::http::v1::boards::gate::{self, Board};
use crate::http::v1::caller::Caller;

/// A task that somebody may do something to.
#[derive(Debug)]
pub(in crate::http::v1) struct Opened {
    /// Its board.
    pub(in crate::http::v1) board: Board,
    /// The task.
    pub(in crate::http::v1) task: Task,
    /// Its card in the board's document.
    pub(in crate::http::v1) card: CardId,
}

/// Finds the task `id` for `action`, which is one on documents, also in the trash.
///
/// # Errors
/// 401, 403, 404; 409 if only the state of its board stands in the way.
pub(in crate::http::v1) async fn open(
    tx: &mut Tx,
    caller: &Caller,
    id: Uuid,
    action: Action,
    now_ms: i64,
) -> Result<Opened, Problem> {
    let Some(address) = tx.task_address(id).await? else {
        // As for a task of strangers.
        caller.require(action, &Resource::Document(Facts::stranger(Uuid::nil())))?;
        return Err(NOT_FOUND);
    };
    let board = gate::open(tx, caller, address.board_id, action, now_ms).await?;
    let mut tenant = tx.workspace(board.workspace()).await?;
    let task = tenant.task(address.board_id, &address.card).await?;
    let task = task.ok_or(NOT_FOUND)?;
    let card = CardId::parse(&task.shown.card).map_err(|_| Problem::INTERNAL)?;
    Ok(Opened { board, task, card })
}

/// Finds the task `id`, which is not in the trash, to be changed.
///
/// # Errors
/// As [`open`].
pub(super) async fn find_live(api: &Api, caller: &Caller, id: Uuid) -> Result<Opened, Problem> {
    let opened = find(api, caller, id, Action::EditContent).await?;
    if opened.task.deleted_at_ms.is_some() {
        return Err(NOT_FOUND);
    }
    Ok(opened)
}

/// [`open`] in a transaction of its own, for those who ask a room afterwards.
///
/// # Errors
/// As [`open`].
pub(super) async fn find(api: &Api, caller: &Caller, id: Uuid, action: Action) -> Result<Opened, Problem> {
    let mut tx = api.records.read().await?;
    open(&mut tx, caller, id, action, api.clock.now_ms()).await
}

/// Finds the task `id` to be read. In the trash only those see it who could take it out.
///
/// # Errors
/// As [`open`].
pub(super) async fn find_shown(api: &Api, caller: &Caller, id: Uuid) -> Result<Opened, Problem> {
    let mut tx = api.records.read().await?;
    let now_ms = api.clock.now_ms();
    let opened = open(&mut tx, caller, id, Action::ReadContent, now_ms).await?;
    if opened.task.deleted_at_ms.is_some() {
        let edits = gate::open(&mut tx, caller, opened.board.id(), Action::EditContent, now_ms).await;
        edits.map_err(|_| NOT_FOUND)?;
    }
    Ok(opened)
}

/// The card of another task on the same board, which the member `field` names.
///
/// # Errors
/// 422 if there is no such task on the board.
pub(super) async fn card_on(tx: &mut Tx, board: &Board, id: Uuid, field: &str) -> Result<CardId, Problem> {
    let address = tx.task_address(id).await?;
    let address = address.filter(|address| address.board_id == board.id());
    address
        .and_then(|address| CardId::parse(&address.card).ok())
        .ok_or_else(|| invalid(field, "NOT_FOUND", "must be a task of the same board"))
}

/// A task as it travels.
///
/// # Errors
/// 503.
pub(in crate::http::v1) async fn view(tenant: &mut Tenant<'_>, task: &Task) -> Result<TaskView, Problem> {
    let parent = match &task.shown.parent {
        Some(parent) => tenant.task_identity(task.board_id, parent).await?,
        None => None,
    };
    Ok(TaskView::of(task, parent.map(|parent| parent.id)))
}

/// The task of a card as its row is now, as it travels.
///
/// # Errors
/// 404 if the card is gone; 503.
pub(super) async fn shown(api: &Api, board: &Board, card: &CardId) -> Result<Found<TaskView>, Problem> {
    let mut tx = api.records.read().await?;
    let mut tenant = tx.workspace(board.workspace()).await?;
    let task = tenant.task(board.id(), card.as_str()).await?.ok_or(NOT_FOUND)?;
    Ok(Found {
        etag: Some(ETag(task.version)),
        body: view(&mut tenant, &task).await?,
    })
}
