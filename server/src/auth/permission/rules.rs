//! The rules: which role each action needs, and which scope.

use super::action::Action;
use super::role::{ContentState, DocumentRole, TeamRole, WorkspaceRole};
use super::scope::Scope;

/// The scope that `action` needs.
pub(super) fn scope(action: Action) -> Scope {
    match action {
        Action::CreateUser => Scope::UserCreate,
        Action::ListUsers | Action::AdministerUser => Scope::Admin,
        Action::ViewUser => Scope::ProfileRead,
        Action::UpdateUser => Scope::ProfileWrite,
        Action::ViewWorkspace | Action::ListMembers | Action::ReadUsage => Scope::WorkspacesRead,
        Action::CreateWorkspace
        | Action::UpdateWorkspace
        | Action::DeleteWorkspace
        | Action::LeaveWorkspace
        | Action::InviteMember
        | Action::ManageMembers => Scope::WorkspacesWrite,
        // A key that could make keys would outlive its own end.
        Action::CreateApiKey => Scope::Full,
        Action::ManageWebhooks | Action::ManageOAuthClients => Scope::IntegrationsWrite,
        Action::ReadAuditLog => Scope::AuditRead,
        Action::ViewTeam => Scope::TeamsRead,
        Action::CreateTeam | Action::UpdateTeam | Action::ManageTeamMembers | Action::DeleteTeam => {
            Scope::TeamsWrite
        }
        Action::ViewProject => Scope::ProjectsRead,
        Action::CreateProject
        | Action::UpdateProject
        | Action::ManageProjectMembers
        | Action::ArchiveProject
        | Action::DeleteProject
        | Action::RestoreProject => Scope::ProjectsWrite,
        Action::ViewDocument | Action::ReadContent | Action::ExportDocument => Scope::DocumentsRead,
        // Like a comment it says something to people.
        Action::CommentDocument | Action::RequestAccess => Scope::DocumentsComment,
        Action::CreateDocument
        | Action::EditContent
        | Action::UpdateDocument
        | Action::ManageVersions
        | Action::ModerateComments
        | Action::MoveDocument
        | Action::ArchiveDocument
        | Action::DeleteDocument
        | Action::RestoreDocument => Scope::DocumentsWrite,
        Action::ShareDocument | Action::MintDocumentToken => Scope::DocumentsShare,
    }
}

/// The weakest role in a workspace that may; `None`: it is not an action on workspaces.
pub(super) fn workspace(action: Action) -> Option<WorkspaceRole> {
    Some(match action {
        Action::ViewWorkspace | Action::LeaveWorkspace | Action::RequestAccess => WorkspaceRole::Guest,
        Action::ListMembers | Action::CreateApiKey | Action::CreateTeam => WorkspaceRole::Member,
        Action::InviteMember => WorkspaceRole::Manager,
        Action::UpdateWorkspace
        | Action::ManageMembers
        | Action::ManageWebhooks
        | Action::ManageOAuthClients
        | Action::ReadAuditLog
        | Action::ReadUsage => WorkspaceRole::Admin,
        Action::DeleteWorkspace => WorkspaceRole::Owner,
        _ => return None,
    })
}

/// The weakest roles in a team that may, and in its workspace whatever the team; `None`: not an action on teams.
pub(super) fn team(action: Action) -> Option<(TeamRole, WorkspaceRole)> {
    Some(match action {
        Action::ViewTeam | Action::CreateProject => (TeamRole::Member, WorkspaceRole::Manager),
        Action::UpdateTeam | Action::ManageTeamMembers => (TeamRole::Admin, WorkspaceRole::Manager),
        Action::DeleteTeam => (TeamRole::Admin, WorkspaceRole::Admin),
        _ => return None,
    })
}

/// The weakest role for a project that may; `None`: not an action on projects.
pub(super) fn project(action: Action) -> Option<DocumentRole> {
    Some(match action {
        Action::ViewProject => DocumentRole::Viewer,
        Action::UpdateProject | Action::CreateDocument => DocumentRole::Editor,
        Action::ManageProjectMembers
        | Action::ArchiveProject
        | Action::DeleteProject
        | Action::RestoreProject => DocumentRole::Owner,
        _ => return None,
    })
}

/// The weakest role for a document that may; `None`: not an action on documents.
pub(super) fn document(action: Action) -> Option<DocumentRole> {
    Some(match action {
        Action::ViewDocument | Action::ReadContent | Action::ExportDocument => DocumentRole::Viewer,
        Action::CommentDocument => DocumentRole::Commenter,
        Action::EditContent | Action::UpdateDocument | Action::ManageVersions => DocumentRole::Editor,
        Action::ModerateComments
        | Action::ShareDocument
        | Action::MintDocumentToken
        | Action::MoveDocument
        | Action::ArchiveDocument
        | Action::DeleteDocument
        | Action::RestoreDocument => DocumentRole::Owner,
        _ => return None,
    })
}

/// Whether something in `state` takes `action` at all.
pub(super) fn in_state(action: Action, state: ContentState) -> bool {
    let is_restore = matches!(action, Action::RestoreDocument | Action::RestoreProject);
    match state {
        ContentState::Live => !is_restore,
        ContentState::Archived => matches!(
            action,
            Action::ViewProject
                | Action::ManageProjectMembers
                | Action::ArchiveProject
                | Action::DeleteProject
                | Action::ViewDocument
                | Action::ReadContent
                | Action::ExportDocument
                | Action::ShareDocument
                | Action::ArchiveDocument
                | Action::DeleteDocument
        ),
        // What is in the trash shows itself to those who could take it out, and to nobody else.
        ContentState::Trashed => is_restore || matches!(action, Action::ViewDocument | Action::ViewProject),
    }
}
