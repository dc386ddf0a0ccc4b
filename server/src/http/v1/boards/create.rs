//! `POST /v1/projects/{project_id}/boards`, and `POST /v1/boards/{board_id}:duplicate`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;
use weft_protocol::board::Plan;
use weft_storage::WorkspaceId;

use super::gate;
use super::make::{Making, copied, make};
use super::views::{BoardDuplication, BoardTemplate, BoardView, NewBoard};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::boards::Minter;
use crate::boards::copy::Cards;
use crate::boards::templates::Template;
use crate::http::Problem;
use crate::http::rest::{Body, Id, Once, invalid};
use crate::http::v1::Api;
use crate::http::v1::caller::{Caller, FORBIDDEN};
use crate::http::v1::documents::target_project;

/// Where boards are.
pub(super) const PLACE: &str = "/v1/boards";

/// Makes a board in a project, which you then own.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/boards", tag = "Boards",
    params(("project_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewBoard,
    responses((status = 201, body = BoardView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(super) async fn create_board(
    State(api): State<Api>,
    caller: Caller,
    Id(project): Id,
    once: Once,
    Body(wanted): Body<NewBoard>,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::project(&mut tx, &caller.0, project).await?;
    drop(tx);
    caller.require(Action::CreateDocument, &place.resource)?;
    let plan = begun(&api, &caller, (place.workspace, project), &wanted).await?;
    let making = Making {
        workspace: place.workspace,
        project,
        title: wanted.title.into_string(),
        plan,
    };
    make(&api, &caller, &once, making, (PLACE, BoardView::of)).await
}

/// What a new board begins with.
async fn begun(
    api: &Api,
    caller: &Caller,
    (workspace, project): (WorkspaceId, Uuid),
    wanted: &NewBoard,
) -> Result<Plan, Problem> {
    let with_cards = wanted.with_cards == Some(true);
    let Some(id) = wanted.template_board_id else {
        if with_cards {
            let message = "must be left out unless template_board_id is given";
            return Err(invalid("with_cards", "CONFLICTING_MEMBERS", message));
        }
        let template = wanted
            .template
            .map_or(BoardTemplate::Kanban, |template| template.0);
        return Ok(built_in(template.into()));
    };
    if wanted.template.is_some() {
        let message = "must not be combined with template_board_id";
        return Err(invalid("template", "CONFLICTING_MEMBERS", message));
    }
    let elsewhere = || {
        let message = "must be a board of the same workspace that you may read";
        invalid("template_board_id", "NOT_FOUND", message)
    };
    let board = gate::find(api, caller, id, Action::ReadContent).await;
    let board = board.map_err(|problem| match problem.status {
        StatusCode::NOT_FOUND => elsewhere(),
        _ => problem,
    })?;
    if board.workspace() != workspace {
        return Err(elsewhere());
    }
    let which = if with_cards { Cards::Open } else { Cards::None };
    copied(api, &board, project, which).await
}

/// A built-in template.
pub(in crate::http::v1) fn built_in(template: Template) -> Plan {
    let mut next = Uuid::now_v7;
    template.plan(&mut Minter::new(&mut next))
}

/// Makes a copy of a board, which you then own.
///
/// The copy has what stands on the board at this moment, under new ids: neither comments and attachments nor what is
/// archived or in the trash. Whoever would not see the copy is taken off its tasks.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/~duplicate", tag = "Boards",
    params(("board_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = BoardDuplication,
    responses((status = 201, body = BoardView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(super) async fn duplicate_board(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(wanted): Body<BoardDuplication>,
) -> Result<Response, Problem> {
    let making = duplicated(&api, &caller, id, wanted).await?;
    make(&api, &caller, &once, making, (PLACE, BoardView::of)).await
}

async fn duplicated(
    api: &Api,
    caller: &Caller,
    id: Uuid,
    wanted: BoardDuplication,
) -> Result<Making, Problem> {
    let mut tx = api.records.read().await?;
    let board = gate::open(&mut tx, caller, id, Action::ReadContent, api.clock.now_ms()).await?;
    let project = wanted.project_id.unwrap_or(board.document().project_id);
    let is_named = wanted.project_id.is_some();
    target_project(&mut tx, caller, board.workspace(), project)
        .await
        .map_err(|problem| match problem.status {
            // Nothing is wrong with the request: they see the board, and not its project.
            StatusCode::UNPROCESSABLE_ENTITY if !is_named => FORBIDDEN,
            _ => problem,
        })?;
    drop(tx);
    let which = if wanted.with_cards == Some(false) {
        Cards::None
    } else {
        Cards::Open
    };
    let plan = copied(api, &board, project, which).await?;
    let title = wanted
        .title
        .map_or_else(|| board.document().title.clone(), |title| title.into_string());
    Ok(Making {
        workspace: board.workspace(),
        project,
        title,
        plan,
    })
}

/// What duplicating the document `id`, which is a board, makes.
///
/// # Errors
/// 401, 403, 404, 409, 422.
pub(in crate::http::v1) async fn duplicate_of(
    api: &Api,
    caller: &Caller,
    id: Uuid,
    (title, project_id): (Option<crate::http::rest::Line<255>>, Option<Uuid>),
) -> Result<Making, Problem> {
    let wanted = BoardDuplication {
        title,
        project_id,
        with_cards: None,
    };
    duplicated(api, caller, id, wanted).await
}
