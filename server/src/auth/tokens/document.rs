//! Document tokens that the server signs itself, for applications that put it behind their own product: an API key mints
//! one for one of the application's people, who needs no account here.
//!
//! Invariant: such a token opens the one document it names, in its workspace, for an hour at most, and never makes
//! anybody an owner. It counts only while the credential that minted it does: whoever checks it looks that up, too.
//! Tokens that applications sign with a secret they share with us are another matter (`auth::mint`).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::access::{AccessTokenSettings, TokenRules};
use super::keys::{KeyError, SigningKeys};
use crate::auth::permission::DocumentRole;
use crate::auth::{Unauthorized, UnixSeconds, random};

/// The `typ` of these tokens; no other token has it.
pub const DOCUMENT_TOKEN_TYPE: &str = "weft-doc+jwt";
/// The longest life of one.
pub const MAX_DOCUMENT_TOKEN_SECONDS: u64 = 3_600;
/// The longest name of an application's person, in bytes.
pub const MAX_SUBJECT_BYTES: usize = 256;

/// What a document token says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct DocumentClaims {
    /// Who made it: our public address.
    pub iss: String,
    /// Whom it is for, in the application's words.
    pub sub: String,
    /// For whom it is made: our audience.
    pub aud: String,
    /// When it ends.
    pub exp: UnixSeconds,
    /// When it was made.
    pub iat: UnixSeconds,
    /// Its own id.
    pub jti: Uuid,
    /// The document it opens.
    pub document: Uuid,
    /// The workspace of the document.
    pub workspace: Uuid,
    /// What it allows: viewer, commenter or editor.
    pub role: DocumentRole,
    /// The API key, client or session that minted it, or the link that was opened.
    pub minter: Uuid,
    /// The link that was opened: then the token rests on it and on nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Uuid>,
    /// What others see: a name for the cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// For whom a document token is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentTokenRequest {
    /// Whom it is for, in the application's words: 1 to [`MAX_SUBJECT_BYTES`] bytes.
    pub subject: String,
    /// What others see.
    pub name: Option<String>,
    /// The document.
    pub document: Uuid,
    /// Its workspace.
    pub workspace: Uuid,
    /// What it allows; owner is taken as editor.
    pub role: DocumentRole,
    /// The credential that mints it, or the link that was opened.
    pub minter: Uuid,
    /// The link that was opened.
    pub link: Option<Uuid>,
    /// How long it lives, in seconds; at most [`MAX_DOCUMENT_TOKEN_SECONDS`].
    pub lifetime_seconds: u64,
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum DocumentTokenError {
    /// The subject is empty or too long.
    #[error("a subject has 1 to {MAX_SUBJECT_BYTES} bytes")]
    Subject,
    /// It would live too long, or not at all.
    #[error("a document token lives 1 to {MAX_DOCUMENT_TOKEN_SECONDS} seconds")]
    Lifetime,
    /// No key may sign now.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A new token, and what it says.
///
/// # Errors
/// [`DocumentTokenError`] if the request asks for what there is not.
pub fn mint_document_token(
    keys: &SigningKeys,
    settings: &AccessTokenSettings,
    request: &DocumentTokenRequest,
    now: UnixSeconds,
) -> Result<(String, DocumentClaims), DocumentTokenError> {
    if !(1..=MAX_SUBJECT_BYTES).contains(&request.subject.len()) {
        return Err(DocumentTokenError::Subject);
    }
    if !(1..=MAX_DOCUMENT_TOKEN_SECONDS).contains(&request.lifetime_seconds) {
        return Err(DocumentTokenError::Lifetime);
    }
    let claims = DocumentClaims {
        iss: settings.issuer.clone(),
        sub: request.subject.clone(),
        aud: settings.audience.clone(),
        exp: now.saturating_add(request.lifetime_seconds),
        iat: now,
        jti: random::id(),
        document: request.document,
        workspace: request.workspace,
        role: request.role.min(DocumentRole::Editor),
        minter: request.minter,
        link: request.link,
        name: request.name.clone(),
    };
    Ok((keys.sign(DOCUMENT_TOKEN_TYPE, &claims, now)?, claims))
}

/// What a good token says.
///
/// # Errors
/// [`Unauthorized`] says what kind of no it is.
pub fn verify_document_token(
    keys: &SigningKeys,
    settings: &AccessTokenSettings,
    token: &str,
    now: UnixSeconds,
) -> Result<DocumentClaims, Unauthorized> {
    let rules = TokenRules {
        types: &[DOCUMENT_TOKEN_TYPE],
        issuer: &settings.issuer,
        audience: Some(&settings.audience),
        leeway_seconds: settings.leeway_seconds,
        max_life_seconds: MAX_DOCUMENT_TOKEN_SECONDS,
    };
    let claims: DocumentClaims = rules.verify(token, now, |kid| keys.verifying_key(kid, now))?;
    // We never sign more; a token that says so is none of ours.
    if claims.role == DocumentRole::Owner {
        Err(Unauthorized::Invalid)
    } else {
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tokens::access::{AccessTokenRequest, AccessTokens};
    use crate::auth::tokens::keys::{RotationPolicy, StoredKey};

    const NOW: UnixSeconds = 1_800_000_000;

    fn settings() -> AccessTokenSettings {
        AccessTokenSettings {
            issuer: "https://weft.example.com".to_owned(),
            audience: "weft".to_owned(),
            leeway_seconds: 30,
            lifetime_seconds: 600,
        }
    }

    fn request() -> DocumentTokenRequest {
        DocumentTokenRequest {
            subject: "customer 7".to_owned(),
            name: Some("Ann".to_owned()),
            document: Uuid::from_u128(1),
            workspace: Uuid::from_u128(2),
            role: DocumentRole::Owner,
            minter: Uuid::from_u128(3),
            link: None,
            lifetime_seconds: 300,
        }
    }

    #[test]
    fn a_document_token_opens_its_document_and_is_no_access_token() {
        let policy = RotationPolicy {
            signs_for_seconds: 86_400,
            cache_seconds: 60,
            token_seconds: 3_630,
        };
        let keys = SigningKeys::load(&[StoredKey::generate(NOW, NOW)], policy).unwrap();
        let (token, minted) = mint_document_token(&keys, &settings(), &request(), NOW).unwrap();
        let read = verify_document_token(&keys, &settings(), &token, NOW).unwrap();
        assert_eq!(read, minted);
        assert_eq!((read.role, read.exp), (DocumentRole::Editor, NOW + 300));
        let expired = verify_document_token(&keys, &settings(), &token, NOW + 330);
        assert_eq!(expired, Err(Unauthorized::Expired));
        let access = AccessTokens::new(settings());
        assert_eq!(access.verify(&keys, &token, NOW), Err(Unauthorized::Invalid));
        let person = AccessTokenRequest {
            subject: Uuid::from_u128(7),
            session: None,
            client_id: None,
            scope: "full".to_owned(),
            workspace: None,
        };
        let (token, _) = access.mint(&keys, &person, NOW).unwrap();
        assert_eq!(
            verify_document_token(&keys, &settings(), &token, NOW),
            Err(Unauthorized::Invalid)
        );
        let strong = DocumentClaims {
            role: DocumentRole::Owner,
            ..minted
        };
        let strong = keys.sign(DOCUMENT_TOKEN_TYPE, &strong, NOW).unwrap();
        assert_eq!(
            verify_document_token(&keys, &settings(), &strong, NOW),
            Err(Unauthorized::Invalid)
        );
        for bad in [
            DocumentTokenRequest {
                subject: String::new(),
                ..request()
            },
            DocumentTokenRequest {
                subject: "x".repeat(257),
                ..request()
            },
            DocumentTokenRequest {
                lifetime_seconds: 0,
                ..request()
            },
            DocumentTokenRequest {
                lifetime_seconds: 3_601,
                ..request()
            },
        ] {
            assert!(mint_document_token(&keys, &settings(), &bad, NOW).is_err());
        }
    }
}
