//! `GET /v1/boards/{board_id}/state`, and `POST /v1/boards/{board_id}:verify`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::{Mark, Span, TaskFilter, TaskOrder};

use super::edit::refused;
use super::gate;
use super::make::still;
use super::shapes::BoardState;
use crate::auth::permission::Action;
use crate::boards::verify::{self, Fault, Stored};
use crate::http::Problem;
use crate::http::rest::{Found, Id};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::documents::content::is_known;
use crate::http::v1::documents::set_version;
use crate::rooms::{ContentBody, Operation, rows_of};

/// How often a comparison begins anew because somebody changed the board meanwhile.
const ATTEMPTS: usize = 5;
/// Rows that are read at a time.
const ROWS: u32 = 500;

const BUSY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "BOARD_BUSY",
    "the board is changed all the time: try again",
);

/// Reads everything that stands on a board, as everybody is shown it.
///
/// It depends on the board's document alone, whatever the order in which edits came; `docs/board-schema.md` has the
/// rules. Live clients read the same from the document itself.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}/state", tag = "Boards",
    params(("board_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = BoardState, headers(("ETag" = String)))),
)]
pub(super) async fn get_board_state(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let board = gate::find(&api, &caller, id, Action::ReadContent).await?;
    let answer = api
        .hub
        .ask(board.workspace(), &board.name()?, Operation::ReadBoard)
        .await
        .map_err(refused)?;
    let is_known = is_known(&headers, &answer)?;
    let mut response = match answer.body {
        _ if is_known => StatusCode::NOT_MODIFIED.into_response(),
        Some(ContentBody::Board(state)) => {
            ([(header::CONTENT_TYPE, "application/json")], Body::from(state)).into_response()
        }
        _ => return Err(Problem::INTERNAL),
    };
    set_version(response.headers_mut(), answer.version);
    Ok(response)
}

/// What differs between a board and its rows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BoardVerification)]
pub(super) struct VerificationView {
    /// Whether all rows say what the board shows.
    consistent: bool,
    /// How many tasks, columns, lanes, labels, custom fields and relations were compared.
    compared: usize,
    /// How many differ.
    total: usize,
    /// Those that differ; of many the first 100.
    #[schema(max_items = 100)]
    differences: Vec<DifferenceView>,
}

/// Something that differs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BoardDifference)]
struct DifferenceView {
    kind: DifferenceKind,
    /// Its id in the board's document; of a relation `from|kind|to`.
    #[schema(max_length = 200)]
    id: String,
    fault: DifferenceFault,
}

/// What differs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DifferenceKind {
    Task,
    Column,
    Lane,
    Label,
    Field,
    Link,
}

/// How it differs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DifferenceFault {
    /// It is shown and has no row.
    Missing,
    /// It has a row and is not shown.
    Surplus,
    /// The row says something else.
    Different,
}

/// Compares what a board shows with its rows, from which lists and searches answer.
///
/// Both change in one transaction, so they never differ; this is for those who want to see it.
#[utoipa::path(
    post, path = "/v1/boards/{board_id}/~verify", tag = "Boards",
    params(("board_id" = Uuid, Path)),
    responses(
        (status = 200, body = VerificationView),
        (status = 409, description = "It is changed all the time"),
    ),
)]
pub(super) async fn verify_board(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<VerificationView>, Problem> {
    for _ in 0..ATTEMPTS {
        let board = gate::find(&api, &caller, id, Action::EditContent).await?;
        let shown = rows_of(&still(&api, &board).await?.board);
        let mut tx = api.records.read().await?;
        let now = gate::open(&mut tx, &caller, id, Action::EditContent, api.clock.now_ms()).await?;
        let stored = stored(&mut tx.workspace(board.workspace()).await?, id).await?;
        // What was read from the room was durable then. If nothing was added since before, it is what the rows are of.
        if now.document().changes == board.document().changes {
            return Ok(Found {
                etag: None,
                body: VerificationView::of(verify::compare(&shown, &stored)),
            });
        }
    }
    Err(BUSY)
}

async fn stored(tenant: &mut weft_storage::records::Tenant<'_>, board: Uuid) -> Result<Stored, Problem> {
    let filter = TaskFilter {
        board: Some(board),
        states: &[],
        ..TaskFilter::default()
    };
    let mut stored = Stored {
        entries: tenant.board_entries(board, None).await?,
        links: tenant.board_links(board).await?,
        ..Stored::default()
    };
    let mut span = Span::first(ROWS);
    loop {
        let tasks = tenant.tasks(&filter, TaskOrder::Number, &span).await?;
        let is_last = tasks.len() < ROWS as usize;
        span.after = tasks
            .last()
            .map(|last| (Mark::Number(last.identity.number), last.identity.id));
        stored.tasks.extend(tasks.into_iter().map(|task| task.shown));
        if is_last {
            return Ok(stored);
        }
    }
}

impl VerificationView {
    fn of(comparison: verify::Comparison) -> Self {
        let view = |difference: verify::Difference| DifferenceView {
            kind: match difference.kind {
                "task" => DifferenceKind::Task,
                "column" => DifferenceKind::Column,
                "lane" => DifferenceKind::Lane,
                "label" => DifferenceKind::Label,
                "field" => DifferenceKind::Field,
                _ => DifferenceKind::Link,
            },
            id: difference.id,
            fault: match difference.fault {
                Fault::Missing => DifferenceFault::Missing,
                Fault::Surplus => DifferenceFault::Surplus,
                Fault::Different => DifferenceFault::Different,
            },
        };
        Self {
            consistent: comparison.total == 0,
            compared: comparison.shown,
            total: comparison.total,
            differences: comparison.differences.into_iter().map(view).collect(),
        }
    }
}
