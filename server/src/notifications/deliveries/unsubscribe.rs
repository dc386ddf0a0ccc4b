//! The address in a mail that stops mails of its kind, without a login (RFC 8058).
//!
//! Invariant: it names an account and types, sealed: nobody else can make one, and all that it can do is to turn mails
//! of these types off for this account.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::sealed::Sealer;
use crate::notifications::Kind;

const CONTEXT: &str = "unsubscribe";
/// The longest text that is one, in bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 2_048;

/// Whose mails of which types are to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stop {
    /// Whose.
    pub(crate) user: Uuid,
    /// Of which types.
    pub(crate) kinds: Vec<Kind>,
}

/// Makes and reads such addresses.
#[derive(Clone)]
pub(crate) struct Unsubscribe {
    sealer: Arc<Sealer>,
    public_url: Arc<str>,
}

impl fmt::Debug for Unsubscribe {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Unsubscribe")
    }
}

impl Unsubscribe {
    /// Below our own address.
    pub(crate) fn new(sealer: Arc<Sealer>, public_url: &str) -> Self {
        Self {
            sealer,
            public_url: public_url.into(),
        }
    }

    /// The address that stops mails. Empty if it cannot be made, which cannot happen.
    pub(crate) fn address(&self, stop: &Stop) -> String {
        let plain = serde_json::to_vec(stop).unwrap_or_default();
        let sealed = self.sealer.seal(CONTEXT, &plain).unwrap_or_default();
        let token = URL_SAFE_NO_PAD.encode(sealed);
        format!("{}/v1/notifications/unsubscribe?stop={token}", self.public_url)
    }

    /// What a token of such an address stops.
    pub(crate) fn open(&self, token: &str) -> Option<Stop> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let plain = self.sealer.open(CONTEXT, &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn an_address_stops_what_it_was_made_for_and_nothing_else() {
        let sealer = |letter: &str| {
            let secret = Secret::new(format!("{letter}:{}", letter.repeat(32)));
            Unsubscribe::new(Arc::new(Sealer::new(&[secret]).unwrap()), "https://weft.test")
        };
        let (ours, others) = (sealer("a"), sealer("b"));
        let stop = Stop {
            user: Uuid::from_u128(7),
            kinds: Kind::ALL.to_vec(),
        };
        let address = ours.address(&stop);
        let token = address
            .strip_prefix("https://weft.test/v1/notifications/unsubscribe?stop=")
            .unwrap();
        assert!(token.len() < MAX_TOKEN_BYTES);
        assert_eq!(ours.open(token), Some(stop));
        assert_eq!(others.open(token), None);
        for at in 0..token.len() {
            let mut changed = token.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character has bits that mean nothing.
            if changed != token && at + 1 < token.len() {
                assert_eq!(ours.open(&changed), None);
            }
        }
        assert_eq!(ours.open(&"A".repeat(MAX_TOKEN_BYTES + 1)), None);
    }
}
