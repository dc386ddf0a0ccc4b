//! Everything that can be done to something, as far as permission is concerned.

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident,)+) => {
        /// What somebody wants to do. The name says what it is done to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $variant,)+ }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }
    };
}

actions! {
    /// List all accounts of the server.
    ListUsers,
    /// Make an account for somebody.
    CreateUser,
    /// Change any account: status, role, name.
    AdministerUser,
    /// See somebody's public profile.
    ViewUser,
    /// Change a profile, its preferences, avatar, sessions, keys.
    UpdateUser,
    /// Make a workspace of one's own.
    CreateWorkspace,

    /// See that it exists, its name and settings.
    ViewWorkspace,
    /// Change its name and settings, its domains.
    UpdateWorkspace,
    /// End it.
    DeleteWorkspace,
    /// Leave it.
    LeaveWorkspace,
    /// See who is in it.
    ListMembers,
    /// Invite somebody, withdraw an invitation (see also `may_assign`).
    InviteMember,
    /// Change somebody's role or remove them (see also `may_assign`).
    ManageMembers,
    /// Make a key for oneself that is confined to it.
    CreateApiKey,
    /// Manage webhook endpoints.
    ManageWebhooks,
    /// Manage the OAuth clients of the workspace.
    ManageOAuthClients,
    /// Read the audit log.
    ReadAuditLog,
    /// Read usage and analytics.
    ReadUsage,
    /// Make a team.
    CreateTeam,
    /// Ask to see a document of it that one does not see.
    RequestAccess,

    /// See a team and its members.
    ViewTeam,
    /// Change its name and description.
    UpdateTeam,
    /// Add, change, remove members.
    ManageTeamMembers,
    /// End it.
    DeleteTeam,
    /// Make a project in it.
    CreateProject,

    /// See a project, its members, and the names of what is in it.
    ViewProject,
    /// Change its name, description, dates.
    UpdateProject,
    /// Add, change, remove members.
    ManageProjectMembers,
    /// Archive it or bring it back.
    ArchiveProject,
    /// Put it in the trash.
    DeleteProject,
    /// Take it out of the trash.
    RestoreProject,
    /// Make a document or board in it.
    CreateDocument,

    /// See its title and other metadata.
    ViewDocument,
    /// Read the content, over REST or a socket; see who is there.
    ReadContent,
    /// Export it or read its versions.
    ExportDocument,
    /// Write comments.
    CommentDocument,
    /// Delete the comments of others.
    ModerateComments,
    /// Change the content, over REST or a socket.
    EditContent,
    /// Change the title and other metadata; add attachments.
    UpdateDocument,
    /// Name or restore a version.
    ManageVersions,
    /// See and change with whom it is shared, and its links.
    ShareDocument,
    /// Mint tokens that open it.
    MintDocumentToken,
    /// Move it to another project.
    MoveDocument,
    /// Archive it or bring it back.
    ArchiveDocument,
    /// Put it in the trash.
    DeleteDocument,
    /// Take it out of the trash.
    RestoreDocument,
}
