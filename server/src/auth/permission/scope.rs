//! Scopes: what a credential that is less than its owner (API key, OAuth token) may be used for.
//!
//! Scopes only narrow. They never give what a role does not.

use std::fmt;

/// One scope. To write includes to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Scope {
    /// Everything the owner may do.
    Full,
    /// Administering accounts.
    Admin,
    /// Making accounts.
    UserCreate,
    /// The owner's profile, preferences, sessions.
    ProfileRead,
    /// Changing them.
    ProfileWrite,
    /// Workspaces, their settings and members.
    WorkspacesRead,
    /// Changing them, inviting.
    WorkspacesWrite,
    /// Teams and their members.
    TeamsRead,
    /// Changing them.
    TeamsWrite,
    /// Projects and their members.
    ProjectsRead,
    /// Changing them.
    ProjectsWrite,
    /// Documents, boards, tasks, comments, attachments.
    DocumentsRead,
    /// Commenting on them.
    DocumentsComment,
    /// Changing them.
    DocumentsWrite,
    /// Sharing them, and minting tokens for them.
    DocumentsShare,
    /// The audit log.
    AuditRead,
    /// Webhook endpoints and OAuth clients.
    IntegrationsWrite,
    /// OpenID Connect: an id token.
    OpenId,
    /// OpenID Connect: the name.
    Profile,
    /// OpenID Connect: the address.
    Email,
    /// OpenID Connect: a refresh token.
    OfflineAccess,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 21] = [
        Self::Full,
        Self::Admin,
        Self::UserCreate,
        Self::ProfileRead,
        Self::ProfileWrite,
        Self::WorkspacesRead,
        Self::WorkspacesWrite,
        Self::TeamsRead,
        Self::TeamsWrite,
        Self::ProjectsRead,
        Self::ProjectsWrite,
        Self::DocumentsRead,
        Self::DocumentsComment,
        Self::DocumentsWrite,
        Self::DocumentsShare,
        Self::AuditRead,
        Self::IntegrationsWrite,
        Self::OpenId,
        Self::Profile,
        Self::Email,
        Self::OfflineAccess,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Admin => "admin",
            Self::UserCreate => "user:create",
            Self::ProfileRead => "profile:read",
            Self::ProfileWrite => "profile:write",
            Self::WorkspacesRead => "workspaces:read",
            Self::WorkspacesWrite => "workspaces:write",
            Self::TeamsRead => "teams:read",
            Self::TeamsWrite => "teams:write",
            Self::ProjectsRead => "projects:read",
            Self::ProjectsWrite => "projects:write",
            Self::DocumentsRead => "documents:read",
            Self::DocumentsComment => "documents:comment",
            Self::DocumentsWrite => "documents:write",
            Self::DocumentsShare => "documents:share",
            Self::AuditRead => "audit:read",
            Self::IntegrationsWrite => "integrations:write",
            Self::OpenId => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::OfflineAccess => "offline_access",
        }
    }

    /// What people are told when they are asked to consent.
    pub fn description(self) -> &'static str {
        match self {
            Self::Full => "do everything that you may do",
            Self::Admin => "administer the accounts of this server",
            Self::UserCreate => "create accounts",
            Self::ProfileRead => "see your profile and preferences",
            Self::ProfileWrite => "change your profile and preferences",
            Self::WorkspacesRead => "see your workspaces and their members",
            Self::WorkspacesWrite => "change your workspaces and invite people",
            Self::TeamsRead => "see your teams",
            Self::TeamsWrite => "change your teams",
            Self::ProjectsRead => "see your projects",
            Self::ProjectsWrite => "change your projects",
            Self::DocumentsRead => "read your documents and boards",
            Self::DocumentsComment => "comment on your documents and boards",
            Self::DocumentsWrite => "change your documents and boards",
            Self::DocumentsShare => "share your documents and boards with others",
            Self::AuditRead => "read the audit log",
            Self::IntegrationsWrite => "manage webhooks and connected applications",
            Self::OpenId => "know who you are",
            Self::Profile => "know your name",
            Self::Email => "know your e-mail address",
            Self::OfflineAccess => "stay connected while you are away",
        }
    }

    /// The scopes that include this one.
    fn included_in(self) -> &'static [Self] {
        match self {
            Self::UserCreate => &[Self::Admin],
            Self::ProfileRead => &[Self::ProfileWrite],
            Self::WorkspacesRead => &[Self::WorkspacesWrite],
            Self::TeamsRead => &[Self::TeamsWrite],
            Self::ProjectsRead => &[Self::ProjectsWrite],
            Self::DocumentsRead => &[Self::DocumentsComment, Self::DocumentsWrite, Self::DocumentsShare],
            Self::DocumentsComment => &[Self::DocumentsWrite],
            _ => &[],
        }
    }

    fn bit(self) -> u32 {
        1 << (self as u8)
    }
}

/// A text asks for a scope that there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such scope")]
pub struct UnknownScope;

/// Some scopes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u32);

impl Scopes {
    /// None: may do nothing.
    pub const NONE: Self = Self(0);

    /// What a person's own session has.
    pub fn full() -> Self {
        Self::of(&[Scope::Full])
    }

    /// Exactly these.
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// Reads names with spaces between them, as in OAuth and in tokens.
    ///
    /// # Errors
    /// [`UnknownScope`] if there is no such one.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        text.split_ascii_whitespace()
            .try_fold(Self::NONE, |scopes, name| {
                let scope = Scope::ALL
                    .iter()
                    .find(|scope| scope.as_str() == name)
                    .ok_or(UnknownScope)?;
                Ok(Self(scopes.0 | scope.bit()))
            })
    }

    /// Whether `scope` is among them, itself or in one that includes it.
    pub fn allow(self, scope: Scope) -> bool {
        let has = |scope: Scope| self.0 & scope.bit() != 0;
        has(scope) || has(Scope::Full) || scope.included_in().iter().any(|wider| has(*wider))
    }

    /// Whether `scope` was named, for those that mean something by themselves (`openid`, `offline_access`).
    pub fn names(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether all of these are allowed by `wider`: nobody passes on more than they have.
    pub fn within(self, wider: Self) -> bool {
        self.iter().all(|scope| wider.allow(scope))
    }

    /// Those of these that `wider` names or allows.
    pub fn narrowed_to(self, wider: Self) -> Self {
        let kept: Vec<_> = self.iter().filter(|scope| wider.allow(*scope)).collect();
        Self::of(&kept)
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.0 & scope.bit() != 0)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(formatter, "{separator}{}", scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Scopes({self})")
    }
}
