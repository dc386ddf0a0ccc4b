//! How people and programs show who they are, when others vouch for them: a foreign issuer, a login provider.

use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::hidden::Hidden;

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everybody.
    Open,
    /// Whoever was invited.
    Invited,
    /// Nobody; administrators make accounts.
    Closed,
}

/// The section `[external]`: tokens of an issuer that is not us, accepted by its key set.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalConfig {
    /// The exact `iss`. Empty: none is accepted.
    pub issuer: String,
    /// The required `aud`.
    pub audience: String,
    /// Its key set. Empty: found by discovery.
    pub jwks_url: String,
    /// The claim that names somebody.
    pub subject_claim: String,
    /// The claim with their verified address.
    pub email_claim: String,
    /// The claim with their name.
    pub name_claim: String,
    /// The claim that lists documents, if the issuer decides about them.
    pub documents_claim: String,
    /// The claim that says `read-write` or `read-only` for them.
    pub access_claim: String,
    /// The longest life of a token, in seconds.
    pub max_token_seconds: u64,
    /// Whether somebody it vouches for gets an account at their first visit.
    pub create_accounts: bool,
}

impl ExternalConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        checks.require(self.issuer.is_empty() || !self.audience.is_empty(), || {
            "external.audience must not be empty: a token for somebody else must not count here".to_owned()
        });
        checks.require(!self.subject_claim.is_empty(), || {
            "external.subject_claim must not be empty".to_owned()
        });
        for (key, value) in [
            ("external.issuer", &self.issuer),
            ("external.jwks_url", &self.jwks_url),
        ] {
            checks.require(value.is_empty() || is_web_address(value), || {
                format!("{key} must begin with https://")
            });
        }
        checks.range(
            "external.max_token_seconds",
            self.max_token_seconds,
            60..=2_592_000,
        );
    }
}

/// The section `[oidc]`: logging in through another provider.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The provider's exact issuer. Empty: there is none.
    pub issuer: String,
    /// Its name in our addresses.
    pub name: String,
    /// What people are shown.
    pub title: String,
    /// What it calls us.
    pub client_id: String,
    /// Our password there.
    pub client_secret: Hidden,
    /// What we ask it for.
    pub scopes: Vec<String>,
    /// Whether somebody it vouches for gets an account at their first visit.
    pub create_accounts: bool,
}

impl OidcConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        if self.issuer.is_empty() {
            return;
        }
        checks.require(is_web_address(&self.issuer), || {
            "oidc.issuer must begin with https://".to_owned()
        });
        checks.require(!self.client_id.is_empty(), || {
            "oidc.client_id must not be empty".to_owned()
        });
        let is_name = !self.name.is_empty()
            && self.name.len() <= 32
            && self
                .name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        checks.require(is_name, || {
            "oidc.name consists of 1 to 32 lower-case letters, digits and `-`".to_owned()
        });
        checks.require(self.scopes.iter().any(|scope| scope == "openid"), || {
            "oidc.scopes must contain openid".to_owned()
        });
    }
}

/// The section `[outgoing]`: requests of the server to addresses that others chose.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OutgoingConfig {
    /// Networks that may be reached although they are not public.
    pub allowed_networks: Vec<String>,
    /// A file with further certificates to trust.
    pub ca_file: String,
}

impl OutgoingConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        for network in &self.allowed_networks {
            checks.require(network.parse::<crate::outgoing::Network>().is_ok(), || {
                format!("outgoing.allowed_networks: `{network}` must look like 10.0.0.0/8")
            });
        }
    }
}

/// The section `[rates]`: how often the API may be asked.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RatesConfig {
    /// Requests of one user, client or key.
    pub per_principal_per_minute: u32,
    /// Requests from one address.
    pub per_address_per_minute: u32,
    /// New accounts from one address.
    pub registrations_per_address_per_minute: u32,
    /// New comments of one user, client or key.
    pub comments_per_principal_per_minute: u32,
    /// How many principals and addresses are remembered.
    pub remembered: usize,
}

impl RatesConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        checks.range(
            "rates.per_principal_per_minute",
            self.per_principal_per_minute,
            1..=1_000_000,
        );
        checks.range(
            "rates.per_address_per_minute",
            self.per_address_per_minute,
            1..=1_000_000,
        );
        let registrations = self.registrations_per_address_per_minute;
        checks.range(
            "rates.registrations_per_address_per_minute",
            registrations,
            1..=1_000_000,
        );
        checks.range(
            "rates.comments_per_principal_per_minute",
            self.comments_per_principal_per_minute,
            1..=1_000_000,
        );
        checks.range("rates.remembered", self.remembered, 100..=10_000_000);
    }
}

/// Whether `text` could be the address of a web server. Plain http is left to what `[outgoing]` allows.
pub(super) fn is_web_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}
