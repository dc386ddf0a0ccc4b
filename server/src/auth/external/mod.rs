//! Others who vouch for people: an issuer whose tokens count here, a provider through which people log in.
//!
//! Invariant: a foreign token counts only with a key from the issuer's own key set, fetched over the one client for
//! outgoing requests, and with the exact issuer and audience. Somebody from elsewhere is known by issuer *and* subject
//! together, never by an e-mail address alone.

mod issuer;
mod jwk;
mod key_set;
mod oidc;

pub use self::issuer::{ClaimsMapping, ExternalIdentity, ExternalIssuer, ExternalSettings};
pub use self::key_set::KeySetCache;
pub use self::oidc::{Callback, LoginAttempt, OidcClient, OidcIdentity, OidcSettings};

use super::Unauthorized;
use crate::outgoing::OutgoingError;

/// Why somebody else's word does not count.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    /// The token is no good.
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    /// The other side cannot be asked, or answered nonsense: nobody's fault here, worth another try.
    #[error("the other side did not answer as it should: {0}")]
    Unavailable(#[from] OutgoingError),
    /// The other side failed to answer a moment ago; it is left alone for a few seconds.
    #[error("the other side did not answer a moment ago")]
    Waiting,
    /// Its metadata speak of somebody else.
    #[error("the metadata are not those of the configured issuer")]
    WrongIssuer,
    /// The answer does not belong to a login that this browser began, or that login is too old.
    #[error("this login was not begun here, or too long ago")]
    UnknownLogin,
    /// The provider, or the person there, said no.
    #[error("the provider refused the login")]
    Refused,
}

#[cfg(test)]
mod tests;
