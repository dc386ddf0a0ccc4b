//! `POST /v1/projects/{project_id}/boards:import`.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_protocol::board::Plan;
use weft_protocol::board::id::UserId;
use weft_protocol::board::moment::Moment;
use weft_storage::WorkspaceId;

use super::create::PLACE;
use super::heavy::heavy;
use super::make::{Making, make, without_strangers};
use super::views::BoardView;
use crate::access::{facts, people};
use crate::auth::permission::{Action, DocumentRole};
use crate::boards::import::{Draft, LeftOut, Place, Report, Unreadable, read_csv, read_trello, read_weft};
use crate::boards::{Minter, guess, user};
use crate::http::Problem;
use crate::http::problem::Detail;
use crate::http::rest::json::unprocessable;
use crate::http::rest::{AnyCase, Id, Line, Once, Query, Timestamp, read as body};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use weft_storage::records::DocumentRow;

/// The largest file, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// What a board is called whose file does not say so.
const UNNAMED: &str = "Imported board";

const UNSUPPORTED: Problem = Problem::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "UNSUPPORTED_MEDIA_TYPE",
    "the body must be text/csv or application/json, not compressed, and its Content-Type must say so",
);

/// Where a file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ImportFormat {
    /// A table with a row for each task, the first row with the names of its columns.
    Csv,
    /// A board of Trello, as it exports it as JSON.
    Trello,
    /// An export of a board of Weft as JSON.
    Weft,
}

/// What to import, and as what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportParams {
    /// Where the file comes from; if it is left out, `csv` for `text/csv` and `trello` for `application/json`.
    #[param(inline, value_type = Option<ImportFormat>)]
    format: Option<AnyCase<ImportFormat>>,
    /// The title of the board; if it is left out, what the file says.
    title: Option<Line<255>>,
}

/// A board that was imported.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedBoard)]
pub(super) struct ImportView {
    board: BoardView,
    /// How many tasks it has.
    tasks: usize,
    /// How many columns.
    columns: usize,
    /// How much was left out, or not taken as it stood.
    left_out_total: usize,
    /// That, one by one; of much only the first 200.
    #[schema(max_items = 200)]
    left_out: Vec<LeftOutView>,
}

/// Something that was left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeftOut)]
struct LeftOutView {
    /// The row of the table, from 1; the first has the names.
    row: Option<u64>,
    /// The id that the card has in the file.
    #[schema(max_length = 64)]
    card: Option<String>,
    /// Of what kind: `due`, `assignee`, `title`, …
    #[schema(max_length = 32)]
    field: &'static str,
    /// A stable name of the reason.
    #[schema(max_length = 63)]
    code: &'static str,
    /// The reason, for people.
    #[schema(max_length = 200)]
    message: &'static str,
}

impl From<LeftOut> for LeftOutView {
    fn from(left_out: LeftOut) -> Self {
        let (row, card) = match left_out.place {
            Place::File => (None, None),
            Place::Row(row) => (Some(row), None),
            Place::Card(card) => (None, Some(card)),
        };
        Self {
            row,
            card,
            field: left_out.field,
            code: left_out.code,
            message: left_out.message,
        }
    }
}

/// Makes a board in a project out of a file, which you then own.
///
/// A table has a first row with the names of its columns: `title`, and what else there is of `description` (Markdown),
/// `column` or `status`, `lane`, `labels`, `assignee` (addresses or user names), `priority`, `start`, `due`, `estimate`,
/// `parent`, `key`, `checklist`, and `field:…` for custom fields. Up to 5,000 tasks and 16 MiB. What a board cannot take
/// is left out, and the answer says what that was.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/boards:import", tag = "Boards",
    params(("project_id" = Uuid, Path), ImportParams, ("Idempotency-Key" = Option<String>, Header)),
    request_body(content((String = "text/csv"), (Object = "application/json"))),
    responses((status = 201, body = ImportView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(super) async fn import_board(
    State(api): State<Api>,
    caller: Caller,
    Id(project): Id,
    once: Once,
    Query(params): Query<ImportParams>,
    request: Request,
) -> Result<Response, Problem> {
    let (Parts { headers, .. }, request_body) = request.into_parts();
    let mut tx = api.records.read().await?;
    let place = facts::project(&mut tx, &caller.0, project).await?;
    drop(tx);
    caller.require(Action::CreateDocument, &place.resource)?;
    let sent = sent(&headers).ok_or(UNSUPPORTED)?;
    let format = match (params.format.map(|format| format.0), sent) {
        (None, sent) => sent,
        (Some(ImportFormat::Csv), ImportFormat::Csv) => ImportFormat::Csv,
        (Some(ImportFormat::Csv), _) | (Some(_), ImportFormat::Csv) => return Err(UNSUPPORTED),
        (Some(format), _) => format,
    };
    let bytes = body::read(request_body, MAX_BYTES).await?;
    let at = guess::moment(&Timestamp(api.clock.now_ms()).to_string()).ok_or(Problem::INTERNAL)?;
    let by = user(caller.user()?);
    // Thousands of descriptions take their time.
    let reading = heavy(move || drafted(format, &bytes, &at, &by));
    let draft = reading.await?.map_err(|error| unreadable(&error))?;
    let known = known(&api, place.workspace, project, &draft).await?;
    let title = params
        .title
        .map(Line::into_string)
        .or_else(|| draft.title.clone());
    let (plan, report) = draft.settle(&known);
    let plan = without_strangers(&api, place.workspace, project, plan).await?;
    let view = |report: Report, plan: &Plan| {
        let (tasks, columns) = (plan.cards.len(), plan.columns.len());
        move |document: &DocumentRow, role: Option<DocumentRole>| ImportView {
            board: BoardView::of(document, role),
            tasks,
            columns,
            left_out_total: report.left_out_total,
            left_out: report.left_out.into_iter().map(LeftOutView::from).collect(),
        }
    };
    let view = view(report, &plan);
    let making = Making {
        workspace: place.workspace,
        project,
        title: title.unwrap_or_else(|| UNNAMED.to_owned()),
        plan,
    };
    make(&api, &caller, &once, making, (PLACE, view)).await
}

/// What `Content-Type` says.
fn sent(headers: &HeaderMap) -> Option<ImportFormat> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    let media_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = media_type.split(';').next()?.trim().to_ascii_lowercase();
    match essence.as_str() {
        "text/csv" => Some(ImportFormat::Csv),
        "application/json" => Some(ImportFormat::Trello),
        _ => None,
    }
}

fn drafted(format: ImportFormat, bytes: &[u8], at: &Moment, by: &UserId) -> Result<Draft, Unreadable> {
    let mut next = Uuid::now_v7;
    let mut mint = Minter::new(&mut next);
    match format {
        ImportFormat::Csv => read_csv(bytes, at, Some(by), &mut mint),
        ImportFormat::Trello => read_trello(bytes, at, Some(by), &mut mint),
        ImportFormat::Weft => read_weft(bytes, &mut mint),
    }
}

fn unreadable(error: &Unreadable) -> Problem {
    unprocessable(Detail {
        field: String::new(),
        code: match error {
            Unreadable::TooManyCards => "TOO_MANY",
            _ => "UNREADABLE_FILE",
        },
        message: error.to_string(),
    })
}

/// Who is meant by the names in a file, as far as they will see the board.
async fn known(
    api: &Api,
    workspace: WorkspaceId,
    project: Uuid,
    draft: &Draft,
) -> Result<BTreeMap<String, UserId>, Problem> {
    let mut known = BTreeMap::new();
    let mut tx = api.records.read().await?;
    for name in draft.people() {
        let found = match name.parse::<Uuid>() {
            Ok(id) => Some(id),
            Err(_) if name.contains('@') => tx.user_by_email(&name).await?.map(|secret| secret.user.id),
            Err(_) => tx.user_by_username(&name).await?.map(|user| user.id),
        };
        let Some(id) = found else {
            continue;
        };
        let mut tenant = tx.workspace(workspace).await?;
        if people::sees_project(&mut tenant, project, id).await? {
            known.insert(name, user(id));
        }
    }
    Ok(known)
}
