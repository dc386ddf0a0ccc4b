//! Applications as they are stored, and what the rules of OAuth want to know about them.
//!
//! Invariant: a secret is kept as a hash. What cannot be read in a stored application gives it nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use weft_storage::records::OAuthClient;

use crate::auth::oauth::{Client, ClientKind, GrantType};
use crate::auth::permission::Scopes;
use crate::auth::tokens::opaque::{OpaqueToken, TokenHash, TokenKind};

/// How much of a secret may be shown to tell it from others: the prefix and four characters.
const HINT_CHARACTERS: usize = 12;

/// A secret of an application as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(in crate::http) struct StoredSecret {
    hash: String,
    /// How its text begins.
    pub(in crate::http) hint: String,
    /// When it was made, in milliseconds since 1970.
    pub(in crate::http) created_at_ms: i64,
    /// When it ends, if another one has taken its place.
    pub(in crate::http) ends_at_ms: Option<i64>,
}

impl StoredSecret {
    /// A new secret: what is stored, and what its owner gets.
    pub(in crate::http) fn generate(now_ms: i64) -> (Self, OpaqueToken) {
        let token = OpaqueToken::generate(TokenKind::ClientSecret);
        let stored = Self {
            hash: URL_SAFE_NO_PAD.encode(token.hash().as_bytes()),
            hint: token.expose().chars().take(HINT_CHARACTERS).collect(),
            created_at_ms: now_ms,
            ends_at_ms: None,
        };
        (stored, token)
    }

    /// Whether it counts at `now_ms`.
    pub(in crate::http) fn is_live(&self, now_ms: i64) -> bool {
        self.ends_at_ms.is_none_or(|ends| ends > now_ms)
    }

    fn parts(&self) -> Option<(TokenHash, Option<u64>)> {
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(&self.hash).ok()?.try_into().ok()?;
        let ends = self.ends_at_ms.map(|ms| u64::try_from(ms / 1_000).unwrap_or(0));
        Some((TokenHash::from_bytes(bytes), ends))
    }
}

/// The secrets of an application.
pub(in crate::http) fn secrets_of(row: &OAuthClient) -> Vec<StoredSecret> {
    serde_json::from_str(&row.secrets).unwrap_or_default()
}

/// The redirect addresses of an application.
pub(in crate::http) fn redirects_of(row: &OAuthClient) -> Vec<String> {
    serde_json::from_str(&row.redirects).unwrap_or_default()
}

/// The grants of an application.
pub(in crate::http) fn grants_of(row: &OAuthClient) -> Vec<GrantType> {
    let names: Vec<String> = serde_json::from_str(&row.grants).unwrap_or_default();
    names.iter().filter_map(|name| GrantType::parse(name)).collect()
}

/// A list as it is stored.
pub(in crate::http) fn as_json<T: Serialize>(list: &[T]) -> String {
    // Lists of texts and numbers cannot fail to become JSON.
    serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned())
}

/// What the rules of OAuth want to know.
pub(in crate::http) fn client_of(row: &OAuthClient) -> Client {
    Client {
        id: row.id,
        name: row.name.clone(),
        kind: if row.kind == "confidential" {
            ClientKind::Confidential
        } else {
            ClientKind::Public
        },
        secrets: secrets_of(row).iter().filter_map(StoredSecret::parts).collect(),
        redirects: redirects_of(row),
        grants: grants_of(row),
        scopes: Scopes::parse(&row.scopes).unwrap_or_default(),
        workspace: Some(row.workspace.0),
        disabled_at: row
            .disabled_at_ms
            .map(|ms| u64::try_from(ms / 1_000).unwrap_or(0)),
    }
}
