//! `POST /v1/projects/{project_id}/documents`, and `POST /v1/documents/{document_id}:duplicate`.
//!
//! Content goes to the new document's room first and its row is written last, so that nobody finds a document that is
//! half made. A room is never waited for within a transaction.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use uuid::Uuid;
use weft_protocol::close::CloseReason;
use weft_protocol::scan::{UpdateLimits, scan_update};
use weft_storage::WorkspaceId;
use weft_storage::records::{NewDocument, Tx};

use super::gate;
use super::happened::made;
use super::refusal_problem;
use super::views::{DocumentDuplication, DocumentType, DocumentView, InitialFormat, NewProjectDocument};
use crate::access::documents::document_facts;
use crate::access::facts;
use crate::auth::permission::{Action, effective_role};
use crate::boards::templates::Template;
use crate::content::{self, DEFAULT_FIELD, Format, Limits};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Created, ETag, Id, Once, invalid};
use crate::http::v1::Api;
use crate::http::v1::boards::{self, Making};
use crate::http::v1::caller::{Caller, FORBIDDEN};
use crate::http::v1::happened::record;
use crate::rooms::{Condition, ContentBody, ContentRefusal, Operation};

/// Where documents are.
const PLACE: &str = "/v1/documents";

/// A document that is about to be made.
struct Plan {
    id: Uuid,
    project: Uuid,
    kind: DocumentType,
    title: String,
    /// What its room does before anybody can find it.
    content: Option<Operation>,
}

/// Makes a document in a project, which you then own.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/documents", tag = "Documents",
    params(("project_id" = Uuid, Path)),
    request_body = NewProjectDocument,
    responses((status = 201, body = DocumentView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(super) async fn create_project_document(
    State(api): State<Api>,
    caller: Caller,
    Id(project): Id,
    once: Once,
    Body(wanted): Body<NewProjectDocument>,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::project(&mut tx, &caller.0, project).await?;
    drop(tx);
    caller.require(Action::CreateDocument, &place.resource)?;
    let kind = wanted.kind.map_or(DocumentType::Text, |kind| kind.0);
    if kind == DocumentType::Board {
        return create_board(&api, &caller, &once, (place.workspace, project), wanted).await;
    }
    let content = wanted
        .content
        .map(|content| initial(&content, wanted.format, kind))
        .transpose()?;
    let plan = Plan {
        id: Uuid::now_v7(),
        project,
        kind,
        title: wanted.title.into_string(),
        content,
    };
    carry_out(&api, &caller, &once, place.workspace, plan).await
}

/// Makes a board, which begins with the columns that boards usually have.
async fn create_board(
    api: &Api,
    caller: &Caller,
    once: &Once,
    (workspace, project): (WorkspaceId, Uuid),
    wanted: NewProjectDocument,
) -> Result<Response, Problem> {
    if wanted.content.is_some() {
        return Err(no_content());
    }
    let making = Making {
        workspace,
        project,
        title: wanted.title.into_string(),
        plan: boards::built_in(Template::Kanban),
    };
    boards::make(api, caller, once, making, (PLACE, DocumentView::of_project)).await
}

/// Makes a copy of a document, which you then own.
///
/// The copy has the content of this moment, and none of the shares, links and attachments.
#[utoipa::path(
    post, path = "/v1/documents/{document_id}/~duplicate", tag = "Documents",
    params(("document_id" = Uuid, Path)),
    request_body = DocumentDuplication,
    responses((status = 201, body = DocumentView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(super) async fn duplicate_document(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(wanted): Body<DocumentDuplication>,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let now_ms = api.clock.now_ms();
    let source = gate::open(&mut tx, &caller, id, Action::ReadContent, now_ms).await?;
    if DocumentType::of(&source.document.kind) == DocumentType::Board {
        drop(tx);
        let making = boards::duplicate_of(&api, &caller, id, (wanted.title, wanted.project_id)).await?;
        return boards::make(&api, &caller, &once, making, (PLACE, DocumentView::of_project)).await;
    }
    let project = wanted.project_id.unwrap_or(source.document.project_id);
    let is_named = wanted.project_id.is_some();
    target_project(&mut tx, &caller, source.workspace, project)
        .await
        .map_err(|problem| match problem.status {
            // Nothing is wrong with the request: they see the document, and not its project.
            StatusCode::UNPROCESSABLE_ENTITY if !is_named => FORBIDDEN,
            _ => problem,
        })?;
    drop(tx);
    let answer = api
        .hub
        .ask(source.workspace, &source.name()?, Operation::ReadUpdate)
        .await
        .map_err(refusal_problem)?;
    let Some(ContentBody::Update(update)) = answer.body else {
        return Err(Problem::INTERNAL);
    };
    let limits = UpdateLimits {
        max_bytes: usize::MAX,
        ..UpdateLimits::default()
    };
    let too_large = |_| refusal_problem(ContentRefusal::Update(CloseReason::DocumentTooLarge));
    let facts = scan_update(&update, &limits).map_err(too_large)?;
    let is_empty = facts.blocks == 0;
    let title = wanted
        .title
        .map_or(source.document.title.clone(), |title| title.into_string());
    let plan = Plan {
        id: Uuid::now_v7(),
        project,
        kind: DocumentType::of(&source.document.kind),
        title,
        content: (!is_empty).then_some(Operation::Apply { update, facts }),
    };
    carry_out(&api, &caller, &once, source.workspace, plan).await
}

/// Lets documents be put into a project of the workspace in which the caller may make some.
///
/// # Errors
/// 403; 422 if the project is none that the caller sees there.
pub(in crate::http::v1) async fn target_project(
    tx: &mut Tx,
    caller: &Caller,
    workspace: WorkspaceId,
    project: Uuid,
) -> Result<(), Problem> {
    let place = facts::project(tx, &caller.0, project).await?;
    let elsewhere = || {
        invalid(
            "project_id",
            "NOT_FOUND",
            "must be a project of the same workspace in which you may make documents",
        )
    };
    if place.workspace != workspace {
        return Err(elsewhere());
    }
    caller
        .require(Action::CreateDocument, &place.resource)
        .map_err(|problem| {
            if problem == NOT_FOUND {
                elsewhere()
            } else {
                problem
            }
        })
}

fn no_content() -> Problem {
    invalid("content", "NOT_SUPPORTED", "must be left out unless kind is text")
}

/// What a room does to make a new document show `content`.
fn initial(content: &Value, format: Option<InitialFormat>, kind: DocumentType) -> Result<Operation, Problem> {
    if kind != DocumentType::Text {
        return Err(no_content());
    }
    let format = match format {
        None | Some(InitialFormat::Json) => Format::Json,
        Some(InitialFormat::Markdown) => Format::Markdown,
        Some(InitialFormat::Html) => Format::Html,
    };
    let text = match content {
        Value::String(text) if format != Format::Json => text.clone(),
        other => other.to_string(),
    };
    let target = content::parse(text.as_bytes(), format, &Limits::default())
        .map_err(|error| refusal_problem(ContentRefusal::Content(error)))?;
    Ok(Operation::Write {
        field: DEFAULT_FIELD.to_owned(),
        target,
        format,
        condition: Condition::Absent,
        size_bytes: text.len(),
    })
}

async fn carry_out(
    api: &Api,
    caller: &Caller,
    once: &Once,
    workspace: WorkspaceId,
    mut plan: Plan,
) -> Result<Response, Problem> {
    let content = plan.content.take();
    let has_content = content.is_some();
    if let Some(operation) = content {
        let mut tx = api.records.write().await?;
        if let Some(answer) = once.begin(&mut tx, &caller.0, api.clock.now_ms()).await? {
            return Ok(answer);
        }
        drop(tx);
        let name = gate::name_of(plan.id)?;
        api.hub
            .ask(workspace, &name, operation)
            .await
            .map_err(refusal_problem)?;
    }
    let made = enter(api, caller, once, workspace, &plan).await;
    match made {
        Ok((answer, true)) => Ok(answer),
        // Somebody else has had this effect meanwhile, or it cannot be had: nobody will ever ask for this content.
        other => {
            if has_content {
                forget(api, workspace, plan.id).await;
            }
            other.map(|(answer, _)| answer)
        }
    }
}

/// Writes the row of a document. Whether it was this request that did, and not an earlier one with the same key.
async fn enter(
    api: &Api,
    caller: &Caller,
    once: &Once,
    workspace: WorkspaceId,
    plan: &Plan,
) -> Result<(Response, bool), Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok((answer, false));
    }
    let place = facts::project(&mut tx, &caller.0, plan.project).await?;
    caller.require(Action::CreateDocument, &place.resource)?;
    let user = caller.user()?;
    let new = NewDocument {
        id: plan.id,
        project_id: plan.project,
        kind: plan.kind.as_str(),
        title: &plan.title,
        created_by: user,
        now_ms,
    };
    tx.workspace(workspace).await?.create_document(new).await?;
    let found = document_facts(&mut tx, &caller.0, plan.id, now_ms).await?;
    let (_, document, facts) = found.ok_or(Problem::INTERNAL)?;
    let created = Created {
        location: format!("{PLACE}/{}", plan.id),
        etag: Some(ETag(document.version)),
        body: DocumentView::of_project(&document, effective_role(&facts)),
    };
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    record(&mut tx, workspace, caller, [made(&document)], now_ms).await?;
    tx.commit().await?;
    Ok((answer, true))
}

/// Removes what the log holds of a document that has no row. What remains after a failure here is found by nobody.
async fn forget(api: &Api, workspace: WorkspaceId, id: Uuid) {
    let forgetting = async {
        let mut tx = api.records.write().await?;
        tx.workspace(workspace).await?.purge_document(id).await?;
        tx.commit().await
    };
    if let Err(error) = forgetting.await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the content of a document that was not made remains"
        );
    }
}
