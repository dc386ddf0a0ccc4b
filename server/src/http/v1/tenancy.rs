//! What the operations on workspaces, teams and projects have in common.

use axum::extract::Path;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{EpochKind, Mark, Person, RecordError, Span, Tenant, Tx};

use super::Api;
use super::caller::Caller;
use crate::auth::permission::{Action, DocumentRole, Facts, Resource, TeamRole, WorkspaceRole};
use crate::http::Problem;
use crate::http::rest::{Filters, Listing, Position, Timestamp, path};

/// Something that is not empty is deleted only by whoever has seen it.
pub(super) const NEEDS_IF_MATCH: Problem = Problem::new(
    StatusCode::PRECONDITION_REQUIRED,
    "PRECONDITION_REQUIRED",
    "it is not empty: delete it with If-Match and the ETag of what was read",
);
/// The account is nobody to the workspace.
pub(super) const NOT_A_MEMBER: Problem = Problem::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "NOT_A_MEMBER",
    "this account is not in the workspace, or only as a guest; invite it first",
);
/// The role would be more than the caller may give or take.
pub(super) const ROLE_NOT_ASSIGNABLE: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "ROLE_NOT_ASSIGNABLE",
    "your role does not allow you to give this role, or to take it from somebody who has it",
);

/// The part of a list that is asked for.
#[derive(Debug)]
pub(super) struct Part {
    /// Which rows.
    pub(super) span: Span,
    /// Whether a page was asked for by its number, which comes with the total.
    pub(super) is_counted: bool,
}

/// A row's place in its list, as a cursor keeps it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Key {
    /// In the order of a number.
    Number(i64, Uuid),
    /// In the order of a text.
    Text(String, Uuid),
}

/// Which part of a list is asked for. `scope` is whose list it is.
///
/// # Errors
/// 400 if the cursor was not made for this list.
pub(super) fn part<F: Filters>(listing: &Listing<F>, scope: Uuid) -> Result<Part, Problem> {
    let (after, skip, is_counted) = match listing.position::<Key>(scope)? {
        Position::Start => (None, 0, false),
        Position::After(Key::Number(number, id)) => (Some((Mark::Number(number), id)), 0, false),
        Position::After(Key::Text(text, id)) => (Some((Mark::Text(text), id)), 0, false),
        Position::Offset(skip) => (None, u32::try_from(skip).unwrap_or(u32::MAX), true),
    };
    Ok(Part {
        span: Span {
            after,
            skip,
            limit: listing.fetch(),
            is_reversed: listing.descending,
        },
        is_counted,
    })
}

/// A count of rows as it is told.
pub(super) fn total(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// The two ids of a path.
///
/// # Errors
/// 404 if one is none.
pub(super) fn two_ids(Path((first, second)): &Path<(String, String)>) -> Result<(Uuid, Uuid), Problem> {
    Ok((path::parse(first)?, path::parse(second)?))
}

/// Lets those through who could do this to something of their own, to anything at all: for lists of what somebody may
/// see, which hold nothing else.
///
/// # Errors
/// 401 or 403.
pub(super) fn require_at_all(caller: &Caller, action: Action) -> Result<(), Problem> {
    let workspace_id = caller.0.facts.confined_to.unwrap_or_default();
    let workspace = Some(WorkspaceRole::Owner);
    let own = match action {
        Action::ViewTeam => Resource::Team {
            workspace_id,
            workspace,
            role: Some(TeamRole::Admin),
        },
        Action::ViewProject => Resource::Project(Facts {
            workspace,
            ..Facts::stranger(workspace_id)
        }),
        Action::ViewDocument => Resource::Document(Facts {
            workspace,
            ..Facts::stranger(workspace_id)
        }),
        _ => Resource::Workspace {
            id: workspace_id,
            role: workspace,
        },
    };
    caller.require(action, &own)
}

/// The workspace that the caller's credential is confined to.
pub(super) fn confined_to(caller: &Caller) -> Option<WorkspaceId> {
    caller.0.facts.confined_to.map(WorkspaceId)
}

/// Commits a change of rights in a workspace, and has everybody look at it.
///
/// # Errors
/// A failure of the database.
pub(super) async fn commit_rights(api: &Api, mut tx: Tx, workspace: WorkspaceId) -> Result<(), RecordError> {
    tx.raise_epoch(EpochKind::Workspace(workspace), api.clock.now_ms())
        .await?;
    tx.commit().await?;
    api.changes.announce();
    Ok(())
}

/// Somebody among the members of something, for others in the same workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MemberPerson)]
pub(super) struct PersonView {
    user_id: Uuid,
    /// Null if another provider vouches for the account and told none.
    #[schema(format = Email, max_length = 254)]
    email: Option<String>,
    #[schema(min_length = 1, max_length = 100)]
    username: Option<String>,
    #[schema(max_length = 100)]
    first_name: String,
    #[schema(max_length = 100)]
    last_name: String,
    joined_at: Timestamp,
}

impl From<&Person> for PersonView {
    fn from(person: &Person) -> Self {
        Self {
            user_id: person.member.user_id,
            email: Some(person.email.clone()).filter(|email| !email.is_empty()),
            username: person.username.clone(),
            first_name: person.first_name.clone(),
            last_name: person.last_name.clone(),
            joined_at: Timestamp(person.member.joined_at_ms),
        }
    }
}

/// The place of a member in a list.
pub(super) fn person_key(person: &Person) -> Key {
    Key::Number(person.member.joined_at_ms, person.member.user_id)
}

/// A role out of the database. Its `CHECK` knows the same names, so the weakest is never needed.
pub(super) fn workspace_role(text: &str) -> WorkspaceRole {
    text.parse().unwrap_or(WorkspaceRole::Guest)
}

/// See [`workspace_role`].
pub(super) fn team_role(text: &str) -> TeamRole {
    text.parse().unwrap_or(TeamRole::Member)
}

/// See [`workspace_role`].
pub(super) fn project_role(text: &str) -> DocumentRole {
    text.parse().unwrap_or(DocumentRole::Viewer)
}

/// Lets those be put into teams and projects who are in the workspace as more than guests.
///
/// # Errors
/// 422.
pub(super) async fn require_colleague(tenant: &mut Tenant<'_>, user: Uuid) -> Result<(), Problem> {
    let member = tenant.member(user).await?;
    match member.map(|member| workspace_role(&member.role)) {
        Some(role) if role > WorkspaceRole::Guest => Ok(()),
        _ => Err(NOT_A_MEMBER),
    }
}
