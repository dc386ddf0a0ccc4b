//! The decision itself.

use uuid::Uuid;

use super::action::Action;
use super::role::{
    ContentState, DocumentRole, Facts, ServerRole, TeamRole, WorkspaceRole, effective_project_role,
    effective_role,
};
use super::rules;
use super::scope::Scopes;

/// How a principal stands with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Nobody is logged in.
    Anonymous,
    /// An account whose address is not verified: may look after itself, and nothing else.
    Unverified,
    /// An account, or a client that acts for itself, in good standing.
    Active,
    /// An account that was disabled: may do nothing at all.
    Disabled,
}

/// Facts about whoever acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrincipalFacts {
    /// How they stand with the server.
    pub standing: Standing,
    /// Their role for the server.
    pub server_role: ServerRole,
    /// The one workspace that their credential is for, if it is for one.
    pub confined_to: Option<Uuid>,
    /// What their credential may be used for.
    pub scopes: Scopes,
}

impl PrincipalFacts {
    /// Nobody in particular.
    pub const ANONYMOUS: Self = Self {
        standing: Standing::Anonymous,
        server_role: ServerRole::User,
        confined_to: None,
        scopes: Scopes::NONE,
    };
}

/// What an account is to whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserRelation {
    /// Their own.
    Myself,
    /// Somebody with whom they share a workspace where they may list the members.
    Colleague,
    /// Anybody else.
    Stranger,
}

/// Facts about what is acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// The server as a whole.
    Server,
    /// An account.
    User(UserRelation),
    /// A workspace.
    Workspace {
        /// Its id.
        id: Uuid,
        /// The principal's role in it.
        role: Option<WorkspaceRole>,
    },
    /// A team.
    Team {
        /// The workspace that owns it.
        workspace_id: Uuid,
        /// The principal's role there.
        workspace: Option<WorkspaceRole>,
        /// The principal's role in the team.
        role: Option<TeamRole>,
    },
    /// A project.
    Project(Facts),
    /// A document or board.
    Document(Facts),
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Decision {
    /// Go on.
    Allow,
    /// Do not.
    Deny(Denial),
}

/// Why not, which is also how to say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Denial {
    /// Nobody is logged in (401).
    Unauthenticated,
    /// The account is disabled (401; its sessions are over).
    Disabled,
    /// The address must be verified first (403).
    Unverified,
    /// The credential's scopes do not include it (403, `insufficient_scope`).
    Scope,
    /// The principal sees it but may not do this to it (403).
    Forbidden,
    /// The principal does not even see it (404).
    Hidden,
}

impl Decision {
    /// Whether to go on.
    pub fn is_allowed(self) -> bool {
        self == Self::Allow
    }
}

/// May this principal do this to that?
pub fn may(principal: &PrincipalFacts, action: Action, resource: &Resource) -> Decision {
    match denial(principal, action, resource) {
        Some(denial) => Decision::Deny(denial),
        None => Decision::Allow,
    }
}

fn denial(principal: &PrincipalFacts, action: Action, resource: &Resource) -> Option<Denial> {
    match principal.standing {
        Standing::Disabled => return Some(Denial::Disabled),
        Standing::Unverified if *resource != Resource::User(UserRelation::Myself) => {
            return Some(Denial::Unverified);
        }
        Standing::Anonymous => return denial_for_bearer(action, resource),
        Standing::Unverified | Standing::Active => {}
    }
    let confined_elsewhere = match (principal.confined_to, workspace_of(resource)) {
        (Some(confined_to), Some(workspace)) => confined_to != workspace,
        // A credential for one workspace administers no server.
        (Some(_), None) => matches!(resource, Resource::Server),
        (None, _) => false,
    };
    if confined_elsewhere || !sees(principal, resource) {
        return Some(Denial::Hidden);
    }
    if !principal.scopes.allow(rules::scope(action)) {
        return Some(Denial::Scope);
    }
    (!is_allowed(principal, action, resource)).then_some(Denial::Forbidden)
}

/// Without an account there is only what a link or document token gives for one document, with no scopes of its own.
fn denial_for_bearer(action: Action, resource: &Resource) -> Option<Denial> {
    match resource {
        Resource::Document(facts) if sees_content(effective_role(facts), facts.state) => {
            (!allows_document(action, facts)).then_some(Denial::Forbidden)
        }
        _ => Some(Denial::Unauthenticated),
    }
}

fn workspace_of(resource: &Resource) -> Option<Uuid> {
    match resource {
        Resource::Server | Resource::User(_) => None,
        Resource::Workspace { id, .. } => Some(*id),
        Resource::Team { workspace_id, .. } => Some(*workspace_id),
        Resource::Project(facts) | Resource::Document(facts) => Some(facts.workspace_id),
    }
}

/// Whether the principal may know that it exists, by role alone.
fn sees(principal: &PrincipalFacts, resource: &Resource) -> bool {
    match resource {
        Resource::Server => true,
        Resource::User(relation) => *relation != UserRelation::Stranger || administers_accounts(principal),
        Resource::Workspace { role, .. } => role.is_some(),
        Resource::Team { workspace, role, .. } => allows_team(Action::ViewTeam, *workspace, *role),
        Resource::Project(facts) => sees_content(effective_project_role(facts), facts.state),
        Resource::Document(facts) => sees_content(effective_role(facts), facts.state),
    }
}

/// A credential for one workspace looks after no accounts, whoever its owner is.
fn administers_accounts(principal: &PrincipalFacts) -> bool {
    principal.server_role == ServerRole::Admin && principal.confined_to.is_none()
}

fn sees_content(role: Option<DocumentRole>, state: ContentState) -> bool {
    match state {
        ContentState::Live | ContentState::Archived => role.is_some(),
        ContentState::Trashed => role == Some(DocumentRole::Owner),
    }
}

fn is_allowed(principal: &PrincipalFacts, action: Action, resource: &Resource) -> bool {
    match resource {
        Resource::Server => match action {
            Action::CreateWorkspace => true,
            Action::ListUsers | Action::CreateUser => principal.server_role == ServerRole::Admin,
            _ => false,
        },
        Resource::User(relation) => match action {
            Action::ViewUser => true,
            Action::UpdateUser => *relation == UserRelation::Myself,
            Action::AdministerUser => administers_accounts(principal),
            _ => false,
        },
        Resource::Workspace { role, .. } => {
            rules::workspace(action).is_some_and(|least| *role >= Some(least))
        }
        Resource::Team { workspace, role, .. } => allows_team(action, *workspace, *role),
        Resource::Project(facts) => {
            rules::in_state(action, facts.state)
                && rules::project(action).is_some_and(|least| effective_project_role(facts) >= Some(least))
        }
        Resource::Document(facts) => allows_document(action, facts),
    }
}

/// A team's role counts only in somebody who is in the workspace as more than a guest.
fn allows_team(action: Action, workspace: Option<WorkspaceRole>, role: Option<TeamRole>) -> bool {
    let role = role.filter(|_| workspace > Some(WorkspaceRole::Guest));
    rules::team(action)
        .is_some_and(|(in_team, anywhere)| role >= Some(in_team) || workspace >= Some(anywhere))
}

fn allows_document(action: Action, facts: &Facts) -> bool {
    rules::in_state(action, facts.state)
        && rules::document(action).is_some_and(|least| effective_role(facts) >= Some(least))
}
