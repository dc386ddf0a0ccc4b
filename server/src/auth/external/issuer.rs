//! Tokens of an issuer that is not us: verified by its key set, read by a mapping of its claims.

use serde_json::Value;

use super::ExternalError;
use super::key_set::KeySetCache;
use crate::auth::tokens::access::{TokenRules, VerifyingKey, claimed_issuer, key_id_of};
use crate::auth::{Access, DocumentPattern, Unauthorized, UnixSeconds};
use crate::config::Config;
use crate::outgoing::OutgoingClient;

/// The types such tokens may have; many issuers give `JWT` or none.
const TYPES: [&str; 3] = ["at+jwt", "jwt", ""];
/// The longest subject, in bytes.
const MAX_SUBJECT_BYTES: usize = 256;
/// The most documents that one token may list.
const MAX_DOCUMENTS: usize = 1_000;

/// In which claims an issuer says what. A claim is named, or pointed to (`/realm/user`, RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimsMapping {
    /// Who.
    pub subject: String,
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Which documents, if the issuer decides about them.
    pub documents: Option<String>,
    /// What may be done with these: `read-write` or `read-only`.
    pub access: Option<String>,
}

/// What makes an issuer's tokens count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalSettings {
    /// The exact `iss`.
    pub issuer: String,
    /// The required `aud`.
    pub audience: String,
    /// The address of the key set, if it is not to be discovered.
    pub jwks_url: Option<String>,
    /// How to read the claims.
    pub claims: ClaimsMapping,
    /// How far clocks may differ, in seconds.
    pub leeway_seconds: u64,
    /// The longest life of a token, in seconds.
    pub max_token_seconds: u64,
}

/// Somebody for whom an issuer vouches. Known by `issuer` and `subject` together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// Who vouches.
    pub issuer: String,
    /// Who it is, there.
    pub subject: String,
    /// Their address, if the issuer says that it verified it.
    pub email: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// If the issuer decides about documents: which, and what may be done with them.
    pub documents: Option<(Vec<DocumentPattern>, Access)>,
    /// When its word ends, leeway included.
    pub expires_at: UnixSeconds,
}

/// An issuer whose tokens count here.
#[derive(Debug)]
pub struct ExternalIssuer {
    settings: ExternalSettings,
    keys: KeySetCache,
}

impl ExternalIssuer {
    /// The issuer that `config` names, if it names one.
    pub fn from_config(config: &Config, outgoing: OutgoingClient) -> Option<Self> {
        let external = &config.external;
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        given(&external.issuer)?;
        let claims = ClaimsMapping {
            subject: external.subject_claim.clone(),
            email: external.email_claim.clone(),
            name: external.name_claim.clone(),
            documents: given(&external.documents_claim),
            access: given(&external.access_claim),
        };
        let settings = ExternalSettings {
            issuer: external.issuer.clone(),
            audience: external.audience.clone(),
            jwks_url: given(&external.jwks_url),
            claims,
            leeway_seconds: config.auth.leeway_seconds,
            max_token_seconds: external.max_token_seconds,
        };
        Some(Self::new(settings, outgoing))
    }

    /// An issuer with these settings. Nothing is fetched yet.
    pub fn new(settings: ExternalSettings, outgoing: OutgoingClient) -> Self {
        let keys = KeySetCache::new(outgoing, settings.issuer.clone(), settings.jwks_url.clone());
        Self { settings, keys }
    }

    /// Whether `token` says that it is this issuer's: then it is to be verified here and nowhere else.
    pub fn claims_to_be_ours(&self, token: &str) -> bool {
        claimed_issuer(token).is_some_and(|issuer| issuer == self.settings.issuer)
    }

    /// Who it is that `token` speaks for.
    ///
    /// # Errors
    /// [`ExternalError::Unauthorized`] if the token is no good, [`ExternalError::Unavailable`] if its key cannot be had.
    pub async fn verify(&self, token: &str, now: UnixSeconds) -> Result<ExternalIdentity, ExternalError> {
        if !self.claims_to_be_ours(token) {
            return Err(Unauthorized::Invalid.into());
        }
        let kid = key_id_of(token).ok_or(Unauthorized::Invalid)?;
        let key = self.keys.find(&kid).await?;
        Ok(self.read(token, key, now)?)
    }

    fn read(
        &self,
        token: &str,
        key: VerifyingKey,
        now: UnixSeconds,
    ) -> Result<ExternalIdentity, Unauthorized> {
        let settings = &self.settings;
        let rules = TokenRules {
            types: &TYPES,
            issuer: &settings.issuer,
            audience: Some(&settings.audience),
            leeway_seconds: settings.leeway_seconds,
            max_life_seconds: settings.max_token_seconds,
        };
        let claims: Value = rules.verify(token, now, |_| Some(key))?;
        let subject = text(&claims, &settings.claims.subject)
            .filter(|subject| !subject.is_empty() && subject.len() <= MAX_SUBJECT_BYTES)
            .ok_or(Unauthorized::Invalid)?;
        let verified = claims.get("email_verified").and_then(Value::as_bool) == Some(true);
        let ends = claims.get("exp").and_then(Value::as_u64).unwrap_or_default();
        Ok(ExternalIdentity {
            issuer: settings.issuer.clone(),
            subject,
            email: text(&claims, &settings.claims.email).filter(|_| verified),
            name: text(&claims, &settings.claims.name),
            documents: self.documents(&claims)?,
            expires_at: ends.saturating_add(settings.leeway_seconds),
        })
    }

    /// What the issuer says about documents, if it is to decide about them. Then silence means none.
    fn documents(&self, claims: &Value) -> Result<Option<(Vec<DocumentPattern>, Access)>, Unauthorized> {
        let mapping = &self.settings.claims;
        let Some(name) = &mapping.documents else {
            return Ok(None);
        };
        let listed = claim(claims, name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        if listed.len() > MAX_DOCUMENTS {
            return Err(Unauthorized::Invalid);
        }
        let patterns = listed
            .iter()
            .map(|value| value.as_str().and_then(|text| DocumentPattern::parse(text).ok()))
            .collect::<Option<Vec<_>>>()
            .ok_or(Unauthorized::Invalid)?;
        let access = match mapping.access.as_ref().map(|name| text(claims, name)) {
            None => Access::ReadWrite,
            Some(said) => match said.as_deref() {
                Some("read-write") => Access::ReadWrite,
                Some("read-only") => Access::ReadOnly,
                _ => return Err(Unauthorized::Invalid),
            },
        };
        Ok(Some((patterns, access)))
    }
}

fn claim<'c>(claims: &'c Value, name: &str) -> Option<&'c Value> {
    if name.starts_with('/') {
        claims.pointer(name)
    } else {
        claims.get(name)
    }
}

fn text(claims: &Value, name: &str) -> Option<String> {
    claim(claims, name)?.as_str().map(str::to_owned)
}
