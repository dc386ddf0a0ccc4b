//! The audit log: `/v1/workspaces/{workspace_id}/audit`.
//!
//! Invariant: only administrators and owners of a workspace read its log; the log of the server itself, under the id that is all
//! zeros, is for administrators of the server. To everybody else it is like one that does not exist.

mod export;
mod list;
mod shapes;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{SERVER_CHAIN, Tx};

use super::Api;
use super::caller::Caller;
use crate::access::facts;
use crate::auth::permission::{Action, Resource};
use crate::http::Problem;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_audit_entries))
        .routes(routes!(export::export_audit_log))
}

/// The log that the caller may read.
async fn readable(tx: &mut Tx, caller: &Caller, id: Uuid) -> Result<WorkspaceId, Problem> {
    if WorkspaceId(id) == SERVER_CHAIN {
        caller.require(Action::ListUsers, &Resource::Server)?;
        return Ok(SERVER_CHAIN);
    }
    let place = facts::workspace(tx, &caller.0, id).await?;
    caller.require(Action::ReadAuditLog, &place.resource)?;
    Ok(place.workspace)
}
