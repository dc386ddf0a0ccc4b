//! Invitations as they travel.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::Invitation;

use crate::auth::permission::WorkspaceRole;
use crate::http::rest::{Email, Filters, Timestamp};
use crate::http::v1::tenancy::workspace_role;

/// An invitation. The secret that accepts it is in the mail alone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(super) struct InvitationView {
    id: Uuid,
    workspace_id: Uuid,
    #[schema(format = Email, max_length = 254)]
    email: String,
    role: WorkspaceRole,
    /// Who invited.
    invited_by: Uuid,
    created_at: Timestamp,
    expires_at: Timestamp,
    accepted_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl From<&Invitation> for InvitationView {
    fn from(invitation: &Invitation) -> Self {
        Self {
            id: invitation.id,
            workspace_id: invitation.workspace.0,
            email: invitation.email.clone(),
            role: workspace_role(&invitation.role),
            invited_by: invitation.invited_by,
            created_at: Timestamp(invitation.created_at_ms),
            expires_at: Timestamp(invitation.expires_at_ms),
            accepted_at: invitation.accepted_at_ms.map(Timestamp),
            revoked_at: invitation.revoked_at_ms.map(Timestamp),
        }
    }
}

/// Whom to invite, and as what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvitation {
    pub(super) email: Email,
    pub(super) role: WorkspaceRole,
}

/// The secret of an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    /// As it stands in the link of the mail.
    #[schema(min_length = 1, max_length = 100)]
    pub(super) token: String,
}

/// Where an invitation has led.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    pub(super) workspace_id: Uuid,
    /// Your role there: the one you were invited to, or what the one who invited could still give, or the one that you
    /// had if that is more.
    pub(super) role: WorkspaceRole,
}

/// The list of invitations has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct InvitationFilters {}

impl Filters for InvitationFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}
