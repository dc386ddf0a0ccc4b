//! `DELETE /v1/projects/{project_id}`.

use axum::extract::State;

use super::{gate, happened};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{ETag, Id, IfMatch, NoContent};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::commit_rights;
use crate::http::v1::tenancy::NEEDS_IF_MATCH;

/// Puts a project in the trash.
///
/// Its documents close at once. Its owners can restore it for thirty days. If it holds documents, `If-Match` is
/// required.
#[utoipa::path(
    delete, path = "/v1/projects/{project_id}", tag = "Projects",
    params(("project_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204, description = "It is in the trash"),
        (status = 428, description = "It holds documents, and `If-Match` is missing"),
    ),
)]
pub(super) async fn delete_project(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let mut tx = api.records.write().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::DeleteProject).await?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    match &if_match {
        Some(condition) => condition.check(ETag(opened.project.version))?,
        None if tenant.count_project_documents(id).await? > 0 => return Err(NEEDS_IF_MATCH),
        None => {}
    }
    tenant
        .trash_project(id, Some((caller.user()?, api.clock.now_ms())))
        .await?;
    let happened = happened::turned("project.deleted", &opened.project);
    commit_rights(&api, tx, opened.workspace, &caller, [happened]).await?;
    Ok(NoContent)
}
