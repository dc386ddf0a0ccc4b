//! Who may open documents.
//!
//! A [`Secret`] never appears in a log, an error or the output of `--print-config`.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::check::Checks;

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
}

impl AuthConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        checks.require(self.document_token_secrets.len() <= MAX_SECRETS, || {
            format!("auth.document_token_secrets has at most {MAX_SECRETS} entries")
        });
        for (index, secret) in self.document_token_secrets.iter().enumerate() {
            let position = index + 1;
            checks.require(secret.parts().is_some(), || {
                format!(
                    "auth.document_token_secrets: entry {position} must be `id:secret`, the id of letters, digits, \
                     `-`, `_` and `.`, the secret of {MIN_SECRET_BYTES} bytes or more"
                )
            });
            let id = secret.parts().map(|(id, _)| id);
            let repeated = self.document_token_secrets[..index]
                .iter()
                .any(|other| other.parts().map(|(id, _)| id) == id);
            checks.require(id.is_none() || !repeated, || {
                format!("auth.document_token_secrets: the id of entry {position} is used twice")
            });
        }
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
