//! `POST /v1/workspaces/{workspace_id}/invitations`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;
use weft_storage::records::{NewInvitation as NewRow, RecordError, Tenant};

use super::letter::{self, Names};
use super::shapes::{InvitationView, NewInvitation};
use crate::access::facts;
use crate::auth::permission::{Action, Resource, may_assign};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Created, ETag, Id, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{Happened, record};
use crate::http::v1::tenancy::ROLE_NOT_ASSIGNABLE;

/// They are in the workspace.
const ALREADY_A_MEMBER: Problem = Problem::new(
    StatusCode::CONFLICT,
    "ALREADY_A_MEMBER",
    "somebody with this address is in the workspace already",
);
/// There is an invitation.
const ALREADY_INVITED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "ALREADY_INVITED",
    "there is an open invitation for this address: send that one again, or revoke it",
);

/// Invites somebody to a workspace by mail.
///
/// The role is at most your own. If yours is less when the invitation is accepted, so is theirs. Whether there is an
/// account with the address is not told.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/invitations", tag = "Invitations",
    params(("workspace_id" = Uuid, Path)),
    request_body = NewInvitation,
    responses(
        (status = 201, body = InvitationView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "They are in the workspace or invited already, or too many were invited today"),
    ),
)]
pub(super) async fn create_invitation(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    once: Once,
    Body(form): Body<NewInvitation>,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let place = facts::workspace(&mut tx, &caller.0, id).await?;
    caller.require(Action::InviteMember, &place.resource)?;
    let inviter = caller.user()?;
    let Resource::Workspace {
        role: Some(actor), ..
    } = place.resource
    else {
        return Err(NOT_FOUND);
    };
    if !may_assign(actor, None, Some(form.role)) {
        return Err(ROLE_NOT_ASSIGNABLE);
    }
    let address = form.email.0;
    let mut tenant = tx.workspace(place.workspace).await?;
    let workspace = tenant.workspace().await?.ok_or(NOT_FOUND)?;
    let names = Names::find(tenant.tx(), inviter, &workspace.name).await?;
    let mut tenant = tx.workspace(place.workspace).await?;
    check(&mut tenant, &address.canonical(), now_ms).await?;
    let token = OpaqueToken::generate(TokenKind::Invitation);
    let hash = token.hash();
    let id = Uuid::now_v7();
    let row = NewRow {
        id,
        email: address.as_str(),
        email_key: &address.canonical(),
        role: form.role.as_str(),
        token_hash: hash.as_bytes(),
        invited_by: inviter,
        now_ms,
        expires_at_ms: now_ms.saturating_add(letter::lifetime_ms()),
    };
    tenant.create_invitation(row).await.map_err(|error| match error {
        RecordError::Taken => ALREADY_INVITED,
        other => other.into(),
    })?;
    let invitation = tenant.invitation(id).await?.ok_or(Problem::INTERNAL)?;
    let created = Created {
        location: format!("/v1/invitations/{id}"),
        etag: Some(ETag(invitation.version)),
        body: InvitationView::from(&invitation),
    };
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    let happened = Happened {
        kind: "member.invited",
        data: json!({ "invitation_id": id, "after": { "role": form.role } }),
        ..Happened::default()
    };
    record(&mut tx, place.workspace, &caller, [happened], now_ms).await?;
    tx.commit().await?;
    letter::post(&api, &names, &address, &token);
    Ok(answer)
}

/// Makes room for a new invitation to the address, or says why there is none.
async fn check(tenant: &mut Tenant<'_>, email_key: &str, now_ms: i64) -> Result<(), Problem> {
    if tenant.has_member_with_email(email_key).await? {
        return Err(ALREADY_A_MEMBER);
    }
    let today = tenant.count_invitations_since(now_ms - letter::day_ms()).await?;
    if today >= letter::MOST_PER_DAY {
        return Err(letter::TOO_MANY);
    }
    tenant.revoke_expired_invitations(email_key, now_ms).await?;
    Ok(())
}
