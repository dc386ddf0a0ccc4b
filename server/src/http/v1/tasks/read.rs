//! `GET /v1/tasks/{task_id}`, and its parts.

use axum::extract::State;
use axum::response::Response;

use super::gate::{find_shown, view};
use super::requests::{TaskExpansion, TaskParams};
use super::views::TaskView;
use crate::content::{self, Format};
use crate::http::Problem;
use crate::http::rest::{ETag, Filters, Found, Id, IfNoneMatch, List, Listing, Query};
use crate::http::v1::boards::edit::refused;
use crate::http::v1::caller::Caller;
use crate::http::v1::{Api, short_list};
use crate::rooms::{ContentBody, Operation};

/// How many parts of a task are listed.
const MAX_PARTS: u32 = 5_000;

/// Reads a task.
///
/// In the trash it shows itself to those who could restore it. With `expand=description` the answer has no `ETag`.
#[utoipa::path(
    get, path = "/v1/tasks/{task_id}", tag = "Tasks",
    params(("task_id" = Uuid, Path), TaskParams, ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = TaskView, headers(("ETag" = String)))),
)]
pub(super) async fn get_task(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Query(params): Query<TaskParams>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let opened = find_shown(&api, &caller, id).await?;
    let mut tx = api.records.read().await?;
    let mut tenant = tx.workspace(opened.board.workspace()).await?;
    let body = view(&mut tenant, &opened.task).await?;
    drop(tx);
    if params.expand != Some(TaskExpansion::Description) {
        let etag = Some(ETag(opened.task.version));
        return Ok(Found { etag, body }.unless(&known));
    }
    let mut markdown = String::new();
    if opened.task.deleted_at_ms.is_none() {
        let operation = Operation::ReadDescription { card: opened.card };
        let name = opened.board.name()?;
        let asked = api.hub.ask(opened.board.workspace(), &name, operation);
        if let Some(ContentBody::Node(node)) = asked.await.map_err(refused)?.body {
            markdown = content::render(&node, Format::Markdown);
        }
    }
    let body = body.described(markdown);
    Ok(Found { etag: None, body }.unless(&IfNoneMatch::default()))
}

/// Which parts of a task to list.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SubtaskFilters {}

impl Filters for SubtaskFilters {
    const SORTS: &'static [&'static str] = &["number"];
}

/// Lists the tasks that are parts of a task, without those in the trash.
#[utoipa::path(
    get, path = "/v1/tasks/{task_id}/subtasks", tag = "Tasks",
    params(("task_id" = Uuid, Path), Listing<SubtaskFilters>),
    responses((status = 200, body = List<TaskView>)),
)]
pub(super) async fn list_subtasks(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<SubtaskFilters>,
) -> Result<List<TaskView>, Problem> {
    let opened = find_shown(&api, &caller, id).await?;
    let mut tx = api.records.read().await?;
    let mut tenant = tx.workspace(opened.board.workspace()).await?;
    let card = opened.card.as_str();
    let parts = tenant.child_tasks(opened.board.id(), card, MAX_PARTS).await?;
    let key = |task: &weft_storage::records::Task| task.identity.id.to_string();
    short_list::cut(&listing, id, parts, key, |task| TaskView::of(&task, Some(id)))
}
