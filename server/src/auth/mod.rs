//! Who may open which document: the one question, asked by every entrance.
//!
//! Invariant: outside of the playground nobody gets in without a token that one of our secrets signed, for us, that
//! has not expired and that names the document. Messages are constant; a token never reaches a log or an answer.
//!
//! Accounts stand on the parts below: `password`, `tokens`, `throttle` (how often one may try), `permission` (who may do
//! what: one function), `oauth` (we as a provider), `external` (others who vouch), `credential` (which of these a text
//! is), `sealed` (secrets at rest), `random` (the one source). None of them stores, serves or asks for the time.

pub mod credential;
mod documents;
pub mod external;
pub mod oauth;
pub mod password;
pub mod permission;
pub mod random;
pub mod sealed;
pub mod settings;
pub mod throttle;
mod token;
pub mod tokens;

use std::sync::Arc;

use weft_protocol::id::DocumentName;

pub use self::documents::{DocumentPattern, InvalidPattern};
pub use self::token::{MAX_TOKEN_BYTES, MintError, TokenRequest};

use self::token::TokenVerifier;
use crate::config::Config;

/// Seconds since 1970 in UTC.
pub type UnixSeconds = u64;

/// What a principal may do with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// See and change it.
    ReadWrite,
    /// See it; presence is still shown to others.
    ReadOnly,
}

/// Leave to open one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What it allows.
    pub access: Access,
    /// Whose it is.
    pub principal: Principal,
    /// When it ends; in the playground never.
    pub expires_at: Option<UnixSeconds>,
}

/// Somebody on whose behalf a client acts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal {
    /// The application's name for them (the token's `sub`).
    pub subject: Arc<str>,
}

/// Why a document stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// There is no token, or it is not good.
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    /// The token is good, but not for this document.
    #[error("this token does not open this document")]
    Forbidden,
}

/// Why a token is not good. The texts are constant and may be shown to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unauthorized {
    /// None came, or an empty one.
    #[error("a token is required")]
    Missing,
    /// It is longer than [`MAX_TOKEN_BYTES`]; it was not looked at.
    #[error("the token is too long")]
    TooLong,
    /// It is no token, is not signed by a known secret, or not made for this server.
    #[error("the token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It would be good for longer than the server accepts.
    #[error("the token lives too long")]
    LivesTooLong,
}

impl Refusal {
    /// The stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unauthorized(Unauthorized::Missing) => "TOKEN_MISSING",
            Self::Unauthorized(Unauthorized::TooLong) => "TOKEN_TOO_LONG",
            Self::Unauthorized(Unauthorized::Invalid) => "TOKEN_INVALID",
            Self::Unauthorized(Unauthorized::Expired) => "TOKEN_EXPIRED",
            Self::Unauthorized(Unauthorized::LivesTooLong) => "TOKEN_LIVES_TOO_LONG",
            Self::Forbidden => "FORBIDDEN",
        }
    }

    /// The kind under which `weft_auth_failures_total` counts it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Unauthorized(Unauthorized::Missing) => "missing",
            Self::Unauthorized(Unauthorized::TooLong | Unauthorized::Invalid) => "invalid",
            Self::Unauthorized(Unauthorized::Expired | Unauthorized::LivesTooLong) => "expired",
            Self::Forbidden => "forbidden",
        }
    }
}

/// Decides who may open what. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Authenticator(Arc<Mode>);

#[derive(Debug)]
enum Mode {
    Playground(Principal),
    Tokens(Box<TokenVerifier>),
}

impl Authenticator {
    /// The way in that `config` chooses.
    pub fn new(config: &Config) -> Self {
        Self(Arc::new(if config.server.playground {
            Mode::Playground(Principal {
                subject: "playground".into(),
            })
        } else {
            Mode::Tokens(Box::new(TokenVerifier::new(&config.auth)))
        }))
    }

    /// May the bearer of `token` open `document` at `now`?
    ///
    /// # Errors
    /// [`Refusal`] says why not.
    pub fn authorize(
        &self,
        token: Option<&str>,
        document: &DocumentName,
        now: UnixSeconds,
    ) -> Result<Grant, Refusal> {
        match &*self.0 {
            Mode::Playground(principal) => Ok(Grant {
                access: Access::ReadWrite,
                principal: principal.clone(),
                expires_at: None,
            }),
            Mode::Tokens(verifier) => verifier.authorize(token.unwrap_or_default(), document, now),
        }
    }
}

/// Signs a document token with the first secret of `config`, as an application's backend would.
///
/// # Errors
/// [`MintError`] if there is no secret or the request asks for something that the server would refuse.
pub fn mint(config: &Config, request: &TokenRequest, now: UnixSeconds) -> Result<String, MintError> {
    token::mint(&config.auth, request, now)
}

#[cfg(test)]
mod tests;
