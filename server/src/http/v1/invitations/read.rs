//! `GET /v1/invitations/{invitation_id}`.

use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{Invitation, Tx};

use super::shapes::InvitationView;
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, IfNoneMatch};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Reads an invitation.
#[utoipa::path(
    get, path = "/v1/invitations/{invitation_id}", tag = "Invitations",
    params(("invitation_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = InvitationView, headers(("ETag" = String))),
        (status = 304, description = "You have it"),
    ),
)]
pub(super) async fn get_invitation(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let (_, invitation) = open(&mut tx, &caller, id).await?;
    let found = Found {
        etag: Some(ETag(invitation.version)),
        body: InvitationView::from(&invitation),
    };
    Ok(found.unless(&known))
}

/// An invitation that the caller may look after, and its workspace.
///
/// # Errors
/// 401, 403, 404.
pub(super) async fn open(
    tx: &mut Tx,
    caller: &Caller,
    id: Uuid,
) -> Result<(WorkspaceId, Invitation), Problem> {
    // What there is not looks like what is in a stranger's workspace.
    let workspace = tx
        .workspace_of_invitation(id)
        .await?
        .unwrap_or(WorkspaceId(Uuid::nil()));
    let place = facts::workspace(tx, &caller.0, workspace.0).await?;
    caller.require(Action::InviteMember, &place.resource)?;
    let invitation = tx.workspace(workspace).await?.invitation(id).await?;
    Ok((workspace, invitation.ok_or(NOT_FOUND)?))
}
