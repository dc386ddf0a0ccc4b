//! `PATCH /v1/tasks/{task_id}` and `POST /v1/tasks/{task_id}:move`.

use axum::extract::State;
use axum::response::Response;
use weft_protocol::board::change::Attribute;
use weft_protocol::board::id::kind;
use weft_protocol::board::{At, CardId, ColumnId, Editor};
use weft_storage::records::Task;

use super::changes::{anchor, card};
use super::gate::{find_live, shown};
use super::requests::{TaskMove, TaskPatch};
use super::resolve::Resolver;
use super::views::TaskView;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::etag::PRECONDITION_FAILED;
use crate::http::rest::{Body, ETag, Id, IfMatch, MergePatch, Once, invalid};
use crate::http::v1::boards::edit::{SMALL, Stop, edit};
use crate::http::v1::caller::Caller;
use crate::http::v1::{Api, kept};

/// Changes a task.
///
/// What is left out stays. With `If-Match` it happens only if nobody has changed the task meanwhile, not even live.
#[utoipa::path(
    patch, path = "/v1/tasks/{task_id}", tag = "Tasks",
    params(
        ("task_id" = Uuid, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body(content = TaskPatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, body = TaskView, headers(("ETag" = String))),
        (status = 409, description = "The column is full, a task would be a part of itself, or the board is archived"),
    ),
)]
pub(super) async fn change_task(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<TaskPatch>,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(&api, &caller, &once).await? {
        return Ok(answer);
    }
    let opened = find_live(&api, &caller, id).await?;
    let unchanged = Unchanged::of(if_match.as_ref(), &opened.task)?;
    let mut tx = api.records.read().await?;
    let mut resolver = Resolver {
        tx: &mut tx,
        board: &opened.board,
        now_ms: api.clock.now_ms(),
    };
    let row = &opened.task.shown;
    let changes = resolver.changes(patch, (&row.assignees, &row.watchers)).await?;
    drop(tx);
    let (card, size_bytes) = (opened.card.clone(), changes.size_bytes);
    edit(&api, &caller, &opened.board, size_bytes, move |editor| {
        unchanged.check(editor, &card)?;
        changes.apply(editor, &card)
    })
    .await?;
    let found = shown(&api, &opened.board, &opened.card).await?;
    kept::keep(&api, &caller, &once, found).await
}

/// Moves a task: into another column, another lane, or to another place.
///
/// Into a column with a hard limit that has no room it does not go.
#[utoipa::path(
    post, path = "/v1/tasks/{task_id}/~move", tag = "Tasks",
    params(
        ("task_id" = Uuid, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body = TaskMove,
    responses(
        (status = 200, body = TaskView, headers(("ETag" = String))),
        (status = 409, description = "The column is full, or the board is archived"),
    ),
)]
pub(super) async fn move_task(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
    Body(wanted): Body<TaskMove>,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(&api, &caller, &once).await? {
        return Ok(answer);
    }
    let opened = find_live(&api, &caller, id).await?;
    let unchanged = Unchanged::of(if_match.as_ref(), &opened.task)?;
    let mut tx = api.records.read().await?;
    let mut resolver = Resolver {
        tx: &mut tx,
        board: &opened.board,
        now_ms: api.clock.now_ms(),
    };
    let moving = Moving::of(wanted, &mut resolver).await?;
    drop(tx);
    let card = opened.card.clone();
    edit(&api, &caller, &opened.board, SMALL, move |editor| {
        unchanged.check(editor, &card)?;
        moving.carry_out(editor, &card)
    })
    .await?;
    let found = shown(&api, &opened.board, &opened.card).await?;
    kept::keep(&api, &caller, &once, found).await
}

/// Where a card is to go.
#[derive(Debug)]
pub(super) struct Moving {
    column: Option<ColumnId>,
    at: Option<At<kind::Card>>,
    lane: Option<Attribute>,
}

impl Moving {
    /// What a request means.
    ///
    /// # Errors
    /// 422.
    pub(super) async fn of(wanted: TaskMove, resolver: &mut Resolver<'_>) -> Result<Self, Problem> {
        let lane = wanted.lane_id.into_option();
        let moving = Self {
            column: wanted.column_id.map(|column| column.0),
            at: resolver.spot((wanted.before, wanted.after, wanted.pos)).await?,
            lane: lane.map(|lane| Attribute::Lane(lane.map(|lane| lane.0))),
        };
        if moving.column.is_none() && moving.at.is_none() && moving.lane.is_none() {
            let message = "must be given, or lane_id, before, after or pos";
            return Err(invalid("column_id", "REQUIRED", message));
        }
        Ok(moving)
    }

    /// Moves the card.
    ///
    /// # Errors
    /// What the board does not take.
    pub(super) fn carry_out(self, editor: &mut Editor<'_, '_>, id: &CardId) -> Result<(), Stop> {
        if self.column.is_some() || self.at.is_some() {
            let view = &editor.board().view;
            let beside = match &self.at {
                Some(At::Before(other) | At::After(other)) => Some(other),
                _ => None,
            };
            let of = |card: &CardId| view.cards.get(card).and_then(|card| card.column.clone());
            let column = self.column.or_else(|| of(beside.unwrap_or(id)));
            let column =
                column.ok_or_else(|| invalid("column_id", "REQUIRED", "must be given: it stands in none"))?;
            let at = self.at.unwrap_or(At::Last);
            let moved = editor.move_cards(std::slice::from_ref(id), &column, &at);
            moved.map_err(|error| anchor(error, id))?;
        }
        if let Some(lane) = &self.lane {
            editor.set_attribute(id, lane)?;
        }
        Ok(())
    }
}

/// A condition on a task: its row is what the client has seen, and the board shows what the row says.
#[derive(Debug)]
pub(super) struct Unchanged(Option<String>);

impl Unchanged {
    /// The condition that `if_match` states.
    ///
    /// # Errors
    /// 412 if the row is another one already.
    pub(super) fn of(if_match: Option<&IfMatch>, task: &Task) -> Result<Self, Problem> {
        IfMatch::check_if_given(if_match, ETag(task.version))?;
        let is_strict = if_match.is_some_and(|condition| !condition.is_any());
        Ok(Self(is_strict.then(|| task.shown.view.clone())))
    }

    /// Lets a change of the card through.
    ///
    /// # Errors
    /// 404; 412 if somebody has changed it since its row was read.
    pub(super) fn check(&self, editor: &mut Editor<'_, '_>, id: &CardId) -> Result<(), Problem> {
        if !editor.board().view.is_live(id) {
            return Err(NOT_FOUND);
        }
        let Some(seen) = &self.0 else {
            return Ok(());
        };
        let now = serde_json::to_string(card(editor, id)?).map_err(|_| Problem::INTERNAL)?;
        if now == *seen {
            Ok(())
        } else {
            Err(PRECONDITION_FAILED)
        }
    }
}
