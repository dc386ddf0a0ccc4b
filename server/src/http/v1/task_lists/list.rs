//! `GET /v1/tasks`, `GET /v1/projects/{project_id}/tasks` and `GET /v1/boards/{board_id}/tasks`.

use axum::extract::State;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{Mark, Task, TaskOrder, Tx};

use super::filters::{Asker, BoardTaskFilters, ProjectTaskFilters, TaskFilterForm, TaskFilters, order};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Filters, Id, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::boards;
use crate::http::v1::caller::Caller;
use crate::http::v1::tasks::{self, views::TaskView};
use crate::http::v1::tenancy::{Key, confined_to, part, require_at_all, total};
use crate::reminders::zone_of;

/// Lists the tasks that you may see, on all boards.
///
/// What you work on is `assignee=me`.
#[utoipa::path(
    get, path = "/v1/tasks", tag = "Tasks",
    params(Listing<TaskFilters>),
    responses((status = 200, body = List<TaskView>)),
)]
pub(super) async fn list_tasks(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<TaskFilters>,
) -> Result<List<TaskView>, Problem> {
    let user = caller.user()?;
    let mut tx = api.records.read().await?;
    let form = listing.filters.form(&asker(&api, &mut tx, &caller).await?);
    let asked = Asked {
        scope: user,
        order: order(listing.sort),
        form: &form,
    };
    list_seen(&mut tx, &caller, &listing, asked).await
}

/// Lists the tasks of a project, on all of its boards that you may see.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/tasks", tag = "Tasks",
    params(("project_id" = Uuid, Path), Listing<ProjectTaskFilters>),
    responses((status = 200, body = List<TaskView>)),
)]
pub(super) async fn list_project_tasks(
    State(api): State<Api>,
    caller: Caller,
    Id(project): Id,
    listing: Listing<ProjectTaskFilters>,
) -> Result<List<TaskView>, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::project(&mut tx, &caller.0, project).await?;
    caller.require(Action::ViewProject, &place.resource)?;
    require_at_all(&caller, Action::ViewDocument)?;
    let mut form = listing.filters.form(&asker(&api, &mut tx, &caller).await?);
    form.project = Some(project);
    // Whoever sees the project sees its boards.
    let asked = Asked {
        scope: project,
        order: order(listing.sort),
        form: &form,
    };
    list_within(&mut tx, place.workspace, &listing, asked).await
}

/// Lists the tasks of a board, in the order in which it shows them if it is asked for with `sort=position`.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}/tasks", tag = "Tasks",
    params(("board_id" = Uuid, Path), Listing<BoardTaskFilters>),
    responses((status = 200, body = List<TaskView>)),
)]
pub(super) async fn list_board_tasks(
    State(api): State<Api>,
    caller: Caller,
    Id(board): Id,
    listing: Listing<BoardTaskFilters>,
) -> Result<List<TaskView>, Problem> {
    let mut tx = api.records.read().await?;
    let now_ms = api.clock.now_ms();
    let opened = boards::gate::open(&mut tx, &caller, board, Action::ReadContent, now_ms).await?;
    let mut form = listing.filters.form(&asker(&api, &mut tx, &caller).await?);
    form.board = Some(board);
    let asked = Asked {
        scope: board,
        order: order(listing.sort),
        form: &form,
    };
    list_within(&mut tx, opened.workspace(), &listing, asked).await
}

/// Who asks, with what they prefer.
pub(in crate::http::v1) async fn asker(api: &Api, tx: &mut Tx, caller: &Caller) -> Result<Asker, Problem> {
    let user = caller.0.user();
    let preferences = match user {
        Some(id) => tx.user(id).await?.map(|user| user.preferences),
        None => None,
    };
    Ok(Asker {
        user,
        zone: zone_of(&preferences.unwrap_or_default()),
        now_ms: api.clock.now_ms(),
    })
}

/// A question about tasks.
#[derive(Debug, Clone, Copy)]
pub(in crate::http::v1) struct Asked<'a> {
    /// Whose list it is: cursors count for no other.
    pub(in crate::http::v1) scope: Uuid,
    /// Its order.
    pub(in crate::http::v1) order: TaskOrder,
    /// What is asked for.
    pub(in crate::http::v1) form: &'a TaskFilterForm,
}

/// The tasks that the caller sees, wherever they are.
async fn list_seen<F: Filters>(
    tx: &mut Tx,
    caller: &Caller,
    listing: &Listing<F>,
    asked: Asked<'_>,
) -> Result<List<TaskView>, Problem> {
    let user = caller.user()?;
    require_at_all(caller, Action::ViewDocument)?;
    let filter = asked.form.filter(confined_to(caller));
    let part = part(listing, asked.scope)?;
    let rows = tx.tasks_seen(user, &filter, asked.order, &part.span).await?;
    if part.is_counted {
        let count = tx.count_tasks_seen(user, &filter).await?;
        let rows = shown(tx, rows).await?;
        return Ok(listing.counted(total(count), rows, |(_, view)| view));
    }
    let key = |(row, _): &(Task, TaskView)| key(row, asked.order);
    Ok(listing.walked(asked.scope, shown(tx, rows).await?, key, |(_, view)| view))
}

/// The tasks of a board or a project that the caller was let into.
///
/// # Errors
/// 400 for a cursor of another list.
pub(in crate::http::v1) async fn list_within<F: Filters>(
    tx: &mut Tx,
    workspace: WorkspaceId,
    listing: &Listing<F>,
    asked: Asked<'_>,
) -> Result<List<TaskView>, Problem> {
    let filter = asked.form.filter(None);
    let part = part(listing, asked.scope)?;
    let mut tenant = tx.workspace(workspace).await?;
    let rows = tenant.tasks(&filter, asked.order, &part.span).await?;
    if part.is_counted {
        let count = tenant.count_tasks(&filter).await?;
        let rows = shown(tx, rows).await?;
        return Ok(listing.counted(total(count), rows, |(_, view)| view));
    }
    let key = |(row, _): &(Task, TaskView)| key(row, asked.order);
    Ok(listing.walked(asked.scope, shown(tx, rows).await?, key, |(_, view)| view))
}

/// Tasks with what is shown of them.
async fn shown(tx: &mut Tx, rows: Vec<Task>) -> Result<Vec<(Task, TaskView)>, Problem> {
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        let mut tenant = tx.workspace(row.workspace).await?;
        let view = tasks::gate::view(&mut tenant, &row).await?;
        shown.push((row, view));
    }
    Ok(shown)
}

fn key(row: &Task, order: TaskOrder) -> Key {
    match row.mark(order) {
        Mark::Number(number) => Key::Number(number, row.identity.id),
        Mark::Text(text) => Key::Text(text, row.identity.id),
    }
}
