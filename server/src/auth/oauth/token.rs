//! Requests to the token endpoint and its answers.

use serde::Serialize;

use super::error::{OAuthError, OAuthErrorCode};
use super::params::Params;
use crate::auth::permission::Scopes;
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};

/// The grants that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantType {
    /// A code that a person's consent gave.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
    /// The client for itself.
    ClientCredentials,
}

impl GrantType {
    /// Every grant.
    pub const ALL: [Self; 3] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }

    /// The grant of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

/// What a client asks the token endpoint for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantRequest {
    /// Tokens for a code.
    AuthorizationCode {
        /// The code.
        code: OpaqueToken,
        /// Where it was sent.
        redirect: Option<String>,
        /// The client's verifier.
        verifier: Option<String>,
    },
    /// New tokens for a refresh token.
    RefreshToken {
        /// The token.
        token: OpaqueToken,
        /// Fewer scopes than before, if so wished.
        scope: Option<String>,
    },
    /// A token for the client itself.
    ClientCredentials {
        /// The scopes, if not all.
        scope: Option<String>,
    },
}

impl GrantRequest {
    /// Reads a form. A text that cannot be a code or token is refused here, unseen.
    ///
    /// # Errors
    /// `invalid_request`, `unsupported_grant_type` (among them `password`) or `invalid_grant`.
    pub fn read(form: &Params) -> Result<Self, OAuthError> {
        let name = form.require("grant_type", "grant_type is missing")?;
        let unknown = OAuthError::new(
            OAuthErrorCode::UnsupportedGrantType,
            "there is no such grant_type",
        );
        let text = |name: &str| form.get(name).map(str::to_owned);
        Ok(match GrantType::parse(name).ok_or(unknown)? {
            GrantType::AuthorizationCode => {
                let code = form.require("code", "code is missing")?;
                Self::AuthorizationCode {
                    code: OpaqueToken::parse(TokenKind::AuthorizationCode, code)
                        .map_err(|_| OAuthError::grant())?,
                    redirect: text("redirect_uri"),
                    verifier: text("code_verifier"),
                }
            }
            GrantType::RefreshToken => {
                let token = form.require("refresh_token", "refresh_token is missing")?;
                Self::RefreshToken {
                    token: OpaqueToken::parse(TokenKind::Refresh, token).map_err(|_| OAuthError::grant())?,
                    scope: text("scope"),
                }
            }
            GrantType::ClientCredentials => Self::ClientCredentials { scope: text("scope") },
        })
    }

    /// Its kind.
    pub fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode { .. } => GrantType::AuthorizationCode,
            Self::RefreshToken { .. } => GrantType::RefreshToken,
            Self::ClientCredentials { .. } => GrantType::ClientCredentials,
        }
    }
}

/// The answer of the token endpoint (RFC 6749 5.1). Send it with `Cache-Control: no-store`.
#[derive(Clone, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// How long it lives, in seconds.
    pub expires_in: u64,
    /// The next refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The id token, if `openid` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What was granted.
    pub scope: String,
}

impl TokenResponse {
    /// With an access token alone.
    pub fn new(access_token: String, expires_in: u64, scopes: Scopes) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in,
            refresh_token: None,
            id_token: None,
            scope: scopes.to_string(),
        }
    }
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TokenResponse")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
