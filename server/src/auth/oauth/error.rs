//! The errors of OAuth, as codes that clients know. Texts are constant; nothing of a request is repeated.

use serde_json::{Value, json};

/// The codes of RFC 6749, RFC 7009 and OpenID Connect that this server gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OAuthErrorCode {
    /// A parameter is missing, repeated or malformed.
    InvalidRequest,
    /// The client is unknown or did not prove who it is.
    InvalidClient,
    /// The code or refresh token is no good, or not this client's.
    InvalidGrant,
    /// This client may not use this grant.
    UnauthorizedClient,
    /// There is no such grant here.
    UnsupportedGrantType,
    /// There is no such response type here.
    UnsupportedResponseType,
    /// A scope does not exist or is more than the client may have.
    InvalidScope,
    /// The person, or a rule, said no.
    AccessDenied,
    /// `prompt=none`, and nobody is logged in.
    LoginRequired,
    /// `prompt=none`, and the person has not consented before.
    ConsentRequired,
    /// Something failed here.
    ServerError,
    /// Too much at once.
    TemporarilyUnavailable,
}

impl OAuthErrorCode {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// The HTTP status at the token endpoint.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            _ => 400,
        }
    }
}

/// A code with one constant sentence for developers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{description}")]
pub struct OAuthError {
    /// The code.
    pub code: OAuthErrorCode,
    /// The sentence.
    pub description: &'static str,
}

impl OAuthError {
    /// `code`, explained.
    pub const fn new(code: OAuthErrorCode, description: &'static str) -> Self {
        Self { code, description }
    }

    /// `invalid_request`, explained.
    pub const fn request(description: &'static str) -> Self {
        Self::new(OAuthErrorCode::InvalidRequest, description)
    }

    /// The client is not who it says, or nobody. One text for all reasons.
    pub const fn client() -> Self {
        Self::new(
            OAuthErrorCode::InvalidClient,
            "the client could not be authenticated",
        )
    }

    /// The code or token is no good. One text for all reasons.
    pub const fn grant() -> Self {
        Self::new(
            OAuthErrorCode::InvalidGrant,
            "the code or token is not valid for this client",
        )
    }

    /// The body at the token endpoint. Send `Cache-Control: no-store`, and with 401 `WWW-Authenticate: Basic`.
    pub fn body(&self) -> Value {
        json!({ "error": self.code.as_str(), "error_description": self.description })
    }
}
