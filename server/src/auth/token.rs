//! Document tokens: short-lived JWTs that an application's backend signs with a secret it shares with the server.
//!
//! Only HS256 is accepted, whatever the token's own head says. Time is an argument. Nothing of a token is repeated in
//! an error.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use weft_protocol::id::DocumentName;

use super::{Access, DocumentPattern, Grant, Principal, Refusal, Unauthorized, UnixSeconds};
use crate::config::AuthConfig;

/// Longer tokens are refused unread.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// The longest `sub`, in bytes.
const MAX_SUBJECT_BYTES: usize = 256;

/// What a document token says.
#[derive(Debug, Deserialize, Serialize)]
struct Claims {
    sub: String,
    exp: UnixSeconds,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<UnixSeconds>,
    // Compared with the configured audience by the library.
    aud: serde_json::Value,
    documents: Vec<DocumentPattern>,
    scope: Scope,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Scope {
    ReadWrite,
    ReadOnly,
}

impl From<Scope> for Access {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::ReadWrite => Self::ReadWrite,
            Scope::ReadOnly => Self::ReadOnly,
        }
    }
}

/// Checks document tokens against the configured secrets.
pub(super) struct TokenVerifier {
    keys: Vec<(String, DecodingKey)>,
    validation: Validation,
    leeway: UnixSeconds,
    max_life: UnixSeconds,
}

impl std::fmt::Debug for TokenVerifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TokenVerifier")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl TokenVerifier {
    pub(super) fn new(config: &AuthConfig) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        validation.set_audience(&[&config.audience]);
        // The library asks the system's clock; ours is an argument, see `check_times`.
        validation.validate_exp = false;
        let keys = config
            .document_token_secrets
            .iter()
            .filter_map(|secret| secret.parts())
            .map(|(id, secret)| (id.to_owned(), DecodingKey::from_secret(secret)))
            .collect();
        Self {
            keys,
            validation,
            leeway: config.leeway_seconds,
            max_life: config.max_token_seconds,
        }
    }

    pub(super) fn authorize(
        &self,
        token: &str,
        document: &DocumentName,
        now: UnixSeconds,
    ) -> Result<Grant, Refusal> {
        let claims = self.verify(token)?;
        self.check_times(&claims, now)?;
        if !claims.documents.iter().any(|pattern| pattern.matches(document)) {
            return Err(Refusal::Forbidden);
        }
        Ok(Grant {
            access: claims.scope.into(),
            principal: Principal {
                subject: claims.sub.into(),
            },
            expires_at: Some(claims.exp.saturating_add(self.leeway)),
        })
    }

    fn verify(&self, token: &str) -> Result<Claims, Unauthorized> {
        if token.is_empty() {
            return Err(Unauthorized::Missing);
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Unauthorized::TooLong);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Unauthorized::Invalid)?;
        // A token that names its secret is checked against that one alone; otherwise against each, at most eight.
        let named = |id: &str| header.kid.as_deref().is_none_or(|kid| kid == id);
        self.keys
            .iter()
            .filter(|(id, _)| named(id))
            .find_map(|(_, key)| jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok())
            .map(|token| token.claims)
            .filter(|claims| !claims.sub.is_empty() && claims.sub.len() <= MAX_SUBJECT_BYTES)
            .ok_or(Unauthorized::Invalid)
    }

    fn check_times(&self, claims: &Claims, now: UnixSeconds) -> Result<(), Unauthorized> {
        if claims.exp.saturating_add(self.leeway) <= now {
            return Err(Unauthorized::Expired);
        }
        if claims.exp > now.saturating_add(self.max_life).saturating_add(self.leeway) {
            return Err(Unauthorized::LivesTooLong);
        }
        if claims
            .nbf
            .is_some_and(|not_before| not_before > now.saturating_add(self.leeway))
        {
            return Err(Unauthorized::Invalid);
        }
        Ok(())
    }
}

/// What a token that we sign ourselves shall say.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// Whose token it is: 1 to 256 bytes.
    pub subject: String,
    /// The documents it opens.
    pub documents: Vec<DocumentPattern>,
    /// What it allows there.
    pub access: Access,
    /// How long it lives from now, in seconds.
    pub lifetime_seconds: u64,
}

/// Why no token was signed.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// There is nothing to sign with.
    #[error("auth.document_token_secrets is empty, so there is no secret to sign with")]
    NoSecret,
    /// The server would refuse the token.
    #[error("a token lives at most {0} seconds (auth.max_token_seconds)")]
    LivesTooLong(u64),
    /// The server would refuse the token.
    #[error("a subject has 1 to {MAX_SUBJECT_BYTES} bytes")]
    Subject,
    /// The library refused.
    #[error("the token cannot be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

pub(super) fn mint(
    config: &AuthConfig,
    request: &TokenRequest,
    now: UnixSeconds,
) -> Result<String, MintError> {
    let (id, secret) = config
        .document_token_secrets
        .first()
        .and_then(|secret| secret.parts())
        .ok_or(MintError::NoSecret)?;
    if request.lifetime_seconds > config.max_token_seconds {
        return Err(MintError::LivesTooLong(config.max_token_seconds));
    }
    if request.subject.is_empty() || request.subject.len() > MAX_SUBJECT_BYTES {
        return Err(MintError::Subject);
    }
    let header = Header {
        kid: Some(id.to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let claims = Claims {
        sub: request.subject.clone(),
        exp: now.saturating_add(request.lifetime_seconds),
        nbf: None,
        aud: config.audience.clone().into(),
        documents: request.documents.clone(),
        scope: match request.access {
            Access::ReadWrite => Scope::ReadWrite,
            Access::ReadOnly => Scope::ReadOnly,
        },
    };
    Ok(jsonwebtoken::encode(
        &header,
        &claims,
        &EncodingKey::from_secret(secret),
    )?)
}
