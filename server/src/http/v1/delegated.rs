//! Scopes as requests and answers name them, where a credential is made that is less than its owner.
//!
//! `full` is not among them: what could do everything could make further credentials, and outlive its own end. Nor are
//! those about the server: such a credential is for one workspace.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::permission::{Scope, Scopes};

macro_rules! scope_names {
    ($(#[$doc:meta])* $type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
        pub(in crate::http) enum $type { $(#[serde(rename = $name)] $variant),+ }

        impl $type {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn scope(self) -> Scope {
                match self { $(Self::$variant => Scope::$variant),+ }
            }

            /// What a list of names amounts to.
            pub(in crate::http) fn together(names: &[Self]) -> Scopes {
                Scopes::of(&names.iter().map(|name| name.scope()).collect::<Vec<_>>())
            }

            /// The names in a stored text. What this program does not know gives nothing.
            pub(in crate::http) fn named_in(text: &str) -> Vec<Self> {
                let scopes = Scopes::parse(text).unwrap_or_default();
                Self::ALL.iter().copied().filter(|name| scopes.names(name.scope())).collect()
            }
        }
    };
}

scope_names! {
    /// What an API key may be used for. To write includes to read.
    KeyScope {
        ProfileRead = "profile:read",
        ProfileWrite = "profile:write",
        WorkspacesRead = "workspaces:read",
        WorkspacesWrite = "workspaces:write",
        TeamsRead = "teams:read",
        TeamsWrite = "teams:write",
        ProjectsRead = "projects:read",
        ProjectsWrite = "projects:write",
        DocumentsRead = "documents:read",
        DocumentsComment = "documents:comment",
        DocumentsWrite = "documents:write",
        DocumentsShare = "documents:share",
        AuditRead = "audit:read",
        IntegrationsWrite = "integrations:write",
    }
}

scope_names! {
    /// What an application may be allowed. To write includes to read.
    ClientScope {
        ProfileRead = "profile:read",
        ProfileWrite = "profile:write",
        WorkspacesRead = "workspaces:read",
        WorkspacesWrite = "workspaces:write",
        TeamsRead = "teams:read",
        TeamsWrite = "teams:write",
        ProjectsRead = "projects:read",
        ProjectsWrite = "projects:write",
        DocumentsRead = "documents:read",
        DocumentsComment = "documents:comment",
        DocumentsWrite = "documents:write",
        DocumentsShare = "documents:share",
        AuditRead = "audit:read",
        IntegrationsWrite = "integrations:write",
        OpenId = "openid",
        Profile = "profile",
        Email = "email",
        OfflineAccess = "offline_access",
    }
}
