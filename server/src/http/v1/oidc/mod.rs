//! Logging in through another OpenID provider: `/v1/auth/oidc/{provider}/…`.
//!
//! A browser begins at `start`, comes back to `callback`, and lands on one of our own pages with a code that is good for
//! a minute, once, and only in that browser; the page redeems it for tokens. Invariant: no token is ever part of an
//! address. Whom the provider vouches for is known by issuer and subject together; an address leads to no account.

mod callback;
mod redeem;
mod start;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use crate::auth::external::{LoginAttempt, OidcClient};
use crate::config::Config;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::outgoing::OutgoingClient;

/// What a login under way is called among stored tokens, and what waits to be redeemed.
const ATTEMPT: &str = "oidc_login";
const CODE: &str = "login_code";
/// Ties a login to the browser that began it.
const COOKIE: &str = "__Host-weft-login";
/// How long somebody may take at the provider, in milliseconds.
const ATTEMPT_MS: i64 = 600_000;
/// How long a code waits to be redeemed, in milliseconds.
const CODE_MS: i64 = 60_000;
/// Where the page of the provider before is.
const CONSENT: &str = "/oauth/authorize?";

const PROVIDER_FAILED: Problem = Problem::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "PROVIDER_UNAVAILABLE",
    "the provider does not answer as it should; try again",
);

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(start::start_oidc_login))
        .routes(routes!(callback::finish_oidc_login))
        .routes(routes!(redeem::redeem_oidc_login))
}

/// The provider through which people may log in.
#[derive(Debug)]
pub(crate) struct OidcLogin {
    client: OidcClient,
    name: String,
    title: String,
    /// Whether somebody new gets an account.
    creates: bool,
}

impl OidcLogin {
    /// The provider that `config` names, if it names one.
    pub(crate) fn from_config(config: &Config, outgoing: OutgoingClient) -> Option<Self> {
        let client = OidcClient::from_config(config, outgoing)?;
        Some(Self {
            client,
            name: config.oidc.name.clone(),
            title: config.oidc.title.clone(),
            creates: config.oidc.create_accounts,
        })
    }

    /// What people are shown.
    pub(in crate::http) fn title(&self) -> &str {
        &self.title
    }

    /// Where a login begins that leads back to `return_to`, an address of ours.
    pub(in crate::http) fn door(&self, return_to: &str) -> String {
        let back: String = form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
        format!("/v1/auth/oidc/{}/start?return_to={back}", self.name)
    }
}

/// The provider of this name.
fn provider<'a>(api: &'a Api, name: &str) -> Result<&'a OidcLogin, Problem> {
    let found = api.oidc.as_deref().filter(|oidc| oidc.name == name);
    found.ok_or(NOT_FOUND)
}

/// What is remembered of a login while the person is at the provider.
#[derive(Deserialize, Serialize)]
struct Remembered {
    provider: String,
    return_to: String,
    attempt: LoginAttempt,
}

/// What is remembered of a code.
#[derive(Deserialize, Serialize)]
struct Redeemable {
    /// The hash of the cookie of the browser that may redeem it.
    browser: String,
}

/// Whether `address` is one of our own pages: a path, which no browser takes for another host.
fn is_own_path(address: &str) -> bool {
    let mut bytes = address.bytes();
    let begins = bytes.next() == Some(b'/') && !matches!(bytes.next(), Some(b'/' | b'\\'));
    begins
        && address.len() <= 8_192
        && address
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#')
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[test]
    fn people_come_back_to_our_own_pages_alone() {
        for own in ["/", "/d/x?y=1", "/oauth/authorize?a=https://b"] {
            assert!(is_own_path(own), "{own}");
        }
        for foreign in [
            "",
            "d",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\\b",
            "/a\tb",
            "/a#b",
            "javascript:alert(1)",
            "\t//evil.example",
        ] {
            assert!(!is_own_path(foreign), "{foreign}");
        }
    }
}
