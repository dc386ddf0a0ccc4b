//! The request with which a client sends a person here, and the answers that go back with the person.
//!
//! Invariant: before the client and its redirect address are known good, an error is shown here and nothing is sent
//! anywhere ([`AuthorizationError::Show`]); afterwards every answer, good or bad, goes to that address with the
//! client's `state` and our `iss`.

use url::Url;
use uuid::Uuid;

use super::client::Client;
use super::error::{OAuthError, OAuthErrorCode};
use super::params::Params;
use super::pkce::CodeChallenge;
use super::token::GrantType;
use crate::auth::UnixSeconds;
use crate::auth::permission::{Scope, Scopes};
use crate::auth::tokens::opaque::OpaqueToken;

/// The longest `state` and `nonce`, in bytes.
const MAX_ECHO_BYTES: usize = 1_024;

/// What the client asks about asking the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Prompt {
    /// Ask if need be.
    #[default]
    Auto,
    /// Never ask; fail instead.
    None,
    /// Let them log in again.
    Login,
    /// Let them consent again.
    Consent,
}

/// A request that may be put before a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Whose it is.
    pub client_id: Uuid,
    /// Where the answer goes; registered by the client.
    pub redirect: String,
    /// What it asks for.
    pub scopes: Scopes,
    /// What the client wants to hear back.
    pub state: Option<String>,
    /// What the id token must repeat.
    pub nonce: Option<String>,
    /// The hash of the client's verifier.
    pub challenge: CodeChallenge,
    /// What it asks about asking.
    pub prompt: Prompt,
    /// How long ago the login may be, in seconds.
    pub max_age_seconds: Option<u64>,
    /// Who it thinks logs in.
    pub login_hint: Option<String>,
}

/// What to do about a request that is no good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationError {
    /// Show it here; there is nowhere safe to send it.
    Show(OAuthError),
    /// Send the person to this address, which says it.
    Redirect(String),
}

impl AuthorizationRequest {
    /// The client that a request names: load it, then [`AuthorizationRequest::validate`].
    ///
    /// # Errors
    /// The error is to be shown here.
    pub fn client_id(params: &Params) -> Result<Uuid, OAuthError> {
        let id = params.require("client_id", "client_id is missing")?;
        Uuid::try_parse(id).map_err(|_| OAuthError::client())
    }

    /// Checks a request against its client (`None`: there is no such).
    ///
    /// # Errors
    /// [`AuthorizationError`] says where the error goes. `issuer` is our public address.
    pub fn validate(
        params: &Params,
        client: Option<&Client>,
        issuer: &str,
    ) -> Result<Self, AuthorizationError> {
        let show = AuthorizationError::Show;
        let id = Self::client_id(params).map_err(show)?;
        let client = client
            .filter(|client| client.id == id && client.disabled_at.is_none())
            .ok_or(show(OAuthError::client()))?;
        let redirect = params
            .require("redirect_uri", "redirect_uri is missing")
            .map_err(show)?;
        if !client.has_redirect(redirect) {
            return Err(show(OAuthError::request("this redirect_uri is not registered")));
        }
        let state = params.get("state");
        Self::check(params, client, redirect).map_err(|error| {
            let answer = [
                ("error", error.code.as_str()),
                ("error_description", error.description),
            ];
            answer_address(redirect, state, issuer, &answer)
                .map_or_else(|| show(error), AuthorizationError::Redirect)
        })
    }

    fn check(params: &Params, client: &Client, redirect: &str) -> Result<Self, OAuthError> {
        let short = |name| match params.get(name) {
            Some(text) if text.len() > MAX_ECHO_BYTES => {
                Err(OAuthError::request("state or nonce is too long"))
            }
            text => Ok(text.map(str::to_owned)),
        };
        if params.get("response_type") != Some("code") {
            let code = OAuthErrorCode::UnsupportedResponseType;
            return Err(OAuthError::new(code, "response_type must be code"));
        }
        if params.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(OAuthError::request("response_mode must be query"));
        }
        if params.get("request").is_some() || params.get("request_uri").is_some() {
            return Err(OAuthError::request("request objects are not supported"));
        }
        // Absent means plain (RFC 7636 4.3), which is refused like it.
        if params.get("code_challenge_method") != Some("S256") {
            return Err(OAuthError::request("code_challenge_method must be S256"));
        }
        let challenge = params.require("code_challenge", "code_challenge is missing")?;
        let challenge =
            CodeChallenge::parse(challenge).ok_or(OAuthError::request("code_challenge is malformed"))?;
        client.check_grant(GrantType::AuthorizationCode)?;
        let max_age = params.get("max_age").map(str::parse).transpose();
        Ok(Self {
            client_id: client.id,
            redirect: redirect.to_owned(),
            scopes: client.check_scopes(params.get("scope"))?,
            state: short("state")?,
            nonce: short("nonce")?,
            challenge,
            prompt: read_prompt(params.get("prompt"))?,
            max_age_seconds: max_age
                .map_err(|_| OAuthError::request("max_age must be a number of seconds"))?,
            login_hint: short("login_hint")?,
        })
    }

    /// Whether somebody who logged in at `authenticated_at` must do so again for this request.
    pub fn needs_login(&self, authenticated_at: UnixSeconds, now: UnixSeconds) -> bool {
        let is_old = |age: u64| now.saturating_sub(authenticated_at) > age;
        self.prompt == Prompt::Login || self.max_age_seconds.is_some_and(is_old)
    }

    /// Whether the person must be asked, having consented to `before` for this client.
    pub fn needs_consent(&self, before: Scopes) -> bool {
        self.prompt == Prompt::Consent || !self.scopes.within(before)
    }

    /// Whether a refresh token was asked for.
    pub fn wants_refresh_token(&self) -> bool {
        self.scopes.names(Scope::OfflineAccess)
    }

    /// Where to send the person with a `code`. `None` cannot happen for a request that was validated.
    pub fn success(&self, code: &OpaqueToken, issuer: &str) -> Option<String> {
        answer_address(
            &self.redirect,
            self.state.as_deref(),
            issuer,
            &[("code", code.expose())],
        )
    }

    /// Where to send the person with an error. `None` cannot happen for a request that was validated.
    pub fn failure(&self, error: OAuthError, issuer: &str) -> Option<String> {
        let answer = [
            ("error", error.code.as_str()),
            ("error_description", error.description),
        ];
        answer_address(&self.redirect, self.state.as_deref(), issuer, &answer)
    }
}

fn read_prompt(text: Option<&str>) -> Result<Prompt, OAuthError> {
    Ok(match text {
        None | Some("select_account") => Prompt::Auto,
        Some("none") => Prompt::None,
        Some("login" | "login consent" | "consent login") => Prompt::Login,
        Some("consent") => Prompt::Consent,
        Some(_) => return Err(OAuthError::request("this prompt is not supported")),
    })
}

/// `redirect` with the answer, the client's `state` and who answers (RFC 9207).
fn answer_address(
    redirect: &str,
    state: Option<&str>,
    issuer: &str,
    answer: &[(&str, &str)],
) -> Option<String> {
    let mut url = Url::parse(redirect).ok()?;
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(answer);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", issuer);
    }
    Some(url.into())
}
