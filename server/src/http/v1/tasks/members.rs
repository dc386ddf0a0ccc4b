//! `PUT` and `DELETE` of one assignee, label or watcher: `/v1/tasks/{task_id}/assignees/{user_id}` and the like.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use weft_protocol::board::id::{CardId, LabelId, UserId};
use weft_protocol::board::{ChangeError, Editor};

use super::gate::{Opened, find_live, shown};
use super::resolve::Resolver;
use super::views::TaskView;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{NoContent, path};
use crate::http::v1::Api;
use crate::http::v1::boards::edit::{SMALL, edit};
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::two_ids;

/// Gives a task an assignee, who must be somebody who may see the board.
#[utoipa::path(
    put, path = "/v1/tasks/{task_id}/assignees/{user_id}", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 200, body = TaskView, headers(("ETag" = String)))),
)]
pub(super) async fn put_task_assignee(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
) -> Result<Response, Problem> {
    let (opened, user) = person(&api, &caller, &ids, |opened| &opened.task.shown.assignees).await?;
    let change = move |editor: &mut Editor<'_, '_>, card: &CardId| editor.assign(card, &user);
    put(&api, &caller, opened, change).await
}

/// Takes an assignee away.
#[utoipa::path(
    delete, path = "/v1/tasks/{task_id}/assignees/{user_id}", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("user_id" = String, Path)),
    responses((status = 204, description = "They do not work on it")),
)]
pub(super) async fn remove_task_assignee(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
) -> Result<NoContent, Problem> {
    let (opened, user) = named(&api, &caller, &ids, |opened| &opened.task.shown.assignees).await?;
    let change = move |editor: &mut Editor<'_, '_>, card: &CardId| editor.unassign(card, &user);
    remove(&api, &caller, opened, change).await
}

/// Has somebody hear of a task, who must be somebody who may see the board.
#[utoipa::path(
    put, path = "/v1/tasks/{task_id}/watchers/{user_id}", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 200, body = TaskView, headers(("ETag" = String)))),
)]
pub(super) async fn put_task_watcher(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
) -> Result<Response, Problem> {
    let (opened, user) = person(&api, &caller, &ids, |opened| &opened.task.shown.watchers).await?;
    let change = move |editor: &mut Editor<'_, '_>, card: &CardId| editor.watch(card, &user);
    put(&api, &caller, opened, change).await
}

/// Has somebody hear of a task no more.
#[utoipa::path(
    delete, path = "/v1/tasks/{task_id}/watchers/{user_id}", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("user_id" = String, Path)),
    responses((status = 204, description = "They hear of it no more")),
)]
pub(super) async fn remove_task_watcher(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
) -> Result<NoContent, Problem> {
    let (opened, user) = named(&api, &caller, &ids, |opened| &opened.task.shown.watchers).await?;
    let change = move |editor: &mut Editor<'_, '_>, card: &CardId| editor.unwatch(card, &user);
    remove(&api, &caller, opened, change).await
}

/// Gives a task a label of its board.
#[utoipa::path(
    put, path = "/v1/tasks/{task_id}/labels/{label_id}", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("label_id" = String, Path)),
    responses((status = 200, body = TaskView, headers(("ETag" = String)))),
)]
pub(super) async fn put_task_label(
    State(api): State<Api>,
    caller: Caller,
    Path((task, label)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let label = LabelId::parse(&label).map_err(|_| NOT_FOUND)?;
    let opened = find_live(&api, &caller, path::parse(&task)?).await?;
    let change = move |editor: &mut Editor<'_, '_>, card: &CardId| editor.add_label(card, &label);
    put(&api, &caller, opened, change).await
}

/// Takes a label away.
#[utoipa::path(
    delete, path = "/v1/tasks/{task_id}/labels/{label_id}", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("label_id" = String, Path)),
    responses((status = 204, description = "It has no such label")),
)]
pub(super) async fn remove_task_label(
    State(api): State<Api>,
    caller: Caller,
    Path((task, label)): Path<(String, String)>,
) -> Result<NoContent, Problem> {
    let label = LabelId::parse(&label).map_err(|_| NOT_FOUND)?;
    let opened = find_live(&api, &caller, path::parse(&task)?).await?;
    if !opened
        .task
        .shown
        .labels
        .iter()
        .any(|known| known == label.as_str())
    {
        return Err(NOT_FOUND);
    }
    let change = move |editor: &mut Editor<'_, '_>, card: &CardId| editor.remove_label(card, &label);
    remove(&api, &caller, opened, change).await
}

/// The task and somebody who is to be put on it.
async fn person(
    api: &Api,
    caller: &Caller,
    ids: &Path<(String, String)>,
    set: fn(&Opened) -> &Vec<String>,
) -> Result<(Opened, UserId), Problem> {
    let (task, user) = two_ids(ids)?;
    let opened = find_live(api, caller, task).await?;
    let mut tx = api.records.read().await?;
    let mut resolver = Resolver {
        tx: &mut tx,
        board: &opened.board,
        now_ms: api.clock.now_ms(),
    };
    let people = resolver.people(&[user], set(&opened), "user_id").await?;
    let user = people.into_iter().next().ok_or(Problem::INTERNAL)?;
    Ok((opened, user))
}

/// The task and somebody who is on it: documents name people who have no account here, too.
async fn named(
    api: &Api,
    caller: &Caller,
    Path((task, user)): &Path<(String, String)>,
    set: fn(&Opened) -> &Vec<String>,
) -> Result<(Opened, UserId), Problem> {
    let user = UserId::parse(user).map_err(|_| NOT_FOUND)?;
    let opened = find_live(api, caller, path::parse(task)?).await?;
    if set(&opened).iter().any(|known| known == user.as_str()) {
        Ok((opened, user))
    } else {
        Err(NOT_FOUND)
    }
}

async fn put(
    api: &Api,
    caller: &Caller,
    opened: Opened,
    change: impl FnOnce(&mut Editor<'_, '_>, &CardId) -> Result<(), ChangeError> + Send + Sync + 'static,
) -> Result<Response, Problem> {
    let card = opened.card.clone();
    edit(api, caller, &opened.board, SMALL, move |editor| {
        Ok(change(editor, &card)?)
    })
    .await?;
    Ok(shown(api, &opened.board, &opened.card).await?.into_response())
}

async fn remove(
    api: &Api,
    caller: &Caller,
    opened: Opened,
    change: impl FnOnce(&mut Editor<'_, '_>, &CardId) -> Result<(), ChangeError> + Send + Sync + 'static,
) -> Result<NoContent, Problem> {
    let card = opened.card.clone();
    edit(api, caller, &opened.board, SMALL, move |editor| {
        Ok(change(editor, &card)?)
    })
    .await?;
    Ok(NoContent)
}
