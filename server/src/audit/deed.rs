//! What is written down without an event that tells of it.
//!
//! The list is closed, so that the documentation and the test that walks through all of it are held to it. Invariant: no deed has the
//! name of an event, and a name never changes: entries keep it for ever.

macro_rules! deeds {
    ($($name:ident: $action:literal, $subject:literal;)+) => {
        /// Something that is done, by its name in entries.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Deed {
            $(#[doc = concat!("`", $action, "` of a `", $subject, "`.")] $name,)+
        }

        impl Deed {
            /// All of them.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name,)+];

            /// As an entry has it.
            pub(super) fn action(self) -> &'static str {
                match self {
                    $(Self::$name => $action,)+
                }
            }

            /// What it is done to.
            pub(super) fn subject(self) -> &'static str {
                match self {
                    $(Self::$name => $subject,)+
                }
            }
        }
    };
}

deeds! {
    LoggedIn: "auth.login", "session";
    LoginFailed: "auth.login_failed", "user";
    PasswordFailed: "auth.password_failed", "user";
    SessionEnded: "auth.session_ended", "session";
    RefreshTokenReused: "auth.refresh_token_reused", "session";
    PasswordChanged: "auth.password_changed", "user";
    PasswordReset: "auth.password_reset", "user";
    EmailVerified: "auth.email_verified", "user";
    EmailChanged: "auth.email_changed", "user";
    UserCreated: "user.created", "user";
    UserStandingChanged: "user.standing_changed", "user";
    UserDeleted: "user.deleted", "user";
    WorkspaceCreated: "workspace.created", "workspace";
    WorkspaceDeleted: "workspace.deleted", "workspace";
    WorkspaceRestored: "workspace.restored", "workspace";
    InvitationResent: "invitation.resent", "invitation";
    InvitationRevoked: "invitation.revoked", "invitation";
    ApiKeyCreated: "api_key.created", "api_key";
    ApiKeyRevoked: "api_key.revoked", "api_key";
    OAuthClientCreated: "oauth_client.created", "oauth_client";
    OAuthClientChanged: "oauth_client.changed", "oauth_client";
    OAuthClientSecretRotated: "oauth_client.secret_rotated", "oauth_client";
    OAuthClientDeleted: "oauth_client.deleted", "oauth_client";
    OAuthGrantMade: "oauth_grant.made", "oauth_grant";
    OAuthGrantRevoked: "oauth_grant.revoked", "oauth_grant";
    WebhookEndpointCreated: "webhook_endpoint.created", "webhook_endpoint";
    WebhookEndpointChanged: "webhook_endpoint.changed", "webhook_endpoint";
    WebhookEndpointSecretRotated: "webhook_endpoint.secret_rotated", "webhook_endpoint";
    WebhookEndpointSigningKeyRotated: "webhook_endpoint.signing_key_rotated", "webhook_endpoint";
    WebhookEndpointDeleted: "webhook_endpoint.deleted", "webhook_endpoint";
    BoardExported: "board.exported", "document";
    AuditExported: "audit.exported", "workspace";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_every_deed() {
        let page = include_str!("../../../docs/audit.md");
        let rows = page
            .lines()
            .filter(|line| line.starts_with("| workspace |") || line.starts_with("| server |"));
        let said: String = rows.collect();
        for deed in Deed::ALL {
            let action = deed.action();
            assert!(
                said.contains(&format!("`{action}`")),
                "docs/audit.md does not name {action}"
            );
        }
        // The walk through all of them takes its list from the page: it must name nothing else either.
        let named = said
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| name.contains('.'));
        for name in named {
            let is_one = Deed::ALL.iter().any(|deed| deed.action() == name);
            assert!(
                is_one || name == "task.moved" || name == "member.role_changed",
                "{name} is no deed"
            );
        }
    }
}
