//! The pure parts of the OAuth 2 authorization server and OpenID provider.
//!
//! What it offers: authorization code with PKCE (S256 only), refresh and client credentials; revocation, introspection,
//! discovery. What it never offers: implicit, password, plain PKCE, wildcards in redirect addresses, tokens in
//! addresses. Invariant: nothing is sent to a redirect address before that address was found, letter by letter, among
//! those the client registered; an authorization code is good once, and a second use ends what the first one gave.
//!
//! Nothing here keeps or reads anything: whoever serves the routes loads the client and the code, asks, and stores.

mod authorize;
mod client;
mod code;
mod discovery;
mod error;
mod id_token;
mod introspect;
mod params;
mod pkce;
mod token;

pub use self::authorize::{AuthorizationError, AuthorizationRequest, Prompt};
pub use self::client::{
    Client, ClientCredentials, ClientKind, ClientMethod, InvalidRedirect, MAX_REDIRECTS, check_redirect,
};
pub use self::code::{CODE_SECONDS, CodeDecision, CodeRecord};
pub use self::discovery::{authorization_server_metadata, openid_configuration};
pub use self::error::{OAuthError, OAuthErrorCode};
pub use self::id_token::{ID_TOKEN_SECONDS, ID_TOKEN_TYPE, IdTokenClaims, IdTokenRequest, mint_id_token};
pub use self::introspect::{Introspection, IntrospectionDetails, RefreshDetails, TokenQuery};
pub use self::params::Params;
pub use self::pkce::{CodeChallenge, CodeVerifier};
pub use self::token::{GrantRequest, GrantType, TokenResponse};

#[cfg(test)]
mod tests;
