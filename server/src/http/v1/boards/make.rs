//! Making boards: one transaction writes the board's row, what it begins with, and that it was made.
//!
//! Its room puts what it begins with into the document when it is first opened, which is tried at once.

use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;
use weft_protocol::board::Plan;
use weft_protocol::close::CloseReason;
use weft_storage::WorkspaceId;
use weft_storage::records::{DocumentFilter, DocumentOrder, DocumentRow, NewDocument, Span, Tx};

use super::edit::{change_problem, refused};
use super::gate::{Board, KIND};
use super::heavy::heavy;
use crate::access::documents::document_facts;
use crate::access::{facts, people};
use crate::auth::permission::{Action, DocumentRole, effective_role};
use crate::boards::copy::{self, Cards};
use crate::boards::{Minter, Seed, guess};
use crate::http::Problem;
use crate::http::rest::{Created, ETag, Once, Timestamp};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::documents::gate::name_of;
use crate::http::v1::documents::made;
use crate::http::v1::happened::record;
use crate::rooms::{ContentBody, ContentRefusal, Operation, Still, founded_bytes};

/// A board that is about to be made.
#[derive(Debug)]
pub(in crate::http::v1) struct Making {
    /// Where.
    pub(in crate::http::v1) workspace: WorkspaceId,
    /// In which project of it.
    pub(in crate::http::v1) project: Uuid,
    /// What it is called.
    pub(in crate::http::v1) title: String,
    /// What stands on it.
    pub(in crate::http::v1) plan: Plan,
}

/// Makes a board, and shows it at `place` as `view` does.
///
/// # Errors
/// 401, 403, 404; 409 if the plan holds more than a board may, 413 if the document would; 422.
pub(in crate::http::v1) async fn make<V: Serialize>(
    api: &Api,
    caller: &Caller,
    once: &Once,
    making: Making,
    (place, view): (&str, impl FnOnce(&DocumentRow, Option<DocumentRole>) -> V + Send),
) -> Result<Response, Problem> {
    making.plan.check().map_err(|error| change_problem(&error))?;
    let now_ms = api.clock.now_ms();
    let making = tried(api, making).await?;
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let workspace = making.workspace;
    let document = enter(&mut tx, caller, making, now_ms).await?;
    let found = document_facts(&mut tx, &caller.0, document.id, now_ms).await?;
    let (_, document, facts) = found.ok_or(Problem::INTERNAL)?;
    let created = Created {
        location: format!("{place}/{}", document.id),
        etag: Some(ETag(document.version)),
        body: view(&document, effective_role(&facts)),
    };
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    record(&mut tx, workspace, caller, [made(&document)], now_ms).await?;
    tx.commit().await?;
    found_now(api, workspace, document.id).await;
    Ok(answer)
}

/// Makes sure that a board with cards can be founded: what cannot would be there, and never open.
async fn tried(api: &Api, making: Making) -> Result<Making, Problem> {
    if making.plan.cards.is_empty() {
        return Ok(making);
    }
    let seed = Seed::new(None, None, making.plan);
    let (seed, bytes) = heavy(move || {
        let bytes = founded_bytes(&seed);
        (seed, bytes)
    })
    .await?;
    let bytes = bytes.map_err(|_| Problem::INTERNAL)?;
    if bytes > api.hub.max_document_bytes() {
        return Err(refused(ContentRefusal::Update(CloseReason::DocumentTooLarge)));
    }
    Ok(Making {
        plan: seed.into_plan(),
        ..making
    })
}

/// Makes the first board of a project, or tells which somebody else has made meanwhile.
///
/// # Errors
/// 401, 403, 404.
pub(in crate::http::v1) async fn make_first(
    api: &Api,
    caller: &Caller,
    making: Making,
) -> Result<Uuid, Problem> {
    let now_ms = api.clock.now_ms();
    let (workspace, project) = (making.workspace, making.project);
    // Whoever writes to a workspace is alone in doing so, so what is not there now is not there before this commits.
    let mut tx = api.records.write().await?;
    let filter = DocumentFilter {
        workspace: Some(workspace),
        project: Some(project),
        kinds: Some(&[KIND]),
        search: None,
        updated_since_ms: None,
        archived: Some(false),
        with_trash: false,
    };
    tx.workspace(workspace).await?;
    let rows = tx
        .visible_documents(caller.user()?, &filter, DocumentOrder::Created, &Span::first(1))
        .await?;
    if let Some(first) = rows.first() {
        return Ok(first.document.id);
    }
    let document = enter(&mut tx, caller, making, now_ms).await?;
    record(&mut tx, workspace, caller, [made(&document)], now_ms).await?;
    tx.commit().await?;
    found_now(api, workspace, document.id).await;
    Ok(document.id)
}

/// Writes the row of a board and what it begins with.
async fn enter(tx: &mut Tx, caller: &Caller, making: Making, now_ms: i64) -> Result<DocumentRow, Problem> {
    let user = caller.user()?;
    let at = guess::moment(&Timestamp(now_ms).to_string());
    let seed = Seed::new(Some(user), at, making.plan);
    let seed = serde_json::to_string(&seed).map_err(|_| Problem::INTERNAL)?;
    let project = facts::project(tx, &caller.0, making.project).await?;
    caller.require(Action::CreateDocument, &project.resource)?;
    let new = NewDocument {
        id: Uuid::now_v7(),
        project_id: making.project,
        kind: KIND,
        title: &making.title,
        created_by: user,
        now_ms,
    };
    let mut tenant = tx.workspace(making.workspace).await?;
    tenant.create_document(new).await?;
    tenant.plant_seed(new.id, &seed).await?;
    tenant.document(new.id).await?.ok_or(Problem::INTERNAL)
}

/// Has the room of a new board put onto it what it begins with. If that fails now, it is done when the board is opened.
async fn found_now(api: &Api, workspace: WorkspaceId, board: Uuid) {
    let Ok(name) = name_of(board) else {
        return;
    };
    if let Err(refusal) = api.hub.ask(workspace, &name, Operation::ReadBoard).await {
        tracing::warn!(board = %board, ?refusal, "a new board was not founded yet");
    }
}

/// What `board` shows now, and the descriptions of its cards.
///
/// # Errors
/// 409, 503.
pub(super) async fn still(api: &Api, board: &Board) -> Result<Still, Problem> {
    let answer = api
        .hub
        .ask(board.workspace(), &board.name()?, Operation::ReadUpdate)
        .await
        .map_err(refused)?;
    let Some(ContentBody::Update(update)) = answer.body else {
        return Err(Problem::INTERNAL);
    };
    heavy(move || Still::read(update))
        .await?
        .map_err(|_| Problem::INTERNAL)
}

/// A copy of `board` for `project`: under new ids, and with those people alone who will see it.
///
/// # Errors
/// 409, 503.
pub(super) async fn copied(api: &Api, board: &Board, project: Uuid, which: Cards) -> Result<Plan, Problem> {
    let still = still(api, board).await?;
    let plan = copy::plan_of(&still.board.view, &still.descriptions, which);
    let mut next = Uuid::now_v7;
    let plan = copy::freshen(plan, &mut Minter::new(&mut next));
    without_strangers(api, board.workspace(), project, plan).await
}

/// `plan` without people who would not see a board of `project`.
///
/// # Errors
/// 503.
pub(super) async fn without_strangers(
    api: &Api,
    workspace: WorkspaceId,
    project: Uuid,
    mut plan: Plan,
) -> Result<Plan, Problem> {
    let named = copy::people(&plan);
    let mut tx = api.records.read().await?;
    let mut tenant = tx.workspace(workspace).await?;
    let mut seeing = std::collections::BTreeSet::new();
    for user in named {
        let id = user.as_str().parse::<Uuid>().ok();
        if let Some(id) = id
            && people::sees_project(&mut tenant, project, id).await?
        {
            seeing.insert(user);
        }
    }
    copy::retain_people(&mut plan, |user| seeing.contains(user));
    Ok(plan)
}
