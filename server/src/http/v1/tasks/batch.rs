//! `POST /v1/tasks:batch`: up to a hundred changes to the tasks of one board.
//!
//! By default they are one transaction: all of them happen, or none. In the mode `partial` each stands for itself, as if
//! it had come alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_protocol::board::id::{LabelId, UserId};
use weft_protocol::board::{CardId, Editor};
use weft_storage::records::Tx;

use super::change::Moving;
use super::changes::{Changes, Making};
use super::gate::{self as task_gate, shown};
use super::requests::{NewTask, TaskMove, TaskPatch};
use super::resolve::Resolver;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::{Detail, NOT_FOUND};
use crate::http::rest::board::LabelRef;
use crate::http::rest::respond::json;
use crate::http::rest::{Body, Once, invalid};
use crate::http::v1::boards::edit::{SMALL, Stop, edit};
use crate::http::v1::boards::gate::{self, Board};
use crate::http::v1::caller::Caller;
use crate::http::v1::{Api, kept};

/// How many operations one request may have.
const MAX_OPERATIONS: usize = 100;

/// Changes to the tasks of one board.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskBatch {
    /// The board; it may be left out if an operation names a task of it.
    board_id: Option<Uuid>,
    /// `atomic` if it is left out.
    mode: Option<BatchMode>,
    #[schema(min_items = 1, max_items = 100)]
    operations: Vec<TaskOperation>,
}

/// What becomes of a batch in which something fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskBatchMode)]
enum BatchMode {
    /// Nothing happens.
    Atomic,
    /// The rest happens.
    Partial,
}

/// A change to a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskOperation {
    op: OperationName,
    /// The task; for all but `create`.
    task_id: Option<Uuid>,
    /// The new task, of `create`. `board_id` is left out in it.
    task: Option<NewTask>,
    /// What shall change, of `update`.
    patch: Option<TaskPatch>,
    /// Where it goes, of `move`.
    to: Option<TaskMove>,
    /// Who, of `assign`, `unassign`, `watch` and `unwatch`.
    user_id: Option<Uuid>,
    /// Which, of `add_label` and `remove_label`.
    label_id: Option<LabelRef>,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskOperationName)]
enum OperationName {
    Create,
    Update,
    Move,
    Archive,
    Unarchive,
    Delete,
    Restore,
    Assign,
    Unassign,
    Watch,
    Unwatch,
    AddLabel,
    RemoveLabel,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskBatchResult {
    /// One for each operation, in their order.
    #[schema(max_items = 100)]
    results: Vec<TaskOperationResult>,
}

/// What became of an operation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskOperationResult {
    /// As if it had come alone.
    #[schema(minimum = 200, maximum = 599)]
    status: u16,
    /// The task.
    id: Option<Uuid>,
    /// Its version now: the number in its `ETag`.
    version: Option<i64>,
    /// Why nothing happened; null if something did.
    problem: Option<OperationProblem>,
}

/// Why an operation failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskOperationProblem)]
struct OperationProblem {
    /// A stable name for machines.
    #[schema(max_length = 63)]
    code: &'static str,
    /// One sentence for people.
    #[schema(max_length = 500)]
    message: &'static str,
    /// What is wrong where in the operation.
    #[schema(max_items = 100)]
    details: Vec<OperationDetail>,
}

/// One thing that is wrong with an operation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskOperationDetail)]
struct OperationDetail {
    #[schema(max_length = 200)]
    field: String,
    #[schema(max_length = 63)]
    code: &'static str,
    #[schema(max_length = 500)]
    message: String,
}

/// An operation that was made sense of.
struct Ready {
    card: CardId,
    is_new: bool,
    size_bytes: usize,
    work: Work,
}

enum Work {
    Create(Box<Making>),
    Update(Box<Changes>),
    Move(Moving),
    Archive,
    Unarchive,
    Delete,
    Restore,
    Assign(UserId),
    Unassign(UserId),
    Watch(UserId),
    Unwatch(UserId),
    AddLabel(LabelId),
    RemoveLabel(LabelId),
}

impl Work {
    fn carry_out(self, editor: &mut Editor<'_, '_>, card: &CardId, again: bool) -> Result<(), Stop> {
        match self {
            Self::Create(making) => making.carry_out(editor, again)?,
            Self::Update(changes) => changes.apply(editor, card)?,
            Self::Move(moving) => moving.carry_out(editor, card)?,
            Self::Archive => editor.archive_card(card)?,
            Self::Unarchive if editor.board().view.archive.contains(card) => editor.unarchive_card(card)?,
            Self::Unarchive => {}
            Self::Delete => editor.delete_card(card)?,
            Self::Restore => editor.restore_card(card)?,
            Self::Assign(user) => editor.assign(card, &user)?,
            Self::Unassign(user) => editor.unassign(card, &user)?,
            Self::Watch(user) => editor.watch(card, &user)?,
            Self::Unwatch(user) => editor.unwatch(card, &user)?,
            Self::AddLabel(label) => editor.add_label(card, &label)?,
            Self::RemoveLabel(label) => editor.remove_label(card, &label)?,
        }
        Ok(())
    }
}

/// Changes up to a hundred tasks of one board at once.
///
/// By default all of it happens in one transaction, or nothing, and then `details` say which operation was to blame. In
/// the mode `partial` (207) each operation has a result of its own.
#[utoipa::path(
    post, path = "/v1/tasks:batch", tag = "Tasks",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = TaskBatch,
    responses(
        (status = 200, body = TaskBatchResult, description = "Everything happened"),
        (status = 207, body = TaskBatchResult, description = "Each result says what happened"),
        (status = 404, description = "There is no such board or task for you"),
        (status = 409, description = "The board does not take it, or is archived"),
    ),
)]
pub(super) async fn batch_tasks(
    State(api): State<Api>,
    caller: Caller,
    once: Once,
    Body(batch): Body<TaskBatch>,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(&api, &caller, &once).await? {
        return Ok(answer);
    }
    let mut operations = batch.operations;
    if !(1..=MAX_OPERATIONS).contains(&operations.len()) {
        let message = "must have 1 to 100 operations";
        return Err(invalid("operations", "INVALID_LENGTH", message));
    }
    let board = board_of(&api, &caller, batch.board_id, &operations).await?;
    let partial = batch.mode == Some(BatchMode::Partial);
    let mut results = Vec::with_capacity(operations.len());
    if partial {
        for (index, operation) in operations.drain(..).enumerate() {
            let alone = alone(&api, &caller, &once, &board, (index, operation)).await;
            results.push(alone.unwrap_or_else(|problem| TaskOperationResult::failed(&problem)));
        }
    } else {
        results = together(&api, &caller, &once, &board, operations).await?;
    }
    let status = if partial {
        StatusCode::MULTI_STATUS
    } else {
        StatusCode::OK
    };
    kept::keep(&api, &caller, &once, json(status, &TaskBatchResult { results })).await
}

/// The board that is named, or else that of the first task that is.
async fn board_of(
    api: &Api,
    caller: &Caller,
    named: Option<Uuid>,
    operations: &[TaskOperation],
) -> Result<Board, Problem> {
    if let Some(board) = named {
        return gate::find(api, caller, board, Action::EditContent).await;
    }
    let task = operations.iter().find_map(|operation| operation.task_id);
    let task =
        task.ok_or_else(|| invalid("board_id", "REQUIRED", "is required: no operation names a task"))?;
    Ok(task_gate::find(api, caller, task, Action::EditContent)
        .await?
        .board)
}

async fn together(
    api: &Api,
    caller: &Caller,
    once: &Once,
    board: &Board,
    operations: Vec<TaskOperation>,
) -> Result<Vec<TaskOperationResult>, Problem> {
    let mut ready = Vec::with_capacity(operations.len());
    let mut tx = api.records.read().await?;
    for (index, operation) in operations.into_iter().enumerate() {
        let made = prepare(&mut tx, api, caller, once, (board, index, operation)).await;
        ready.push(made.map_err(|problem| within(problem, index))?);
    }
    drop(tx);
    let cards: Vec<(CardId, bool)> = ready
        .iter()
        .map(|ready| (ready.card.clone(), ready.is_new))
        .collect();
    let size_bytes = ready.iter().map(|ready| ready.size_bytes).sum();
    let again = once.is_keyed();
    let at = Arc::new(AtomicUsize::new(0));
    let failed = Arc::clone(&at);
    edit(api, caller, board, size_bytes, move |editor| {
        for (index, ready) in ready.into_iter().enumerate() {
            at.store(index, Ordering::Relaxed);
            ready.work.carry_out(editor, &ready.card, again)?;
        }
        Ok(())
    })
    .await
    .map_err(|problem| within(problem, failed.load(Ordering::Relaxed)))?;
    let mut results = Vec::with_capacity(cards.len());
    for (card, is_new) in cards {
        results.push(TaskOperationResult::of(api, board, &card, is_new).await?);
    }
    Ok(results)
}

async fn alone(
    api: &Api,
    caller: &Caller,
    once: &Once,
    board: &Board,
    (index, operation): (usize, TaskOperation),
) -> Result<TaskOperationResult, Problem> {
    let mut tx = api.records.read().await?;
    let ready = prepare(&mut tx, api, caller, once, (board, index, operation)).await?;
    drop(tx);
    let (card, again) = (ready.card.clone(), once.is_keyed());
    edit(api, caller, board, ready.size_bytes, move |editor| {
        ready.work.carry_out(editor, &ready.card, again)
    })
    .await?;
    TaskOperationResult::of(api, board, &card, ready.is_new).await
}

/// Makes sense of an operation.
async fn prepare(
    tx: &mut Tx,
    api: &Api,
    caller: &Caller,
    once: &Once,
    (board, index, operation): (&Board, usize, TaskOperation),
) -> Result<Ready, Problem> {
    let mut resolver = Resolver {
        tx,
        board,
        now_ms: api.clock.now_ms(),
    };
    if operation.op == OperationName::Create {
        let new = operation.task.ok_or_else(|| required("task"))?;
        if new.board_id.is_some_and(|other| other != board.id()) {
            let message = "must be left out: all operations are about one board";
            return Err(invalid("task.board_id", "CONFLICTING_MEMBERS", message));
        }
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let making = resolver.making(new, caller, (once, index)).await?;
        return Ok(Ready {
            card: making.id.clone(),
            is_new: true,
            size_bytes: making.changes.size_bytes,
            work: Work::Create(Box::new(making)),
        });
    }
    let id = operation.task_id.ok_or_else(|| required("task_id"))?;
    let card = task_gate::card_on(resolver.tx, board, id, "task_id").await?;
    let mut size_bytes = SMALL / 4;
    let label = || {
        operation
            .label_id
            .clone()
            .map(|label| label.0)
            .ok_or_else(|| required("label_id"))
    };
    let user = || operation.user_id.ok_or_else(|| required("user_id"));
    let work = match operation.op {
        OperationName::Create => return Err(Problem::INTERNAL),
        OperationName::Update => {
            let patch = operation.patch.ok_or_else(|| required("patch"))?;
            let mut tenant = resolver.tx.workspace(board.workspace()).await?;
            let row = tenant
                .task(board.id(), card.as_str())
                .await?
                .ok_or(NOT_FOUND)?
                .shown;
            let changes = resolver.changes(patch, (&row.assignees, &row.watchers)).await?;
            size_bytes = changes.size_bytes;
            Work::Update(Box::new(changes))
        }
        OperationName::Move => {
            let to = operation.to.ok_or_else(|| required("to"))?;
            Work::Move(Moving::of(to, &mut resolver).await?)
        }
        OperationName::Archive => Work::Archive,
        OperationName::Unarchive => Work::Unarchive,
        OperationName::Delete => Work::Delete,
        OperationName::Restore => Work::Restore,
        OperationName::Assign => Work::Assign(seeing(&mut resolver, user()?).await?),
        OperationName::Watch => Work::Watch(seeing(&mut resolver, user()?).await?),
        OperationName::Unassign => Work::Unassign(crate::boards::user(user()?)),
        OperationName::Unwatch => Work::Unwatch(crate::boards::user(user()?)),
        OperationName::AddLabel => Work::AddLabel(label()?),
        OperationName::RemoveLabel => Work::RemoveLabel(label()?),
    };
    Ok(Ready {
        card,
        is_new: false,
        size_bytes,
        work,
    })
}

async fn seeing(resolver: &mut Resolver<'_>, user: Uuid) -> Result<UserId, Problem> {
    let people = resolver.people(&[user], &[], "user_id").await?;
    people.into_iter().next().ok_or(Problem::INTERNAL)
}

fn required(field: &str) -> Problem {
    invalid(field, "REQUIRED", "is required for this operation")
}

/// The same problem, as one of the operation `index`.
fn within(mut problem: Problem, index: usize) -> Problem {
    let place = format!("operations[{index}]");
    if problem.details.is_empty() {
        let message = problem.message.to_owned();
        let code = problem.code;
        return problem.with_detail(Detail {
            field: place,
            code,
            message,
        });
    }
    for detail in &mut problem.details {
        detail.field = match detail.field.as_str() {
            "" => place.clone(),
            field => format!("{place}.{field}"),
        };
    }
    problem
}

impl TaskOperationResult {
    async fn of(api: &Api, board: &Board, card: &CardId, is_new: bool) -> Result<Self, Problem> {
        let task = shown(api, board, card).await?.body;
        Ok(Self {
            status: if is_new { 201 } else { 200 },
            id: Some(task.id()),
            version: Some(task.version()),
            problem: None,
        })
    }

    fn failed(problem: &Problem) -> Self {
        let detail = |detail: &Detail| OperationDetail {
            field: detail.field.clone(),
            code: detail.code,
            message: detail.message.clone(),
        };
        Self {
            status: problem.status.as_u16(),
            id: None,
            version: None,
            problem: Some(OperationProblem {
                code: problem.code,
                message: problem.message,
                details: problem.details.iter().map(detail).collect(),
            }),
        }
    }
}
