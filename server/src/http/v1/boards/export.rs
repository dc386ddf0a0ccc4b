//! `GET /v1/boards/{board_id}/export`.

use serde_json::json;
use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_protocol::board::id::{CardId, UserId};
use weft_protocol::board::{Board as Shown, Plan};
use weft_storage::records::Tenant;

use super::gate::{self, Board};
use super::heavy::heavy;
use super::make::still;
use crate::audit::{Act, Deed};
use crate::auth::permission::{Action, WorkspaceRole};
use crate::boards::copy::{self, Cards};
use crate::boards::export::{Around, csv, json};
use crate::http::Problem;
use crate::http::rest::{AnyCase, Id, Query, Timestamp};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Cards whose keys are looked up at a time.
const CARDS: usize = 500;

/// A form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ExportFormat {
    /// A table for spreadsheets: one row for each task.
    Csv,
    /// Everything, as an import takes it back.
    Json,
}

/// How to export.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportParams {
    /// The form; `json` if it is left out.
    #[param(inline, value_type = Option<ExportFormat>)]
    format: Option<AnyCase<ExportFormat>>,
}

/// Exports what stands on a board, archived tasks too, but nothing that is in the trash.
///
/// In a table, text that a spreadsheet would take for a formula begins with `'`.
#[utoipa::path(
    get, path = "/v1/boards/{board_id}/export", tag = "Boards",
    params(("board_id" = Uuid, Path), ExportParams),
    responses((status = 200, content((String = "text/csv"), (Object = "application/json")))),
)]
pub(super) async fn export_board(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Query(params): Query<ExportParams>,
) -> Result<Response, Problem> {
    let board = gate::find(&api, &caller, id, Action::ExportDocument).await?;
    let still = still(&api, &board).await?;
    let plan = copy::plan_of(&still.board.view, &still.descriptions, Cards::Kept);
    let around = around(&api, &board, &still.board, &plan).await?;
    let format = params.format.map_or(ExportFormat::Json, |format| format.0);
    let title = board.document().title.clone();
    let exported_at = Timestamp(api.clock.now_ms()).to_string();
    let writing = heavy(move || match format {
        ExportFormat::Csv => csv::write(&plan, &around).ok(),
        ExportFormat::Json => json::write(&plan, &title, &exported_at, &around).ok(),
    });
    let bytes = writing.await?.ok_or(Problem::INTERNAL)?;
    let (media_type, extension) = match format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        ExportFormat::Json => ("application/json", "json"),
    };
    let mut tx = api.records.write().await?;
    Act::new(Deed::BoardExported, id)
        .with(json!({ "format": extension }))
        .write(&mut tx, board.workspace(), api.clock.now_ms())
        .await?;
    tx.commit().await?;
    let mut response = ([(header::CONTENT_TYPE, media_type)], bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"board-{id}.{extension}\""));
    headers.insert(
        header::CONTENT_DISPOSITION,
        disposition.map_err(|_| Problem::INTERNAL)?,
    );
    Ok(response)
}

/// What cards and people are called.
async fn around(api: &Api, board: &Board, shown: &Shown, plan: &Plan) -> Result<Around, Problem> {
    let mut tx = api.records.read().await?;
    let mut tenant = tx.workspace(board.workspace()).await?;
    let mut keys = BTreeMap::new();
    let cards: Vec<&str> = plan.cards.iter().map(|card| card.id.as_str()).collect();
    for piece in cards.chunks(CARDS) {
        for task in tenant.tasks_of_card_ids(board.id(), piece).await? {
            if let Ok(card) = CardId::parse(&task.shown.card)
                && shown.view.cards.contains_key(&card)
            {
                keys.insert(card, task.key());
            }
        }
    }
    let mut people = BTreeMap::new();
    let is_colleague = board.workspace_role() > Some(WorkspaceRole::Guest);
    for user in copy::people(plan) {
        if let Some(name) = name_of(&mut tenant, &user, is_colleague).await? {
            people.insert(user, name);
        }
    }
    Ok(Around { keys, people })
}

/// What somebody of the workspace is called: for colleagues so that an import finds them again.
async fn name_of(
    tenant: &mut Tenant<'_>,
    user: &UserId,
    is_colleague: bool,
) -> Result<Option<String>, Problem> {
    let Ok(id) = user.as_str().parse::<Uuid>() else {
        return Ok(None);
    };
    let Some(person) = tenant.person(id).await? else {
        return Ok(None);
    };
    let email = Some(person.email).filter(|email| is_colleague && !email.is_empty());
    let full = format!("{} {}", person.first_name, person.last_name)
        .trim()
        .to_owned();
    Ok(person
        .username
        .or(email)
        .or(Some(full))
        .filter(|name| !name.is_empty()))
}
