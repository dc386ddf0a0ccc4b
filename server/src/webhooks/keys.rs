//! What of an endpoint is sealed, opened for an attempt: what signs, and the headers that it wants.

use weft_storage::records::WebhookEndpoint;

use super::headers::WebhookHeaders;
use super::secrets::WebhookSecrets;
use super::signature::{sign, sign_openly};
use super::signing_key::SigningKeys;
use crate::auth::sealed::{SealError, Sealer};

/// What an attempt needs of its endpoint.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    secrets: WebhookSecrets,
    signing: SigningKeys,
    pub(super) headers: WebhookHeaders,
}

impl Keys {
    /// Those of an endpoint.
    ///
    /// # Errors
    /// [`SealError`] if they cannot be read.
    pub(super) fn open(sealer: &Sealer, endpoint: &WebhookEndpoint) -> Result<Self, SealError> {
        let signing = match &endpoint.signing_keys {
            Some(sealed) => SigningKeys::open(sealer, endpoint.id, sealed)?,
            None => SigningKeys::none(),
        };
        Ok(Self {
            secrets: WebhookSecrets::open(sealer, endpoint.id, &endpoint.secrets)?,
            signing,
            headers: WebhookHeaders::open(sealer, endpoint.id, endpoint.headers.as_deref())?,
        })
    }

    /// The signatures of what is sent under `id` at `now_ms`, as their header has them.
    pub(super) fn signatures(&self, id: &str, now_ms: i64, body: &[u8]) -> String {
        let timestamp_s = now_ms.div_euclid(1_000);
        let by_secrets = self
            .secrets
            .live(now_ms)
            .map(|secret| sign(secret.bytes(), id, timestamp_s, body));
        let by_keys = self
            .signing
            .live(now_ms)
            .map(|key| sign_openly(key, id, timestamp_s, body));
        by_secrets.chain(by_keys).collect::<Vec<_>>().join(" ")
    }
}
