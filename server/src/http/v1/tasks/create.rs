//! `POST /v1/projects/{project_id}/tasks`.

use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{DocumentFilter, DocumentOrder, Span};

use super::gate::shown;
use super::requests::NewTask;
use super::resolve::Resolver;
use super::views::TaskView;
use crate::access::facts;
use crate::auth::permission::Action;
use crate::boards::templates::Template;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Created, Found, Id, Once, invalid};
use crate::http::v1::boards::edit::edit;
use crate::http::v1::boards::gate::{self, Board, KIND};
use crate::http::v1::boards::{Making, built_in, make_first};
use crate::http::v1::caller::Caller;
use crate::http::v1::{Api, kept};

/// The title of a board that is made because a project has none.
const FIRST_BOARD: &str = "Board";

/// Makes a task.
///
/// In a project with several boards, `board_id` says on which. With an `Idempotency-Key` there is one task however often
/// this is sent.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/tasks", tag = "Tasks",
    params(("project_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewTask,
    responses(
        (status = 201, body = TaskView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "The column or the board is full, or the board is archived"),
    ),
)]
pub(super) async fn create_task(
    State(api): State<Api>,
    caller: Caller,
    Id(project): Id,
    once: Once,
    Body(new): Body<NewTask>,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(&api, &caller, &once).await? {
        return Ok(answer);
    }
    let board = board_of(&api, &caller, project, new.board_id).await?;
    let mut tx = api.records.read().await?;
    let mut resolver = Resolver {
        tx: &mut tx,
        board: &board,
        now_ms: api.clock.now_ms(),
    };
    let making = resolver.making(new, &caller, (&once, 0)).await?;
    drop(tx);
    let (card, size_bytes, again) = (making.id.clone(), making.changes.size_bytes, once.is_keyed());
    edit(&api, &caller, &board, size_bytes, move |editor| {
        making.carry_out(editor, again)
    })
    .await?;
    let Found { etag, body } = shown(&api, &board, &card).await?;
    let location = format!("/v1/tasks/{}", body.id());
    kept::keep(&api, &caller, &once, Created { location, etag, body }).await
}

/// The board that new tasks of a project go onto.
async fn board_of(api: &Api, caller: &Caller, project: Uuid, named: Option<Uuid>) -> Result<Board, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::project(&mut tx, &caller.0, project).await?;
    drop(tx);
    if let Some(id) = named {
        let elsewhere = || invalid("board_id", "NOT_FOUND", "must be a board of this project");
        let board = gate::find(api, caller, id, Action::EditContent).await;
        let board = board.map_err(|problem| {
            if problem == NOT_FOUND {
                elsewhere()
            } else {
                problem
            }
        })?;
        return if board.document().project_id == project {
            Ok(board)
        } else {
            Err(elsewhere())
        };
    }
    caller.require(Action::ViewProject, &place.resource)?;
    let id = match boards_of(api, caller, place.workspace, project).await?[..] {
        [board] => board,
        [] => {
            caller.require(Action::CreateDocument, &place.resource)?;
            let making = Making {
                workspace: place.workspace,
                project,
                title: FIRST_BOARD.to_owned(),
                plan: built_in(Template::Kanban),
            };
            make_first(api, caller, making).await?
        }
        [..] => {
            let message = "is required, because the project has several boards";
            return Err(invalid("board_id", "REQUIRED", message));
        }
    };
    gate::find(api, caller, id, Action::EditContent).await
}

/// The boards of a project that are in use: two are as good as many.
async fn boards_of(
    api: &Api,
    caller: &Caller,
    workspace: WorkspaceId,
    project: Uuid,
) -> Result<Vec<Uuid>, Problem> {
    let filter = DocumentFilter {
        workspace: Some(workspace),
        project: Some(project),
        kinds: Some(&[KIND]),
        search: None,
        updated_since_ms: None,
        archived: Some(false),
        with_trash: false,
    };
    let mut tx = api.records.read().await?;
    let rows = tx
        .visible_documents(caller.user()?, &filter, DocumentOrder::Created, &Span::first(2))
        .await?;
    Ok(rows.into_iter().map(|row| row.document.id).collect())
}
