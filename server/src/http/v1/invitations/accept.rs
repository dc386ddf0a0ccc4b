//! `POST /v1/invitations:accept`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;
use weft_storage::records::{EpochKind, Invitation, MemberChange, Tenant, Tx, User};

use super::shapes::{Acceptance, Accepted};
use crate::auth::permission::{Action, Resource, Scope, Standing, WorkspaceRole, may_assign};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Found, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{Happened, Membership, commit_rights};
use crate::http::v1::tenancy::workspace_role;

/// The secret does not count: unknown, used, revoked, over, or of somebody who may invite no more.
const NOT_VALID: Problem = Problem::new(
    StatusCode::CONFLICT,
    "INVITATION_NOT_VALID",
    "this invitation does not count, or not any more; ask for a new one",
);
/// The secret is good, and not theirs.
const FOR_ANOTHER: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "INVITATION_FOR_ANOTHER",
    "this invitation is for another e-mail address than that of your account",
);

/// Accepts an invitation.
///
/// Your account has the address that the mail was sent to. If that was not verified yet it is now: the secret was in
/// that mail. The role is at most what the one who invited you could give at this moment.
#[utoipa::path(
    post, path = "/v1/invitations:accept", tag = "Invitations",
    request_body = Acceptance,
    responses(
        (status = 200, body = Accepted),
        (status = 409, description = "The invitation does not count, or not any more"),
    ),
)]
pub(super) async fn accept_invitation(
    State(api): State<Api>,
    caller: Caller,
    once: Once,
    Body(form): Body<Acceptance>,
) -> Result<Response, Problem> {
    let user = caller.user()?;
    check_caller(&caller)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let token = OpaqueToken::parse(TokenKind::Invitation, &form.token).map_err(|_| NOT_VALID)?;
    let invitation = find(&mut tx, &token, now_ms).await?;
    let account = tx.user(user).await?.ok_or(NOT_FOUND)?;
    verify(&mut tx, &account, &invitation, now_ms).await?;
    let mut tenant = tx.workspace(invitation.workspace).await?;
    let before = tenant.member(user).await?.map(|member| member.role);
    let role = join(&mut tenant, user, &invitation, now_ms).await?;
    let found = Found {
        etag: None,
        body: Accepted {
            workspace_id: invitation.workspace.0,
            role,
        },
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    let after = Some(role.as_str());
    let happened = Happened::to_member(Membership::Workspace, user, before.as_deref(), after);
    commit_rights(&api, tx, invitation.workspace, &caller, happened).await?;
    Ok(answer)
}

/// Lets people through who act for themselves, also those whose address is not verified yet.
fn check_caller(caller: &Caller) -> Result<(), Problem> {
    let facts = &caller.0.facts;
    let is_new = facts.standing == Standing::Unverified
        && facts.confined_to.is_none()
        && facts.scopes.allow(Scope::WorkspacesWrite);
    if is_new {
        return Ok(());
    }
    caller.require(Action::CreateWorkspace, &Resource::Server)
}

/// The invitation that a secret belongs to, if it counts. Nobody else changes it until the transaction ends.
async fn find(tx: &mut Tx, token: &OpaqueToken, now_ms: i64) -> Result<Invitation, Problem> {
    let found = tx.invitation_by_token(token.hash().as_bytes()).await?;
    let found = found.ok_or(NOT_VALID)?;
    let mut tenant = tx.workspace(found.workspace).await?;
    // Read again where nobody else writes; the secret may have been replaced meanwhile.
    let invitation = tenant.invitation(found.id).await?.ok_or(NOT_VALID)?;
    let is_live = tenant
        .standing(None)
        .await?
        .is_some_and(|standing| !standing.is_trashed);
    let counts = is_live
        && invitation.version == found.version
        && invitation.accepted_at_ms.is_none()
        && invitation.revoked_at_ms.is_none()
        && invitation.expires_at_ms > now_ms;
    if counts { Ok(invitation) } else { Err(NOT_VALID) }
}

/// Lets the one through whom the mail was sent to. Whoever has its secret has shown that they read the address.
async fn verify(tx: &mut Tx, account: &User, invitation: &Invitation, now_ms: i64) -> Result<(), Problem> {
    let address = crate::mail::EmailAddress::parse(&account.email).map_err(|_| FOR_ANOTHER)?;
    if address.canonical() != invitation.email_key {
        return Err(FOR_ANOTHER);
    }
    if account.email_verified_at_ms.is_none() {
        if !tx.verify_email(account.id, &invitation.email_key, now_ms).await? {
            return Err(FOR_ANOTHER);
        }
        tx.raise_epoch(EpochKind::User(account.id), now_ms).await?;
    }
    Ok(())
}

/// Makes `user` a member; as what.
async fn join(
    tenant: &mut Tenant<'_>,
    user: Uuid,
    invitation: &Invitation,
    now_ms: i64,
) -> Result<WorkspaceRole, Problem> {
    let account = tenant.tx().user(invitation.invited_by).await?.ok_or(NOT_VALID)?;
    if account.status != "active" {
        return Err(NOT_VALID);
    }
    let inviter = tenant.member(invitation.invited_by).await?.ok_or(NOT_VALID)?;
    let inviter = workspace_role(&inviter.role);
    let invited = workspace_role(&invitation.role);
    let reach = WorkspaceRole::ALL.iter().rev().copied();
    let role = reach
        .filter(|role| *role <= invited)
        .find(|role| may_assign(inviter, None, Some(*role)))
        .ok_or(NOT_VALID)?;
    if !tenant.accept_invitation(invitation.id, user, now_ms).await? {
        return Err(NOT_VALID);
    }
    let own = tenant
        .member(user)
        .await?
        .map(|member| workspace_role(&member.role));
    // Whoever is there already keeps what they have, unless the one who invited may raise it.
    if let Some(own) = own
        && (own >= role || !may_assign(inviter, Some(own), Some(role)))
    {
        return Ok(own);
    }
    let change = MemberChange {
        user_id: user,
        role: role.as_str(),
        now_ms,
    };
    tenant.put_member(change).await?;
    Ok(role)
}
