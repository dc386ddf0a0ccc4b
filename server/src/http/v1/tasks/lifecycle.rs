//! `DELETE /v1/tasks/{task_id}`, `:restore`, `:archive`, `:unarchive` and `:duplicate`.

use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;
use weft_protocol::board::change::NewCard;
use weft_protocol::board::id::kind;
use weft_protocol::board::schema::limit;
use weft_protocol::board::{At, CardId, ChangeError, Editor};

use super::change::Unchanged;
use super::changes::card;
use super::gate::{Opened, find, find_live, shown};
use super::requests::TaskDuplication;
use super::views::TaskView;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Body, Created, ETag, Found, Id, IfMatch, NoContent, Once};
use crate::http::v1::boards::edit::{SMALL, Stop, edit};
use crate::http::v1::caller::Caller;
use crate::http::v1::{Api, kept};

/// There is nothing to take out of the trash.
const NOT_IN_TRASH: Problem = Problem::new(
    axum::http::StatusCode::CONFLICT,
    "NOT_IN_TRASH",
    "the task is not in the trash",
);

/// Puts a task in the trash.
///
/// It can be restored for thirty days, as it was; then it is gone.
#[utoipa::path(
    delete, path = "/v1/tasks/{task_id}", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is in the trash")),
)]
pub(super) async fn delete_task(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let opened = find_live(&api, &caller, id).await?;
    let unchanged = Unchanged::of(if_match.as_ref(), &opened.task)?;
    let card = opened.card.clone();
    edit(&api, &caller, &opened.board, SMALL, move |editor| {
        unchanged.check(editor, &card)?;
        Ok(editor.delete_card(&card)?)
    })
    .await?;
    Ok(NoContent)
}

/// Takes a task out of the trash, to where it was.
#[utoipa::path(
    post, path = "/v1/tasks/{task_id}/~restore", tag = "Tasks",
    params(
        ("task_id" = Uuid, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = TaskView, headers(("ETag" = String))),
        (status = 409, description = "It is not in the trash, or the board is full or archived"),
    ),
)]
pub(super) async fn restore_task(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(&api, &caller, &once).await? {
        return Ok(answer);
    }
    let opened = find(&api, &caller, id, Action::EditContent).await?;
    if opened.task.deleted_at_ms.is_none() {
        return Err(NOT_IN_TRASH);
    }
    IfMatch::check_if_given(if_match.as_ref(), ETag(opened.task.version))?;
    turn(&api, &caller, &once, opened, |editor, card| {
        Ok(editor.restore_card(card)?)
    })
    .await
}

/// Archives a task: it is put away, and still counts where others depend on it.
#[utoipa::path(
    post, path = "/v1/tasks/{task_id}/~archive", tag = "Tasks",
    params(
        ("task_id" = Uuid, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    responses((status = 200, body = TaskView, headers(("ETag" = String)))),
)]
pub(super) async fn archive_task(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
) -> Result<Response, Problem> {
    let change = |editor: &mut Editor<'_, '_>, card: &CardId| editor.archive_card(card);
    turn_live(&api, &caller, (id, if_match), &once, change).await
}

/// Brings a task back out of the archive, to where it was.
#[utoipa::path(
    post, path = "/v1/tasks/{task_id}/~unarchive", tag = "Tasks",
    params(
        ("task_id" = Uuid, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = TaskView, headers(("ETag" = String))),
        (status = 409, description = "The board is full or archived"),
    ),
)]
pub(super) async fn unarchive_task(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
) -> Result<Response, Problem> {
    let change = |editor: &mut Editor<'_, '_>, card: &CardId| {
        let is_away = editor.board().view.archive.contains(card);
        if is_away {
            editor.unarchive_card(card)
        } else {
            Ok(())
        }
    };
    turn_live(&api, &caller, (id, if_match), &once, change).await
}

async fn turn_live(
    api: &Api,
    caller: &Caller,
    (id, if_match): (Uuid, Option<IfMatch>),
    once: &Once,
    change: impl FnOnce(&mut Editor<'_, '_>, &CardId) -> Result<(), ChangeError> + Send + Sync + 'static,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(api, caller, once).await? {
        return Ok(answer);
    }
    let opened = find_live(api, caller, id).await?;
    let unchanged = Unchanged::of(if_match.as_ref(), &opened.task)?;
    let work = move |editor: &mut Editor<'_, '_>, card: &CardId| {
        unchanged.check(editor, card)?;
        Ok(change(editor, card)?)
    };
    turn(api, caller, once, opened, work).await
}

async fn turn(
    api: &Api,
    caller: &Caller,
    once: &Once,
    opened: Opened,
    change: impl FnOnce(&mut Editor<'_, '_>, &CardId) -> Result<(), Stop> + Send + Sync + 'static,
) -> Result<Response, Problem> {
    let card = opened.card.clone();
    edit(api, caller, &opened.board, SMALL, move |editor| {
        change(editor, &card)
    })
    .await?;
    let found = shown(api, &opened.board, &opened.card).await?;
    kept::keep(api, caller, once, found).await
}

/// Makes a copy of a task, which goes after it.
///
/// The copy has what the task says, its labels, assignees and checklist, and is a part of the same task; it has neither
/// watchers, comments, files nor dependencies.
#[utoipa::path(
    post, path = "/v1/tasks/{task_id}/~duplicate", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = TaskDuplication,
    responses(
        (status = 201, body = TaskView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "The column or the board is full, or the board is archived"),
    ),
)]
pub(super) async fn duplicate_task(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(wanted): Body<TaskDuplication>,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(&api, &caller, &once).await? {
        return Ok(answer);
    }
    let opened = find_live(&api, &caller, id).await?;
    let again = once.is_keyed();
    let new: CardId = weft_protocol::board::id::Id::of_uuid(
        once.id(&caller.0, 0).unwrap_or_else(Uuid::now_v7).into_bytes(),
    );
    let (source, copy) = (opened.card.clone(), new.clone());
    let title = wanted.title.map(crate::http::rest::Line::into_string);
    // What the copy says is said already: the room measures the document with it.
    let size_bytes = SMALL + opened.task.shown.view.len();
    edit(&api, &caller, &opened.board, size_bytes, move |editor| {
        if again && editor.board().view.cards.contains_key(&copy) {
            return Ok(());
        }
        duplicate(editor, &source, copy, title)
    })
    .await?;
    let Found { etag, body } = shown(&api, &opened.board, &new).await?;
    let location = format!("/v1/tasks/{}", body.id());
    kept::keep(&api, &caller, &once, Created { location, etag, body }).await
}

/// Puts a copy of an open card behind it, one of an archived card at the end of the column it would come back to.
fn duplicate(
    editor: &mut Editor<'_, '_>,
    source: &CardId,
    copy: CardId,
    title: Option<String>,
) -> Result<(), Stop> {
    let shown = card(editor, source)?.clone();
    let view = &editor.board().view;
    let first = || view.columns.first().map(|column| column.id.clone());
    let column = shown.column.clone().or_else(first);
    let is_open = view.columns.iter().any(|column| column.cards.contains(source));
    let at: At<kind::Card> = if is_open {
        At::After(source.clone())
    } else {
        At::Last
    };
    let title = title.unwrap_or(shown.title);
    let new = NewCard {
        id: copy,
        title: title.chars().take(limit::TITLE_CHARS).collect(),
        column: column.ok_or(super::changes::NO_COLUMN)?,
        at,
    };
    editor.duplicate_card(source, &new)?;
    editor.set_assignees(&new.id, &shown.assignees.into_iter().collect())?;
    if shown.parent.is_some() {
        editor.set_parent(&new.id, shown.parent.as_ref())?;
    }
    Ok(())
}
