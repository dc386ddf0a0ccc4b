//! Logging in through an OpenID provider: code flow with state, nonce and PKCE.
//!
//! Invariant: an answer counts only for the browser that began ([`LoginAttempt`] lies in a cookie or row of its own),
//! from the issuer that was asked, once, and within ten minutes. Who logged in is issuer and subject together.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use hyper::header::{self, HeaderValue};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant};
use url::Url;

use super::key_set::{Metadata, discover};
use super::{ExternalError, KeySetCache};
use crate::auth::oauth::CodeVerifier;
use crate::auth::tokens::access::{TokenRules, key_id_of};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::auth::{Unauthorized, UnixSeconds, random};
use crate::config::{Config, Hidden};
use crate::outgoing::{Bounds, OutgoingClient, OutgoingError, OutgoingRequest};

/// How long a provider's metadata are used without asking again.
const METADATA_FRESH: Duration = Duration::from_secs(3_600);
/// How far ahead an id token may end.
const MAX_ID_TOKEN_SECONDS: u64 = 86_400;
/// How long a login may take.
const LOGIN_SECONDS: u64 = 600;
/// The longest code that is passed on.
const MAX_CODE_BYTES: usize = 4_096;

/// What we and a provider call each other.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The provider's exact issuer.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// Our password there; empty for none.
    pub client_secret: Hidden,
    /// What we ask for.
    pub scopes: Vec<String>,
    /// Where it sends people back to: ours, registered there.
    pub redirect: String,
    /// How far clocks may differ, in seconds.
    pub leeway_seconds: u64,
}

/// The half of a login that stays here while the person is at the provider. Keep it sealed in a cookie, or in a row
/// that the browser's cookie leads to; use it once.
#[derive(Clone, Deserialize, Serialize)]
pub struct LoginAttempt {
    state: String,
    nonce: String,
    verifier: String,
    /// Its end.
    pub expires_at: UnixSeconds,
}

impl fmt::Debug for LoginAttempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LoginAttempt")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What the person brings back.
#[derive(Clone, Default, Deserialize)]
pub struct Callback {
    /// Which login this is about.
    pub state: Option<String>,
    /// The code, if they may come in.
    pub code: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// Why not.
    pub error: Option<String>,
}

impl fmt::Debug for Callback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Callback")
            .field("has_code", &self.code.is_some())
            .finish_non_exhaustive()
    }
}

/// Who logged in. The key of an account is `issuer` and `subject` together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcIdentity {
    /// The provider.
    pub issuer: String,
    /// Who it is, there.
    pub subject: String,
    /// Their address, if the provider says that it verified it.
    pub email: Option<String>,
    /// Their name.
    pub name: Option<String>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

#[derive(Deserialize)]
struct IdClaims {
    sub: String,
    aud: serde_json::Value,
    azp: Option<String>,
    nonce: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    name: Option<String>,
}

/// A provider through which people log in.
#[derive(Debug)]
pub struct OidcClient {
    settings: OidcSettings,
    outgoing: OutgoingClient,
    metadata: Mutex<Option<(Metadata, Instant)>>,
    keys: KeySetCache,
}

impl OidcClient {
    /// The provider that `config` names, if it names one. People come back to `/v1/auth/oidc/{name}/callback`.
    pub fn from_config(config: &Config, outgoing: OutgoingClient) -> Option<Self> {
        let oidc = &config.oidc;
        (!oidc.issuer.is_empty()).then(|| {
            let settings = OidcSettings {
                issuer: oidc.issuer.clone(),
                client_id: oidc.client_id.clone(),
                client_secret: oidc.client_secret.clone(),
                scopes: oidc.scopes.clone(),
                redirect: format!("{}/v1/auth/oidc/{}/callback", config.public_url(), oidc.name),
                leeway_seconds: config.auth.leeway_seconds,
            };
            Self::new(settings, outgoing)
        })
    }

    /// A provider with these settings. Nothing is fetched yet.
    pub fn new(settings: OidcSettings, outgoing: OutgoingClient) -> Self {
        let keys = KeySetCache::new(outgoing.clone(), settings.issuer.clone(), None);
        Self {
            settings,
            outgoing,
            metadata: Mutex::default(),
            keys,
        }
    }

    /// Where to send the person, and what to keep until they come back.
    ///
    /// # Errors
    /// [`ExternalError`] if the provider does not say where its door is.
    pub async fn start(&self, now: UnixSeconds) -> Result<(String, LoginAttempt), ExternalError> {
        let metadata = self.metadata().await?;
        let door = metadata
            .authorization_endpoint
            .ok_or(ExternalError::WrongIssuer)?;
        let mut url = Url::parse(&door).map_err(|_| ExternalError::WrongIssuer)?;
        let verifier = CodeVerifier::generate();
        let attempt = LoginAttempt {
            state: OpaqueToken::generate(TokenKind::LoginState).expose().to_owned(),
            nonce: random::token(),
            verifier: verifier.expose().to_owned(),
            expires_at: now.saturating_add(LOGIN_SECONDS),
        };
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect)
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", &attempt.state)
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", verifier.challenge().as_str())
            .append_pair("code_challenge_method", "S256");
        Ok((url.into(), attempt))
    }

    /// Who logged in, by what the person brought back for the login that this browser began.
    ///
    /// # Errors
    /// [`ExternalError`] says why nobody did.
    pub async fn finish(
        &self,
        attempt: &LoginAttempt,
        callback: &Callback,
        now: UnixSeconds,
    ) -> Result<OidcIdentity, ExternalError> {
        let state = callback.state.as_deref().unwrap_or_default();
        let is_ours = bool::from(state.as_bytes().ct_eq(attempt.state.as_bytes()));
        if !is_ours || now >= attempt.expires_at {
            return Err(ExternalError::UnknownLogin);
        }
        let metadata = self.metadata().await?;
        let says_who = match callback.iss.as_deref() {
            Some(iss) => iss == self.settings.issuer,
            None => !metadata.authorization_response_iss_parameter_supported,
        };
        if !says_who {
            return Err(ExternalError::WrongIssuer);
        }
        let code = callback
            .code
            .as_deref()
            .filter(|code| code.len() <= MAX_CODE_BYTES && callback.error.is_none());
        let code = code.ok_or(ExternalError::Refused)?;
        let answer = self.redeem(&metadata, code, &attempt.verifier).await?;
        self.read(&answer.id_token, &attempt.nonce, now).await
    }

    async fn metadata(&self) -> Result<Metadata, ExternalError> {
        let mut kept = self.metadata.lock().await;
        let now = Instant::now();
        if let Some((metadata, at)) = &*kept
            && now.saturating_duration_since(*at) < METADATA_FRESH
        {
            return Ok(metadata.clone());
        }
        let metadata = discover(&self.outgoing, &self.settings.issuer).await?;
        *kept = Some((metadata.clone(), now));
        Ok(metadata)
    }

    async fn redeem(
        &self,
        metadata: &Metadata,
        code: &str,
        verifier: &str,
    ) -> Result<TokenAnswer, ExternalError> {
        let settings = &self.settings;
        let address = metadata
            .token_endpoint
            .as_ref()
            .ok_or(ExternalError::WrongIssuer)?;
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &settings.redirect),
            ("code_verifier", verifier),
            ("client_id", &settings.client_id),
        ];
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let mut headers = vec![(header::CONTENT_TYPE, form_type)];
        if !settings.client_secret.is_empty() {
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!(
                "{}:{}",
                encode(&settings.client_id),
                encode(settings.client_secret.expose())
            );
            let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
            headers.push((
                header::AUTHORIZATION,
                value
                    .map_err(hyper::http::Error::from)
                    .map_err(OutgoingError::from)?,
            ));
        }
        let request = OutgoingRequest {
            method: Method::POST,
            headers,
            body: form.into(),
            ..OutgoingRequest::get(address, Bounds::DOCUMENT)
        };
        match self.outgoing.fetch_json(request).await {
            Err(OutgoingError::Status(400 | 401)) => Err(ExternalError::Refused),
            answer => Ok(answer?),
        }
    }

    async fn read(
        &self,
        id_token: &str,
        nonce: &str,
        now: UnixSeconds,
    ) -> Result<OidcIdentity, ExternalError> {
        let kid = key_id_of(id_token).ok_or(Unauthorized::Invalid)?;
        let key = self.keys.find(&kid).await?;
        let rules = TokenRules {
            types: &["jwt", ""],
            issuer: &self.settings.issuer,
            audience: Some(&self.settings.client_id),
            leeway_seconds: self.settings.leeway_seconds,
            max_life_seconds: MAX_ID_TOKEN_SECONDS,
        };
        let claims: IdClaims = rules.verify(id_token, now, |_| Some(key))?;
        let is_shared = claims.aud.as_array().is_some_and(|audience| audience.len() > 1);
        let is_for_us = claims
            .azp
            .as_ref()
            .map_or(!is_shared, |azp| *azp == self.settings.client_id);
        let is_answer = bool::from(
            claims
                .nonce
                .unwrap_or_default()
                .as_bytes()
                .ct_eq(nonce.as_bytes()),
        );
        let has_subject = (1..=255).contains(&claims.sub.len());
        if !is_for_us || !is_answer || !has_subject {
            return Err(Unauthorized::Invalid.into());
        }
        Ok(OidcIdentity {
            issuer: self.settings.issuer.clone(),
            subject: claims.sub,
            email: claims.email.filter(|_| claims.email_verified),
            name: claims.name,
        })
    }
}
