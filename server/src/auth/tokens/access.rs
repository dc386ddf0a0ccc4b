//! Access tokens: short-lived JWTs (RFC 9068) that say who acts, in which workspace, with which scopes.
//!
//! Invariant: a token counts only if a key that *we* hold under its `kid` made it with the one algorithm of that key,
//! for us, now. What the token's own head says about keys (`jku`, `jwk`, `x5u`, `x5c`) is never looked at. Nothing of
//! a token is repeated in an error.

use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keys::{KeyError, SigningKeys};
use crate::auth::{MAX_TOKEN_BYTES, Unauthorized, UnixSeconds, random};

/// The `typ` of access tokens; no other token has it.
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";
/// How long an access token lives.
pub const ACCESS_TOKEN_SECONDS: u64 = 600;
/// The longest `kid` that is looked up.
const MAX_KEY_ID_BYTES: usize = 128;
/// The longest text of a claim that names somebody or something.
const MAX_NAME_BYTES: usize = 512;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct AccessClaims {
    /// Who made it: our public address.
    pub iss: String,
    /// Whom it speaks for: a user's id, or a client's for client credentials.
    pub sub: Uuid,
    /// For whom it is made: our audience.
    pub aud: String,
    /// When it ends.
    pub exp: UnixSeconds,
    /// When it was made.
    pub iat: UnixSeconds,
    /// Since when it counts.
    pub nbf: UnixSeconds,
    /// Its own id.
    pub jti: Uuid,
    /// The session it belongs to; it ends with it. Tokens for clients have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Uuid>,
    /// The OAuth client that asked for it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The scopes, with spaces between them.
    pub scope: String,
    /// The one workspace it is limited to; without, every workspace of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Uuid>,
}

/// For whom an access token is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessTokenRequest {
    /// Whom it speaks for.
    pub subject: Uuid,
    /// The session it belongs to.
    pub session: Option<Uuid>,
    /// The OAuth client that asked for it.
    pub client_id: Option<String>,
    /// The scopes, with spaces between them.
    pub scope: String,
    /// The one workspace it is limited to.
    pub workspace: Option<Uuid>,
}

/// Who makes access tokens and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessTokenSettings {
    /// Our public address, the `iss`.
    pub issuer: String,
    /// Our audience, the `aud`.
    pub audience: String,
    /// How far clocks may differ, in seconds.
    pub leeway_seconds: u64,
    /// How long a token lives, in seconds.
    pub lifetime_seconds: u64,
}

/// Makes and checks access tokens.
#[derive(Debug, Clone)]
pub struct AccessTokens {
    settings: AccessTokenSettings,
}

impl AccessTokens {
    /// With these settings.
    pub fn new(settings: AccessTokenSettings) -> Self {
        Self { settings }
    }

    /// The settings.
    pub fn settings(&self) -> &AccessTokenSettings {
        &self.settings
    }

    /// A new token, signed with the key whose turn it is at `now`, and what it says.
    ///
    /// # Errors
    /// [`KeyError`] if no key may sign now.
    pub fn mint(
        &self,
        keys: &SigningKeys,
        request: &AccessTokenRequest,
        now: UnixSeconds,
    ) -> Result<(String, AccessClaims), KeyError> {
        let claims = AccessClaims {
            iss: self.settings.issuer.clone(),
            sub: request.subject,
            aud: self.settings.audience.clone(),
            exp: now.saturating_add(self.settings.lifetime_seconds),
            iat: now,
            nbf: now,
            jti: random::id(),
            sid: request.session,
            client_id: request.client_id.clone(),
            scope: request.scope.clone(),
            workspace: request.workspace,
        };
        let token = keys.sign(ACCESS_TOKEN_TYPE, &claims, now)?;
        Ok((token, claims))
    }

    /// What a good `token` says.
    ///
    /// # Errors
    /// [`Unauthorized`] says what kind of no it is; the texts are constant.
    pub fn verify(
        &self,
        keys: &SigningKeys,
        token: &str,
        now: UnixSeconds,
    ) -> Result<AccessClaims, Unauthorized> {
        let rules = TokenRules {
            types: &[ACCESS_TOKEN_TYPE],
            issuer: &self.settings.issuer,
            audience: Some(&self.settings.audience),
            leeway_seconds: self.settings.leeway_seconds,
            max_life_seconds: self.settings.lifetime_seconds,
        };
        let claims = rules.verify::<serde_json::Value>(token, now, |kid| keys.verifying_key(kid, now))?;
        serde_json::from_value(claims).map_err(|_| Unauthorized::Invalid)
    }
}

/// A public key and the one algorithm it is used with.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    /// The only algorithm that is accepted with it.
    pub algorithm: Algorithm,
    /// The key.
    pub key: DecodingKey,
}

/// What a signed token must say to count, whoever made it.
#[derive(Debug, Clone, Copy)]
pub struct TokenRules<'a> {
    /// The accepted values of `typ`, in lower case; the empty one stands for none.
    pub types: &'a [&'a str],
    /// The exact `iss`.
    pub issuer: &'a str,
    /// What `aud` must be or contain. `None`: whoever asks checks it.
    pub audience: Option<&'a str>,
    /// How far clocks may differ, in seconds.
    pub leeway_seconds: u64,
    /// How far `exp` may lie ahead, in seconds.
    pub max_life_seconds: u64,
}

/// The claims that every token has.
#[derive(Debug, Deserialize)]
struct CommonClaims {
    iss: String,
    #[serde(default)]
    aud: Audience,
    exp: UnixSeconds,
    #[serde(default)]
    nbf: Option<UnixSeconds>,
    #[serde(default)]
    iat: Option<UnixSeconds>,
}

/// One name or several.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
    #[default]
    Nobody,
}

impl Audience {
    fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Several(several) => several.iter().any(|one| one == name),
            Self::Nobody => false,
        }
    }
}

impl TokenRules<'_> {
    /// The claims of `token` if it was signed by the key that `find` has for its `kid`, and says what it must.
    ///
    /// # Errors
    /// [`Unauthorized`] says what kind of no it is.
    pub fn verify<T: DeserializeOwned>(
        &self,
        token: &str,
        now: UnixSeconds,
        find: impl FnOnce(&str) -> Option<VerifyingKey>,
    ) -> Result<T, Unauthorized> {
        let header = read_head(token)?;
        let typ = normal_type(header.typ.as_deref().unwrap_or_default());
        let is_of_type = self.types.contains(&typ.as_str());
        // An extension that we must understand is one that we do not.
        if !is_of_type || header.crit.is_some() {
            return Err(Unauthorized::Invalid);
        }
        let kid = header
            .kid
            .as_deref()
            .filter(|kid| is_key_id(kid))
            .ok_or(Unauthorized::Invalid)?;
        let key = find(kid).ok_or(Unauthorized::Invalid)?;
        let claims = verified_claims(token, &key)?;
        self.check(&claims, now)?;
        serde_json::from_value(claims).map_err(|_| Unauthorized::Invalid)
    }

    fn check(&self, claims: &serde_json::Value, now: UnixSeconds) -> Result<(), Unauthorized> {
        let claims = CommonClaims::deserialize(claims).map_err(|_| Unauthorized::Invalid)?;
        let for_us = self.audience.is_none_or(|audience| claims.aud.contains(audience));
        let later = now.saturating_add(self.leeway_seconds);
        let not_yet = [claims.nbf, claims.iat]
            .into_iter()
            .flatten()
            .any(|time| time > later);
        if claims.iss != self.issuer || claims.iss.len() > MAX_NAME_BYTES || !for_us || not_yet {
            return Err(Unauthorized::Invalid);
        }
        if claims.exp.saturating_add(self.leeway_seconds) <= now {
            return Err(Unauthorized::Expired);
        }
        if claims.exp > later.saturating_add(self.max_life_seconds) {
            return Err(Unauthorized::LivesTooLong);
        }
        Ok(())
    }
}

/// The head of `token`, which nothing has vouched for yet.
fn read_head(token: &str) -> Result<Header, Unauthorized> {
    if token.is_empty() {
        return Err(Unauthorized::Missing);
    }
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Unauthorized::TooLong);
    }
    jsonwebtoken::decode_header(token).map_err(|_| Unauthorized::Invalid)
}

/// The `kid` of `token`, if it has one that could be one: for whoever must fetch keys before verifying.
pub fn key_id_of(token: &str) -> Option<String> {
    read_head(token).ok()?.kid.filter(|kid| is_key_id(kid))
}

/// The `typ` that `token` claims, in lower case: to choose who verifies it, and for nothing else.
///
/// # Errors
/// [`Unauthorized`] if it is no token at all.
pub fn claimed_type(token: &str) -> Result<String, Unauthorized> {
    Ok(normal_type(read_head(token)?.typ.as_deref().unwrap_or_default()))
}

/// The `iss` that `token` claims, unverified: to choose by whose rules it is to be verified, and for nothing else.
pub fn claimed_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    read_head(token).ok()?;
    let claims: Issuer = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    Some(claims.iss)
}

fn verified_claims(token: &str, key: &VerifyingKey) -> Result<serde_json::Value, Unauthorized> {
    let mut validation = Validation::new(key.algorithm);
    // The library asks the system's clock and is lenient about missing claims; both are checked by us.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode(token, &key.key, &validation)
        .map(|token| token.claims)
        .map_err(|_| Unauthorized::Invalid)
}

/// RFC 7515 4.1.9: a type may be written with or without `application/`, in any case.
fn normal_type(typ: &str) -> String {
    let lower = typ.to_ascii_lowercase();
    lower
        .strip_prefix("application/")
        .map_or(lower.clone(), str::to_owned)
}

/// Whether `kid` could be a key's id. It is only ever compared, never part of a path or a query.
fn is_key_id(kid: &str) -> bool {
    !kid.is_empty() && kid.len() <= MAX_KEY_ID_BYTES && kid.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
