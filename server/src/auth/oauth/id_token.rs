//! Id tokens: what a client learns about who logged in. Never accepted as access tokens: their type is another.

use serde::Serialize;
use uuid::Uuid;

use crate::auth::UnixSeconds;
use crate::auth::permission::{Scope, Scopes};
use crate::auth::tokens::keys::{KeyError, SigningKeys};

/// The `typ` of id tokens.
pub const ID_TOKEN_TYPE: &str = "JWT";
/// How long an id token lives.
pub const ID_TOKEN_SECONDS: u64 = 600;

/// About whom, and what may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdTokenRequest {
    /// Who logged in.
    pub user_id: Uuid,
    /// For which client.
    pub client_id: Uuid,
    /// When they logged in.
    pub authenticated_at: UnixSeconds,
    /// Their session.
    pub session: Option<Uuid>,
    /// What the client sent to be repeated.
    pub nonce: Option<String>,
    /// What the client may know.
    pub scopes: Scopes,
    /// Their name; told with the scope `profile`.
    pub name: Option<String>,
    /// Their verified address; told with the scope `email`.
    pub email: Option<String>,
}

/// What an id token says. Also the body of the userinfo endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdTokenClaims {
    iss: String,
    sub: Uuid,
    aud: Uuid,
    exp: UnixSeconds,
    iat: UnixSeconds,
    auth_time: UnixSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

impl IdTokenRequest {
    /// What may be told, by the scopes.
    pub fn claims(&self, issuer: &str, now: UnixSeconds) -> IdTokenClaims {
        let email = self.email.clone().filter(|_| self.scopes.names(Scope::Email));
        IdTokenClaims {
            iss: issuer.to_owned(),
            sub: self.user_id,
            aud: self.client_id,
            exp: now.saturating_add(ID_TOKEN_SECONDS),
            iat: now,
            auth_time: self.authenticated_at,
            sid: self.session,
            nonce: self.nonce.clone(),
            name: self.name.clone().filter(|_| self.scopes.names(Scope::Profile)),
            email_verified: email.as_ref().map(|_| true),
            email,
        }
    }
}

/// An id token, if the scopes ask for one.
///
/// # Errors
/// [`KeyError`] if no key may sign now.
pub fn mint_id_token(
    keys: &SigningKeys,
    issuer: &str,
    request: &IdTokenRequest,
    now: UnixSeconds,
) -> Result<Option<String>, KeyError> {
    if !request.scopes.names(Scope::OpenId) {
        return Ok(None);
    }
    keys.sign(ID_TOKEN_TYPE, &request.claims(issuer, now), now)
        .map(Some)
}
