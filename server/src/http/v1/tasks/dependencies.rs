//! `/v1/tasks/{task_id}/dependencies`: how a task relates to others of its board.
//!
//! A relation is stored once; each of its ends shows it from its own side.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_protocol::board::CardId;
use weft_protocol::board::schema::LinkKind;
use weft_storage::LinkRow;
use weft_storage::records::{Task, Tenant};

use super::gate::{Opened, card_on, find_live, find_shown};
use super::kinds::{DependencyName, StateName};
use super::requests::NewDependency;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{AnyCase, Body, Created, Filters, Id, List, Listing, NoContent, Once, path};
use crate::http::v1::boards::edit::{SMALL, edit};
use crate::http::v1::caller::Caller;
use crate::http::v1::{Api, kept, short_list};

/// A relation of a task, seen from it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dependency)]
pub(super) struct DependencyView {
    kind: DependencyName,
    /// The other task.
    task_id: Uuid,
    /// What people call that.
    #[schema(min_length = 3, max_length = 40)]
    key: String,
    #[schema(max_length = 500)]
    title: String,
    state: StateName,
    done: bool,
    /// Whether it closes a cycle that came about by edits at the same time, and so does not count.
    cyclic: bool,
}

/// Which relations to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DependencyFilters {
    /// Only those of this kind.
    #[param(inline, value_type = Option<DependencyName>)]
    kind: Option<AnyCase<DependencyName>>,
}

impl Filters for DependencyFilters {
    const SORTS: &'static [&'static str] = &["kind"];
}

/// Lists how a task relates to others.
#[utoipa::path(
    get, path = "/v1/tasks/{task_id}/dependencies", tag = "Tasks",
    params(("task_id" = Uuid, Path), Listing<DependencyFilters>),
    responses((status = 200, body = List<DependencyView>)),
)]
pub(super) async fn list_dependencies(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<DependencyFilters>,
) -> Result<List<DependencyView>, Problem> {
    let opened = find_shown(&api, &caller, id).await?;
    let mut tx = api.records.read().await?;
    let mut tenant = tx.workspace(opened.board.workspace()).await?;
    let wanted = listing.filters.kind.map(|kind| kind.0);
    let mut shown = dependencies(&mut tenant, &opened).await?;
    shown.retain(|dependency| wanted.is_none_or(|wanted| wanted == dependency.kind));
    let key = |shown: &DependencyView| format!("{} {}", shown.kind.as_str(), shown.task_id);
    shown.sort_by_key(key);
    short_list::cut(&listing, id, shown, key, |shown| shown)
}

async fn dependencies(tenant: &mut Tenant<'_>, opened: &Opened) -> Result<Vec<DependencyView>, Problem> {
    let here = opened.card.as_str();
    let links = tenant.task_links(opened.board.id(), here).await?;
    let others: Vec<&str> = links.iter().map(|link| other(link, here)).collect();
    let tasks = tenant.tasks_of_card_ids(opened.board.id(), &others).await?;
    let find = |card: &str| tasks.iter().find(|task| task.shown.card == card);
    let view = |link: &LinkRow| find(other(link, here)).map(|task| seen(link, here, task));
    Ok(links.iter().filter_map(view).collect())
}

fn other<'l>(link: &'l LinkRow, here: &str) -> &'l str {
    if link.from == here { &link.to } else { &link.from }
}

fn seen(link: &LinkRow, here: &str, task: &Task) -> DependencyView {
    DependencyView {
        kind: DependencyName::seen(link.kind, link.from == here),
        task_id: task.identity.id,
        key: task.key(),
        title: task.shown.title.clone(),
        state: StateName::of(task.shown.state),
        done: task.shown.done,
        cyclic: link.cyclic,
    }
}

/// Relates a task to another of its board. A relation that there is already stays as it is.
///
/// What would close a cycle is refused.
#[utoipa::path(
    post, path = "/v1/tasks/{task_id}/dependencies", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewDependency,
    responses(
        (status = 201, body = DependencyView, headers(("Location" = String))),
        (status = 409, description = "It would close a cycle, one of the tasks has too many, or the board is archived"),
    ),
)]
pub(super) async fn create_dependency(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(new): Body<NewDependency>,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(&api, &caller, &once).await? {
        return Ok(answer);
    }
    let opened = find_live(&api, &caller, id).await?;
    let mut tx = api.records.read().await?;
    let there = card_on(&mut tx, &opened.board, new.task_id, "task_id").await?;
    drop(tx);
    let (from, kind, to) = ends(new.kind, &opened.card, &there);
    edit(&api, &caller, &opened.board, SMALL, move |editor| {
        if !editor.board().view.is_live(&there) {
            let message = "must be a task of the same board";
            return Err(crate::http::rest::invalid("task_id", "NOT_FOUND", message).into());
        }
        Ok(editor.link(&from, kind, &to)?)
    })
    .await?;
    let mut tx = api.records.read().await?;
    let mut tenant = tx.workspace(opened.board.workspace()).await?;
    let shown = dependencies(&mut tenant, &opened).await?;
    let is_it = |shown: &DependencyView| shown.kind == new.kind && shown.task_id == new.task_id;
    let body = shown.into_iter().find(is_it).ok_or(NOT_FOUND)?;
    drop(tx);
    let created = Created {
        location: format!(
            "/v1/tasks/{id}/dependencies/{}/{}",
            new.kind.as_str(),
            new.task_id
        ),
        etag: None,
        body,
    };
    kept::keep(&api, &caller, &once, created).await
}

/// Takes a relation away.
#[utoipa::path(
    delete, path = "/v1/tasks/{task_id}/dependencies/{kind}/{other_task_id}", tag = "Tasks",
    params(("task_id" = Uuid, Path), ("kind" = DependencyName, Path), ("other_task_id" = Uuid, Path)),
    responses((status = 204, description = "They do not relate so")),
)]
pub(super) async fn delete_dependency(
    State(api): State<Api>,
    caller: Caller,
    Path((task, kind, there)): Path<(String, String, String)>,
) -> Result<NoContent, Problem> {
    let (task, there) = (path::parse(&task)?, path::parse(&there)?);
    let opened = find_live(&api, &caller, task).await?;
    let kind = DependencyName::ALL
        .iter()
        .find(|known| known.as_str() == kind)
        .ok_or(NOT_FOUND)?;
    let mut tx = api.records.read().await?;
    let there = card_on(&mut tx, &opened.board, there, "other_task_id").await;
    let there = there.map_err(|_| NOT_FOUND)?;
    drop(tx);
    let (from, kind, to) = ends(*kind, &opened.card, &there);
    edit(&api, &caller, &opened.board, SMALL, move |editor| {
        Ok(editor.unlink(&from, kind, &to)?)
    })
    .await?;
    Ok(NoContent)
}

/// The relation as it is stored: whose it is, of which kind, to whom.
fn ends(name: DependencyName, here: &CardId, there: &CardId) -> (CardId, LinkKind, CardId) {
    let (kind, is_reversed) = name.stored();
    if is_reversed {
        (there.clone(), kind, here.clone())
    } else {
        (here.clone(), kind, there.clone())
    }
}
