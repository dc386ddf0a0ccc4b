//! `POST /v1/invitations/{invitation_id}:resend` and `:revoke`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::letter::{self, Names};
use super::read::open;
use super::shapes::InvitationView;
use crate::audit::{Act, Deed};
use crate::auth::permission::{Resource, WorkspaceRole, may_assign};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Found, Id, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{ROLE_NOT_ASSIGNABLE, workspace_role};
use crate::mail::EmailAddress;

/// Nothing can be done with it any more.
const NOT_OPEN: Problem = Problem::new(
    StatusCode::CONFLICT,
    "INVITATION_NOT_OPEN",
    "the invitation was accepted or revoked",
);
/// It was sent a moment ago.
const TOO_SOON: Problem = Problem::new(
    StatusCode::CONFLICT,
    "SENT_A_MOMENT_AGO",
    "the mail was sent less than a minute ago; wait a little",
);

/// Sends the mail of an invitation again.
///
/// It brings a new secret and lasts as long as a new one; the secret in the mail before counts no more.
#[utoipa::path(
    post, path = "/v1/invitations/{invitation_id}/~resend", tag = "Invitations",
    params(("invitation_id" = Uuid, Path)),
    responses(
        (status = 200, body = InvitationView, headers(("ETag" = String))),
        (status = 409, description = "It is not open any more, or was sent less than a minute ago"),
    ),
)]
pub(super) async fn resend_invitation(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let (workspace, before) = open(&mut tx, &caller, id).await?;
    let place = crate::access::facts::workspace(&mut tx, &caller.0, workspace.0).await?;
    check_reach(&place.resource, workspace_role(&before.role))?;
    if before.expires_at_ms - letter::lifetime_ms() > now_ms - letter::PAUSE_MS {
        return Err(TOO_SOON);
    }
    let address = EmailAddress::parse(&before.email).map_err(|_| NOT_FOUND)?;
    let mut tenant = tx.workspace(workspace).await?;
    let name = tenant.workspace().await?.ok_or(NOT_FOUND)?.name;
    let names = Names::find(tenant.tx(), before.invited_by, &name).await?;
    let token = OpaqueToken::generate(TokenKind::Invitation);
    let ends = now_ms.saturating_add(letter::lifetime_ms());
    let mut tenant = tx.workspace(workspace).await?;
    if !tenant.renew_invitation(id, token.hash().as_bytes(), ends).await? {
        return Err(NOT_OPEN);
    }
    let invitation = tenant.invitation(id).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(invitation.version)),
        body: InvitationView::from(&invitation),
    };
    Act::new(Deed::InvitationResent, id)
        .write(&mut tx, workspace, now_ms)
        .await?;
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    tx.commit().await?;
    letter::post(&api, &names, &address, &token);
    Ok(answer)
}

/// Nobody looks after invitations to more than they have.
fn check_reach(workspace: &Resource, role: WorkspaceRole) -> Result<(), Problem> {
    match workspace {
        Resource::Workspace {
            role: Some(actor), ..
        } if may_assign(*actor, None, Some(role)) => Ok(()),
        _ => Err(ROLE_NOT_ASSIGNABLE),
    }
}

/// Revokes an invitation.
#[utoipa::path(
    post, path = "/v1/invitations/{invitation_id}/~revoke", tag = "Invitations",
    params(("invitation_id" = Uuid, Path)),
    responses(
        (status = 200, body = InvitationView, headers(("ETag" = String))),
        (status = 409, description = "It was accepted or revoked before"),
    ),
)]
pub(super) async fn revoke_invitation(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let (workspace, _) = open(&mut tx, &caller, id).await?;
    let mut tenant = tx.workspace(workspace).await?;
    if !tenant.revoke_invitation(id, now_ms).await? {
        return Err(NOT_OPEN);
    }
    let invitation = tenant.invitation(id).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(invitation.version)),
        body: InvitationView::from(&invitation),
    };
    Act::new(Deed::InvitationRevoked, id)
        .write(&mut tx, workspace, now_ms)
        .await?;
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    tx.commit().await?;
    Ok(answer)
}
