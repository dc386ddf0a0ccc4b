//! What kind of credential somebody presents, before anything vouches for it: it only chooses who verifies.
//!
//! Invariant: each text goes to exactly one verifier, so that a token that one refuses is never tried on another.

use super::external::ExternalIssuer;
use super::tokens::access::{ACCESS_TOKEN_TYPE, claimed_type};
use super::tokens::api_key::ApiKey;
use super::tokens::document::DOCUMENT_TOKEN_TYPE;
use super::{MAX_TOKEN_BYTES, Unauthorized};

/// A credential and who is to verify it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// An API key with a good checksum: look it up by its hash.
    ApiKey(ApiKey),
    /// `AccessTokens::verify`.
    AccessToken(String),
    /// `verify_document_token`.
    DocumentToken(String),
    /// `ExternalIssuer::verify`.
    External(String),
    /// `Authenticator::authorize`: signed by an application with a secret that it shares with us.
    Shared(String),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::ApiKey(_) => "ApiKey(hidden)",
            Self::AccessToken(_) => "AccessToken(hidden)",
            Self::DocumentToken(_) => "DocumentToken(hidden)",
            Self::External(_) => "External(hidden)",
            Self::Shared(_) => "Shared(hidden)",
        })
    }
}

impl Credential {
    /// Reads the value of an `Authorization` header.
    ///
    /// # Errors
    /// [`Unauthorized`] if it is not `Bearer` and something that could be a credential.
    pub fn from_header(value: &str, external: Option<&ExternalIssuer>) -> Result<Self, Unauthorized> {
        let (scheme, text) = value.split_once(' ').ok_or(Unauthorized::Invalid)?;
        if scheme.eq_ignore_ascii_case("bearer") {
            Self::parse(text.trim(), external)
        } else {
            Err(Unauthorized::Invalid)
        }
    }

    /// Reads a credential from wherever it is allowed to come.
    ///
    /// # Errors
    /// [`Unauthorized`] if it could be none.
    pub fn parse(text: &str, external: Option<&ExternalIssuer>) -> Result<Self, Unauthorized> {
        if text.is_empty() {
            return Err(Unauthorized::Missing);
        }
        if text.len() > MAX_TOKEN_BYTES {
            return Err(Unauthorized::TooLong);
        }
        if ApiKey::is_one(text) {
            return ApiKey::parse(text)
                .map(Self::ApiKey)
                .map_err(|_| Unauthorized::Invalid);
        }
        let typ = claimed_type(text)?;
        // An issuer we know comes first: its tokens may be of the same type as ours.
        if external.is_some_and(|issuer| issuer.claims_to_be_ours(text)) {
            return Ok(Self::External(text.to_owned()));
        }
        match typ.as_str() {
            ACCESS_TOKEN_TYPE => Ok(Self::AccessToken(text.to_owned())),
            DOCUMENT_TOKEN_TYPE => Ok(Self::DocumentToken(text.to_owned())),
            _ => Ok(Self::Shared(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::auth::external::{ClaimsMapping, ExternalSettings};
    use crate::auth::tokens::keys::{RotationPolicy, SigningKeys, StoredKey};
    use crate::outgoing::{AddressRules, OutgoingClient, SystemResolver, tls_config};

    fn issuer() -> ExternalIssuer {
        let outgoing = OutgoingClient::new(
            AddressRules::default(),
            Arc::new(SystemResolver),
            tls_config(b"").unwrap(),
        );
        let claims = ClaimsMapping {
            subject: "sub".to_owned(),
            email: "email".to_owned(),
            name: "name".to_owned(),
            documents: None,
            access: None,
        };
        let settings = ExternalSettings {
            issuer: "https://idp.example.com".to_owned(),
            audience: "weft".to_owned(),
            jwks_url: None,
            claims,
            leeway_seconds: 0,
            max_token_seconds: 60,
        };
        ExternalIssuer::new(settings, outgoing)
    }

    #[test]
    fn each_credential_goes_to_one_verifier() {
        let policy = RotationPolicy {
            signs_for_seconds: 60,
            cache_seconds: 60,
            token_seconds: 60,
        };
        let keys = SigningKeys::load(&[StoredKey::generate(1, 1)], policy).unwrap();
        let (issuer, key) = (issuer(), ApiKey::generate());
        let signed = |typ: &str, iss: &str| {
            keys.sign(typ, &json!({ "iss": iss, "sub": Uuid::nil() }), 1)
                .unwrap()
        };
        let theirs = "https://idp.example.com";
        for (text, expected) in [
            (key.expose().to_owned(), "ApiKey"),
            (signed("at+jwt", "https://weft.example.com"), "AccessToken"),
            (
                signed("application/at+JWT", "https://weft.example.com"),
                "AccessToken",
            ),
            (
                signed("weft-doc+jwt", "https://weft.example.com"),
                "DocumentToken",
            ),
            (signed("at+jwt", theirs), "External"),
            (signed("JWT", theirs), "External"),
            (signed("JWT", "https://app.example.com"), "Shared"),
        ] {
            let credential = Credential::from_header(&format!("bearer {text}"), Some(&issuer)).unwrap();
            assert!(
                format!("{credential:?}").starts_with(expected),
                "{credential:?} is no {expected}"
            );
            assert!(!format!("{credential:?}").contains(&text));
        }
        let external = signed("at+jwt", theirs);
        assert!(matches!(
            Credential::parse(&external, None),
            Ok(Credential::AccessToken(_))
        ));
        let junk = [
            key.expose()[..44].to_owned(),
            "junk".to_owned(),
            "a.b.c".to_owned(),
        ];
        for text in junk {
            assert_eq!(
                Credential::parse(&text, Some(&issuer)),
                Err(Unauthorized::Invalid),
                "{text}"
            );
        }
        assert_eq!(Credential::parse("", None), Err(Unauthorized::Missing));
        assert_eq!(
            Credential::parse(&"x".repeat(9_000), None),
            Err(Unauthorized::TooLong)
        );
        for header in ["", "Basic eA==", "Bearer", &external] {
            assert_eq!(
                Credential::from_header(header, None),
                Err(Unauthorized::Invalid),
                "{header}"
            );
        }
    }
}
