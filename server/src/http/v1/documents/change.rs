//! `PATCH /v1/documents/{document_id}`: its title, and the project it is in.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;
use weft_storage::records::{DocumentChange, DocumentRow, EpochKind};

use super::create_in_project::target_project;
use super::views::{DocumentPatch, DocumentView};
use super::{gate, happened};
use crate::access::documents::document_facts;
use crate::auth::permission::{Action, DocumentRole, effective_role};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, IfMatch, Line, MergePatch, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::record;

/// Changes a document's title, or moves it to another project of the workspace.
///
/// Moving needs the role of an owner here, and that of an editor there. Whoever saw it through its project alone no
/// longer does.
#[utoipa::path(
    patch, path = "/v1/documents/{document_id}", tag = "Documents",
    params(("document_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = DocumentPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = DocumentView, headers(("ETag" = String)))),
)]
pub(super) async fn change_document(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<DocumentPatch>,
) -> Result<Response, Problem> {
    let changes = Changes {
        title: patch.title.into_option(),
        project_id: patch.project_id.into_option(),
    };
    let view = DocumentView::of_project;
    change(&api, &caller, (id, changes), if_match.as_ref(), &once, view).await
}

/// What shall change; `None` stays.
#[derive(Debug)]
pub(in crate::http::v1) struct Changes {
    /// The title.
    pub(in crate::http::v1) title: Option<Line<255>>,
    /// The project.
    pub(in crate::http::v1) project_id: Option<Uuid>,
}

/// Changes a document, and shows it as `view` does.
///
/// # Errors
/// 401, 403, 404, 409, 412, 422.
pub(in crate::http::v1) async fn change<V: Serialize>(
    api: &Api,
    caller: &Caller,
    (id, changes): (Uuid, Changes),
    if_match: Option<&IfMatch>,
    once: &Once,
    view: impl Fn(&DocumentRow, Option<DocumentRole>) -> V + Send,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let opened = gate::open(&mut tx, caller, id, Action::UpdateDocument, now_ms).await?;
    let before = &opened.document;
    let project_id = changes.project_id.filter(|project| *project != before.project_id);
    if let Some(project) = project_id {
        gate::open(&mut tx, caller, id, Action::MoveDocument, now_ms).await?;
        target_project(&mut tx, caller, opened.workspace, project).await?;
    }
    IfMatch::check_if_given(if_match, ETag(before.version))?;
    let title = changes.title.filter(|title| **title != before.title);
    if title.is_some() || project_id.is_some() {
        let change = DocumentChange {
            title: title.as_deref(),
            project_id,
        };
        let mut tenant = tx.workspace(opened.workspace).await?;
        tenant.change_document(id, change, now_ms).await?;
    }
    if project_id.is_some() {
        tx.raise_epoch(EpochKind::Workspace(opened.workspace), now_ms)
            .await?;
    }
    let found = document_facts(&mut tx, &caller.0, id, now_ms).await?;
    let (_, document, facts) = found.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(document.version)),
        body: view(&document, effective_role(&facts)),
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    let happened = happened::changed(before, &document);
    record(&mut tx, opened.workspace, caller, happened, now_ms).await?;
    tx.commit().await?;
    if project_id.is_some() {
        api.changes.announce();
    }
    Ok(answer)
}
