//! Workspaces and members as they travel.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::{Membership, Person, Workspace};

use crate::auth::permission::WorkspaceRole;
use crate::http::rest::{AnyCase, Change, Filters, Line, Timestamp};
use crate::http::v1::tenancy::{PersonView, workspace_role};

/// A workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workspace)]
pub(super) struct WorkspaceView {
    id: Uuid,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Who made it.
    created_by: Option<Uuid>,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// When it was put in the trash; null if it was not.
    deleted_at: Option<Timestamp>,
}

impl From<&Workspace> for WorkspaceView {
    fn from(workspace: &Workspace) -> Self {
        Self {
            id: workspace.id.0,
            name: workspace.name.clone(),
            created_by: workspace.created_by,
            created_at: Timestamp(workspace.created_at_ms),
            updated_at: Timestamp(workspace.updated_at_ms),
            deleted_at: workspace.deleted_at_ms.map(Timestamp),
        }
    }
}

/// A workspace in the list of somebody who is in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyWorkspace)]
pub(super) struct MyWorkspaceView {
    #[serde(flatten)]
    workspace: WorkspaceView,
    /// The caller's role.
    role: WorkspaceRole,
}

impl From<&Membership> for MyWorkspaceView {
    fn from(membership: &Membership) -> Self {
        Self {
            workspace: (&membership.workspace).into(),
            role: workspace_role(&membership.role),
        }
    }
}

/// A new workspace, or all that may be changed of one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWorkspace)]
pub(super) struct WorkspaceForm {
    pub(super) name: Line<100>,
}

/// What shall change of a workspace.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WorkspacePatch {
    pub(super) name: Change<Line<100>>,
}

/// Which workspaces to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkspaceFilters {
    /// Only those with this in their name.
    pub(super) search: Option<Line<100>>,
    /// Also those in the trash that you own.
    pub(super) include_deleted: Option<bool>,
}

impl Filters for WorkspaceFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// Somebody who is in a workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkspaceMember)]
pub(super) struct MemberView {
    #[serde(flatten)]
    person: PersonView,
    role: WorkspaceRole,
}

impl From<&Person> for MemberView {
    fn from(person: &Person) -> Self {
        Self {
            person: person.into(),
            role: workspace_role(&person.member.role),
        }
    }
}

/// What may be changed of a membership.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WorkspaceMemberForm)]
pub(super) struct MemberForm {
    pub(super) role: WorkspaceRole,
}

/// What shall change of a membership.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = WorkspaceMemberPatch)]
pub(super) struct MemberPatch {
    pub(super) role: Change<WorkspaceRole>,
}

/// Which members to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberFilters {
    /// Only those with this role.
    #[param(inline, value_type = Option<WorkspaceRole>)]
    pub(super) role: Option<AnyCase<WorkspaceRole>>,
}

impl Filters for MemberFilters {
    const SORTS: &'static [&'static str] = &["joined_at"];
}
