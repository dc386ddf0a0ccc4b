//! OAuth clients: what they may do, where answers may be sent, and how they prove who they are.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::{Host, Url};
use uuid::Uuid;

use super::error::{OAuthError, OAuthErrorCode};
use super::params::Params;
use super::token::GrantType;
use crate::auth::UnixSeconds;
use crate::auth::permission::Scopes;
use crate::auth::tokens::opaque::{OpaqueToken, TokenHash, TokenKind};

/// The most redirect addresses of a client.
pub const MAX_REDIRECTS: usize = 20;
/// The longest redirect address.
const MAX_REDIRECT_BYTES: usize = 1_024;
/// The longest `Authorization` header that is read.
const MAX_HEADER_BYTES: usize = 2_048;

/// Whether a client can keep a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientKind {
    /// Runs on people's machines; proves itself by PKCE alone.
    Public,
    /// Runs on a server and has a secret.
    Confidential,
}

/// A client as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id, which is public.
    pub id: Uuid,
    /// What people are shown.
    pub name: String,
    /// Whether it has a secret.
    pub kind: ClientKind,
    /// Hashes of its secrets, each with its end; two while one replaces the other.
    pub secrets: Vec<(TokenHash, Option<UnixSeconds>)>,
    /// Where answers may be sent, letter by letter.
    pub redirects: Vec<String>,
    /// The grants it may use.
    pub grants: Vec<GrantType>,
    /// The most it may be given.
    pub scopes: Scopes,
    /// The workspace it belongs to; the only one in which client credentials count.
    pub workspace: Option<Uuid>,
    /// Whether it was switched off.
    pub disabled_at: Option<UnixSeconds>,
}

/// How a client presented itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientMethod {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
    /// `none`: only its id.
    Id,
}

/// Who a client says it is, and with which secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Its id: load the client by it.
    pub id: Uuid,
    /// How it said so.
    pub method: ClientMethod,
    secret: Option<String>,
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientCredentials")
            .field("id", &self.id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl ClientCredentials {
    /// Reads them from the `Authorization` header or the form, but not from both.
    ///
    /// # Errors
    /// `invalid_client` or, if there are two, `invalid_request`.
    pub fn read(authorization: Option<&str>, form: &Params) -> Result<Self, OAuthError> {
        let (id, secret) = (form.get("client_id"), form.get("client_secret"));
        let Some(header) = authorization else {
            let id = id.ok_or(OAuthError::client())?;
            let method = if secret.is_some() {
                ClientMethod::Post
            } else {
                ClientMethod::Id
            };
            return Ok(Self {
                id: parse_id(id)?,
                method,
                secret: secret.map(str::to_owned),
            });
        };
        if secret.is_some() {
            return Err(OAuthError::request(
                "the client authenticates in two ways at once",
            ));
        }
        let (basic_id, basic_secret) = read_basic(header).ok_or(OAuthError::client())?;
        if id.is_some_and(|id| id != basic_id) {
            return Err(OAuthError::request("two clients are named"));
        }
        Ok(Self {
            id: parse_id(&basic_id)?,
            method: ClientMethod::Basic,
            secret: Some(basic_secret),
        })
    }

    /// Whether these prove that the caller is `client` (`None`: there is no such). A public client proves nothing here;
    /// its code does by PKCE.
    ///
    /// # Errors
    /// `invalid_client`, for every reason the same.
    pub fn authenticate(&self, client: Option<&Client>, now: UnixSeconds) -> Result<(), OAuthError> {
        // Hashed before anything is decided: the time tells nothing.
        let presented = self.secret.as_deref().map(TokenHash::of);
        let could_be_ours = self
            .secret
            .as_deref()
            .is_some_and(|text| OpaqueToken::parse(TokenKind::ClientSecret, text).is_ok());
        let client = client.filter(|client| client.id == self.id && client.disabled_at.is_none());
        let proven = match (client, presented) {
            (None, _) => false,
            (Some(client), None) => client.kind == ClientKind::Public,
            (Some(client), Some(presented)) => {
                let is_good = |(hash, ends): &(TokenHash, Option<UnixSeconds>)| {
                    *hash == presented && ends.is_none_or(|ends| ends > now)
                };
                client.kind == ClientKind::Confidential && could_be_ours && client.secrets.iter().any(is_good)
            }
        };
        proven.then_some(()).ok_or(OAuthError::client())
    }
}

fn parse_id(text: &str) -> Result<Uuid, OAuthError> {
    Uuid::try_parse(text).map_err(|_| OAuthError::client())
}

/// Id and secret from `Basic …`; both are form-encoded inside (RFC 6749 2.3.1).
fn read_basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > MAX_HEADER_BYTES {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decode(id), form_decode(secret)))
}

fn form_decode(text: &str) -> String {
    // As the one value of a form, with what would separate values kept literal.
    let escaped = text.replace('&', "%26").replace('=', "%3D");
    let pair = format!("x={escaped}");
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

impl Client {
    /// Whether it registered exactly this address.
    pub fn has_redirect(&self, address: &str) -> bool {
        self.redirects.iter().any(|registered| registered == address)
    }

    /// Whether it may use this grant.
    ///
    /// # Errors
    /// `unauthorized_client` if not. Client credentials need a secret.
    pub fn check_grant(&self, grant: GrantType) -> Result<(), OAuthError> {
        let has_proof = grant != GrantType::ClientCredentials || self.kind == ClientKind::Confidential;
        if self.grants.contains(&grant) && has_proof {
            Ok(())
        } else {
            Err(OAuthError::new(
                OAuthErrorCode::UnauthorizedClient,
                "the client may not use this grant",
            ))
        }
    }

    /// The scopes for a request that asks for `requested`; without a wish, all that it may have.
    ///
    /// # Errors
    /// `invalid_scope` if it asks for one that does not exist or that it may not have.
    pub fn check_scopes(&self, requested: Option<&str>) -> Result<Scopes, OAuthError> {
        let error = OAuthError::new(
            OAuthErrorCode::InvalidScope,
            "a scope is unknown or not allowed to this client",
        );
        let Some(text) = requested else {
            return Ok(self.scopes);
        };
        let scopes = Scopes::parse(text).map_err(|_| error)?;
        if scopes.within(self.scopes) {
            Ok(scopes)
        } else {
            Err(error)
        }
    }
}

/// Why an address may not be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum InvalidRedirect {
    /// It is no absolute address, or a very long one.
    #[error("a redirect address is an absolute address of at most {MAX_REDIRECT_BYTES} bytes")]
    Malformed,
    /// Plain http to another machine.
    #[error(
        "a redirect address uses https, http to a loopback address, or an application's own scheme with a dot"
    )]
    Scheme,
    /// It has a fragment, a user, or a wildcard.
    #[error("a redirect address has no fragment, no user and no `*`")]
    Part,
}

/// Whether `address` may be registered as a redirect address.
///
/// # Errors
/// [`InvalidRedirect`] says why not.
pub fn check_redirect(address: &str) -> Result<(), InvalidRedirect> {
    if address.len() > MAX_REDIRECT_BYTES || address.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(InvalidRedirect::Malformed);
    }
    let url = Url::parse(address).map_err(|_| InvalidRedirect::Malformed)?;
    if url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
        || address.contains('*')
    {
        return Err(InvalidRedirect::Part);
    }
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let fits = match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback,
        // com.example.app:/callback (RFC 8252 7.1); the dot keeps out javascript:, data: and the like.
        scheme => scheme.contains('.'),
    };
    fits.then_some(()).ok_or(InvalidRedirect::Scheme)
}
