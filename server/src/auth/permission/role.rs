//! The roles, how they add up to one role for a document, and who may hand them out.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such role")]
pub struct UnknownRole;

macro_rules! roles {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[serde(into = "&'static str")]
        #[schema(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Every role, the weakest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name, in lower case.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownRole;

            /// Reads a name in any case.
            fn from_str(text: &str) -> Result<Self, UnknownRole> {
                let found = Self::ALL.iter().find(|role| role.as_str().eq_ignore_ascii_case(text));
                found.copied().ok_or(UnknownRole)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(|_| D::Error::unknown_variant(&text, &[$($text),+]))
            }
        }

        impl From<$name> for &'static str {
            fn from(role: $name) -> Self {
                role.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

roles! {
    /// Somebody's role for the whole server.
    ServerRole {
        /// Nothing beyond their own workspaces.
        User = "user",
        /// May administer accounts. Says nothing about what is inside workspaces.
        Admin = "admin",
    }
}

roles! {
    /// Somebody's role in a workspace, the weakest first.
    WorkspaceRole {
        /// Sees what is shared with them by name, and nothing else.
        Guest = "guest",
        /// Works in teams.
        Member = "member",
        /// Also invites people and looks after teams, but sees only the content of their own.
        Manager = "manager",
        /// Also administers the workspace and everything in it.
        Admin = "admin",
        /// Also may end it and name other owners.
        Owner = "owner",
    }
}

roles! {
    /// Somebody's role in a team, the weakest first.
    TeamRole {
        /// Edits what belongs to the team.
        Member = "member",
        /// Owns what belongs to the team.
        Admin = "admin",
    }
}

roles! {
    /// Somebody's role for a project or a document, the weakest first.
    DocumentRole {
        /// Sees it.
        Viewer = "viewer",
        /// Also writes comments, which live outside of the document.
        Commenter = "commenter",
        /// Also changes it.
        Editor = "editor",
        /// Also shares, moves and deletes it.
        Owner = "owner",
    }
}

/// Where a document or project is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ContentState {
    /// In use.
    #[default]
    Live,
    /// Kept, but changed no more.
    Archived,
    /// In the trash.
    Trashed,
}

/// What connects a principal with a project or document. Everything is about the resource's own workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The workspace that owns it.
    pub workspace_id: Uuid,
    /// The principal's role there. Without one, only `bearer` counts.
    pub workspace: Option<WorkspaceRole>,
    /// Their role in the team that the project belongs to.
    pub team: Option<TeamRole>,
    /// Their role in the project.
    pub project: Option<DocumentRole>,
    /// What is shared with them by name.
    pub share: Option<DocumentRole>,
    /// What a link or document token that was presented, valid and for this document, gives to whoever bears it.
    pub bearer: Option<DocumentRole>,
    /// Where it is in its life.
    pub state: ContentState,
}

impl Facts {
    /// Nothing connects them.
    pub fn stranger(workspace_id: Uuid) -> Self {
        Self {
            workspace_id,
            workspace: None,
            team: None,
            project: None,
            share: None,
            bearer: None,
            state: ContentState::Live,
        }
    }
}

/// The role for a document: the strongest of what the workspace, the team, the project, a share and a link give.
///
/// Then the caps: a guest has what is shared with them by name, and no more. A link is for whoever holds it, so it
/// counts for guests as for strangers, but it never makes anybody an owner, who could share further.
pub fn effective_role(facts: &Facts) -> Option<DocumentRole> {
    let bearer = facts.bearer.map(|role| role.min(DocumentRole::Editor));
    effective_project_role(facts).max(named_share(facts)).max(bearer)
}

/// The role for a project: as for a document, but a share or a link opens one document and not its project.
pub fn effective_project_role(facts: &Facts) -> Option<DocumentRole> {
    let from_team = facts.team.map(|role| match role {
        TeamRole::Member => DocumentRole::Editor,
        TeamRole::Admin => DocumentRole::Owner,
    });
    match facts.workspace? {
        WorkspaceRole::Guest => None,
        WorkspaceRole::Member | WorkspaceRole::Manager => facts.project.max(from_team),
        WorkspaceRole::Admin | WorkspaceRole::Owner => Some(DocumentRole::Owner),
    }
}

/// A share by name, which only somebody in the workspace can have.
fn named_share(facts: &Facts) -> Option<DocumentRole> {
    facts.workspace.and(facts.share)
}

/// Whether somebody with role `actor` in a workspace may change a member from `from` (`None`: invite) to `to` (`None`:
/// remove). Nobody hands out more than they have, nor touches somebody stronger; only owners touch owners. That a
/// workspace keeps an owner is checked where the rows are.
pub fn may_assign(actor: WorkspaceRole, from: Option<WorkspaceRole>, to: Option<WorkspaceRole>) -> bool {
    let reach = match actor {
        WorkspaceRole::Owner => WorkspaceRole::Owner,
        WorkspaceRole::Admin => WorkspaceRole::Admin,
        // A manager invites, but does not change those who are there.
        WorkspaceRole::Manager if from.is_none() => WorkspaceRole::Member,
        WorkspaceRole::Manager | WorkspaceRole::Member | WorkspaceRole::Guest => return false,
    };
    from.is_none_or(|role| role <= reach) && to.is_none_or(|role| role <= reach)
}

/// Whether somebody with role `actor` for a document may share it as `to`, by name or (`None` for `actor`: nobody).
pub fn may_share(actor: Option<DocumentRole>, to: DocumentRole) -> bool {
    actor == Some(DocumentRole::Owner) && Some(to) <= actor
}
