//! Asking about tokens (RFC 7662) and taking them back (RFC 7009).
//!
//! A client hears about its own tokens and about no others: for those, as for junk, the answer is `active: false`.
//! Taking back what is not there, or not one's own, succeeds and does nothing.

use serde::Serialize;
use uuid::Uuid;

use super::error::OAuthError;
use super::params::Params;
use crate::auth::UnixSeconds;
use crate::auth::tokens::access::AccessClaims;
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};

/// Which token a request is about. The hint of the client is not needed: a token says what it is.
#[derive(Clone, PartialEq, Eq)]
pub enum TokenQuery {
    /// A refresh token: look it up by its hash.
    Refresh(OpaqueToken),
    /// Perhaps an access token: verify it.
    Access(String),
}

impl std::fmt::Debug for TokenQuery {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Refresh(_) => "Refresh(hidden)",
            Self::Access(_) => "Access(hidden)",
        })
    }
}

impl TokenQuery {
    /// Reads a form.
    ///
    /// # Errors
    /// `invalid_request` if there is no token.
    pub fn read(form: &Params) -> Result<Self, OAuthError> {
        let token = form.require("token", "token is missing")?;
        Ok(OpaqueToken::parse(TokenKind::Refresh, token)
            .map_or_else(|_| Self::Access(token.to_owned()), Self::Refresh))
    }
}

/// The answer to an introspection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Introspection {
    /// Whether it counts now.
    pub active: bool,
    /// Everything else, only about tokens that do.
    #[serde(flatten)]
    pub details: Option<IntrospectionDetails>,
}

/// What an active token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntrospectionDetails {
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    sub: Uuid,
    token_type: &'static str,
    exp: UnixSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<UnixSeconds>,
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<Uuid>,
}

/// What there is to say about a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshDetails {
    /// What it was granted, names with spaces between them.
    pub scope: String,
    /// To which client.
    pub client_id: Uuid,
    /// By whom.
    pub sub: Uuid,
    /// When it ends if it is not used.
    pub exp: UnixSeconds,
    /// Our public address.
    pub iss: String,
    /// The one workspace that it is limited to.
    pub workspace: Option<Uuid>,
}

impl Introspection {
    /// The token does not count, or it is none of the asker's business.
    pub const INACTIVE: Self = Self {
        active: false,
        details: None,
    };

    /// About a refresh token that counts and is the asker's.
    pub fn of_refresh(details: RefreshDetails) -> Self {
        Self {
            active: true,
            details: Some(IntrospectionDetails {
                scope: details.scope,
                client_id: Some(details.client_id.to_string()),
                sub: details.sub,
                token_type: "refresh_token",
                exp: details.exp,
                iat: None,
                iss: details.iss,
                aud: None,
                workspace: details.workspace,
            }),
        }
    }

    /// About an access token that was verified and whose session or grant goes on; `asker` is the client that asks.
    pub fn of_access(claims: &AccessClaims, asker: Uuid) -> Self {
        if claims.client_id.as_deref() != Some(asker.to_string().as_str()) {
            return Self::INACTIVE;
        }
        Self {
            active: true,
            details: Some(IntrospectionDetails {
                scope: claims.scope.clone(),
                client_id: claims.client_id.clone(),
                sub: claims.sub,
                token_type: "Bearer",
                exp: claims.exp,
                iat: Some(claims.iat),
                iss: claims.iss.clone(),
                aud: Some(claims.aud.clone()),
                workspace: claims.workspace,
            }),
        }
    }
}
