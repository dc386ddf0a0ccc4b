//! Who may open documents.
//!
//! A [`Secret`] never appears in a log, an error or the output of `--print-config`.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::check::Checks;
use super::identity::Registration;

/// The shortest secret, in bytes: as long as the output of the hash it is used with.
pub const MIN_SECRET_BYTES: usize = 32;
/// The most secrets at a time; rotation needs two.
pub const MAX_SECRETS: usize = 8;

/// The section `[auth]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// Secrets for document tokens, each as `id:secret`; the first signs.
    pub document_token_secrets: Vec<Secret>,
    /// The required `aud` claim.
    pub audience: String,
    /// How far clocks may differ, in seconds.
    pub leeway_seconds: u64,
    /// The longest life of a token, in seconds.
    pub max_token_seconds: u64,
    /// Origins from which browsers may open sockets.
    pub allowed_origins: Vec<String>,
    /// Who may make an account.
    pub registration: Registration,
    /// Secrets with which keys and secrets are encrypted where they are stored, each as `id:secret`; the first encrypts.
    pub encryption_secrets: Vec<Secret>,
    /// How long an access token lives, in seconds.
    pub access_token_seconds: u64,
    /// How long one key signs, in days.
    pub signing_key_days: u64,
    /// How long clients may keep our key set, in seconds.
    pub jwks_cache_seconds: u64,
    /// How long a session lives at most, in days.
    pub session_days: u64,
    /// How long a session lives without use, in days.
    pub session_idle_days: u64,
    /// How long the preceding refresh token still gives its successor, in seconds.
    pub refresh_grace_seconds: u64,
    /// Passwords that are hashed at a time.
    pub hashing_parallel: usize,
    /// Passwords that may wait to be hashed.
    pub hashing_queue: usize,
    /// How long one may wait, in seconds.
    pub hashing_patience_seconds: u64,
    /// Failed attempts at one account.
    pub attempts_per_account: u32,
    /// Failed attempts from one address.
    pub attempts_per_address: u32,
    /// Failed attempts altogether.
    pub attempts_altogether: u32,
    /// Over what time attempts are restored, in seconds.
    pub attempts_window_seconds: u64,
    /// How many accounts and addresses are remembered.
    pub attempts_remembered: usize,
}

impl AuthConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        check_secrets(
            "auth.document_token_secrets",
            &self.document_token_secrets,
            checks,
        );
        check_secrets("auth.encryption_secrets", &self.encryption_secrets, checks);
        checks.require(!self.audience.is_empty(), || {
            "auth.audience must not be empty".to_owned()
        });
        checks.range("auth.leeway_seconds", self.leeway_seconds, 0..=600);
        checks.range("auth.max_token_seconds", self.max_token_seconds, 60..=2_592_000);
        for origin in &self.allowed_origins {
            checks.require(is_origin(origin), || {
                format!("auth.allowed_origins: `{origin}` must be `*` or look like https://app.example.com (no path)")
            });
        }
        self.check_accounts(checks);
    }

    fn check_accounts(&self, checks: &mut Checks) {
        checks.range("auth.access_token_seconds", self.access_token_seconds, 60..=3_600);
        checks.range("auth.signing_key_days", self.signing_key_days, 1..=366);
        checks.range("auth.jwks_cache_seconds", self.jwks_cache_seconds, 1..=86_400);
        checks.range("auth.session_days", self.session_days, 1..=366);
        checks.range(
            "auth.session_idle_days",
            self.session_idle_days,
            1..=self.session_days.max(1),
        );
        checks.range("auth.refresh_grace_seconds", self.refresh_grace_seconds, 0..=60);
        checks.range("auth.hashing_parallel", self.hashing_parallel, 1..=256);
        checks.range("auth.hashing_queue", self.hashing_queue, 0..=100_000);
        checks.range(
            "auth.hashing_patience_seconds",
            self.hashing_patience_seconds,
            1..=60,
        );
        checks.range("auth.attempts_per_account", self.attempts_per_account, 1..=1_000);
        checks.range(
            "auth.attempts_per_address",
            self.attempts_per_address,
            1..=100_000,
        );
        checks.range(
            "auth.attempts_altogether",
            self.attempts_altogether,
            1..=10_000_000,
        );
        checks.range(
            "auth.attempts_window_seconds",
            self.attempts_window_seconds,
            1..=86_400,
        );
        checks.range(
            "auth.attempts_remembered",
            self.attempts_remembered,
            100..=10_000_000,
        );
    }
}

fn check_secrets(key: &str, secrets: &[Secret], checks: &mut Checks) {
    checks.require(secrets.len() <= MAX_SECRETS, || {
        format!("{key} has at most {MAX_SECRETS} entries")
    });
    for (index, secret) in secrets.iter().enumerate() {
        let position = index + 1;
        checks.require(secret.parts().is_some(), || {
            format!(
                "{key}: entry {position} must be `id:secret`, the id of letters, digits, `-`, `_` and `.`, the secret \
                 of {MIN_SECRET_BYTES} bytes or more"
            )
        });
        let id = secret.parts().map(|(id, _)| id);
        let repeated = secrets[..index]
            .iter()
            .any(|other| other.parts().map(|(id, _)| id) == id);
        checks.require(id.is_none() || !repeated, || {
            format!("{key}: the id of entry {position} is used twice")
        });
    }
}

fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    text == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', ' ', '@']))
}

/// `id:secret`, shown to nobody.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps `id:secret`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id and the bytes of the secret, if both are acceptable.
    pub fn parts(&self) -> Option<(&str, &[u8])> {
        let (id, secret) = self.0.split_once(':')?;
        let named = !id.is_empty()
            && id.len() <= 64
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        (named && secret.len() >= MIN_SECRET_BYTES).then_some((id, secret.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(hidden)")
    }
}
