//! What presenting a refresh token does: a pure decision over one row and the time.
//!
//! Invariant: each token rotates once. Presenting the token *immediately* before the current one again within the grace
//! time gives the same successor (a client that lost the answer, two tabs at once). Presenting anything older, or
//! later, means that two hold the chain: the whole family ends. No successor is ever kept in the clear: it is derived
//! from its predecessor and a secret of the server, so it can be given twice, and nobody else can compute it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::opaque::{NotAToken, OpaqueToken, TokenKind};
use crate::auth::{UnixSeconds, random};

/// How long and how gracefully refresh tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// From the login to the end, whatever happens, in seconds.
    pub absolute_seconds: u64,
    /// From the last use to the end, in seconds.
    pub idle_seconds: u64,
    /// How long the immediately preceding token still gives its successor, in seconds.
    pub grace_seconds: u64,
}

/// What is kept of a refresh token and its family, as one row joined from the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshRecord {
    /// The family: one login, one session.
    pub family: Uuid,
    /// Its place in the family, from 0.
    pub generation: u32,
    /// When it stops counting if it is not used.
    pub idle_expires_at: UnixSeconds,
    /// When its successor was made, if it was.
    pub superseded_at: Option<UnixSeconds>,
    /// The newest generation of the family.
    pub family_generation: u32,
    /// The end of the family, whatever happens.
    pub family_expires_at: UnixSeconds,
    /// When the family was ended, if it was.
    pub family_revoked_at: Option<UnixSeconds>,
}

/// What to do about a presented token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshDecision {
    /// Store this successor and mark the presented token as superseded, both in one transaction and only if it was
    /// not (`… WHERE superseded_at IS NULL`); if it meanwhile was, read the row again and decide anew.
    Rotate(RefreshRecord),
    /// Give the successor that exists; change nothing.
    Repeat,
    /// End the family, close its sockets, write it into the audit log, and refuse.
    RevokeFamily,
    /// Refuse: its time is over.
    Expired,
    /// Refuse: the family has ended before.
    Revoked,
}

impl RefreshPolicy {
    /// The first token of a family that begins at `now`.
    pub fn begin(&self, family: Uuid, now: UnixSeconds) -> RefreshRecord {
        let family_expires_at = now.saturating_add(self.absolute_seconds);
        RefreshRecord {
            family,
            generation: 0,
            idle_expires_at: self.idle_end(now, family_expires_at),
            superseded_at: None,
            family_generation: 0,
            family_expires_at,
            family_revoked_at: None,
        }
    }

    /// What presenting the token of `record` at `now` does.
    pub fn present(&self, record: &RefreshRecord, now: UnixSeconds) -> RefreshDecision {
        if record.family_revoked_at.is_some() {
            return RefreshDecision::Revoked;
        }
        if now >= record.family_expires_at {
            return RefreshDecision::Expired;
        }
        if let Some(superseded_at) = record.superseded_at {
            let is_preceding = record.generation.checked_add(1) == Some(record.family_generation);
            // A clock that went back counts as no time at all.
            let in_grace = now.saturating_sub(superseded_at) < self.grace_seconds;
            return if is_preceding && in_grace {
                RefreshDecision::Repeat
            } else {
                RefreshDecision::RevokeFamily
            };
        }
        if now >= record.idle_expires_at {
            return RefreshDecision::Expired;
        }
        match record.generation.checked_add(1) {
            Some(generation) => RefreshDecision::Rotate(RefreshRecord {
                generation,
                family_generation: generation,
                idle_expires_at: self.idle_end(now, record.family_expires_at),
                ..*record
            }),
            None => RefreshDecision::Expired,
        }
    }

    fn idle_end(&self, now: UnixSeconds, family_expires_at: UnixSeconds) -> UnixSeconds {
        now.saturating_add(self.idle_seconds).min(family_expires_at)
    }
}

/// The secret with which successors are derived; the same on every node, encrypted where it is kept.
#[derive(Clone)]
pub struct RefreshSecret([u8; 32]);

impl fmt::Debug for RefreshSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

impl RefreshSecret {
    /// A new one.
    pub fn generate() -> Self {
        Self(random::bytes())
    }

    /// As stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// To store, encrypted.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The one successor of `token`.
    ///
    /// # Errors
    /// [`NotAToken`] if the token is of another kind; one that was parsed as a refresh token is not.
    pub fn successor(&self, token: &OpaqueToken) -> Result<OpaqueToken, NotAToken> {
        let secret = URL_SAFE_NO_PAD.encode(hmac_sha256(&self.0, token.expose().as_bytes()));
        OpaqueToken::parse(TokenKind::Refresh, token.expose())?;
        OpaqueToken::parse(
            TokenKind::Refresh,
            &format!("{}{secret}", TokenKind::Refresh.prefix()),
        )
    }
}

/// HMAC (RFC 2104) with SHA-256 and a key of 32 bytes.
fn hmac_sha256(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = 1_800_000_000;
    const DAY: u64 = 86_400;
    const POLICY: RefreshPolicy = RefreshPolicy {
        absolute_seconds: 30 * DAY,
        idle_seconds: 7 * DAY,
        grace_seconds: 10,
    };

    #[test]
    fn b2_every_situation_has_one_answer() {
        use RefreshDecision::{Expired, Repeat, RevokeFamily, Revoked, Rotate};
        let current = RefreshRecord {
            generation: 5,
            family_generation: 5,
            ..POLICY.begin(Uuid::from_u128(1), NOW)
        };
        let preceding = RefreshRecord {
            superseded_at: Some(NOW + 100),
            family_generation: 6,
            ..current
        };
        let older = RefreshRecord {
            family_generation: 7,
            ..preceding
        };
        let ended = |record| RefreshRecord {
            family_revoked_at: Some(NOW + 1),
            ..record
        };
        let next = |now| {
            Rotate(RefreshRecord {
                generation: 6,
                family_generation: 6,
                idle_expires_at: now + 7 * DAY,
                ..current
            })
        };
        for (what, record, now, expected) in [
            ("current", current, NOW, next(NOW)),
            (
                "current, a moment before it is idle for too long",
                current,
                NOW + 7 * DAY - 1,
                next(NOW + 7 * DAY - 1),
            ),
            ("current, idle for too long", current, NOW + 7 * DAY, Expired),
            ("current, the family at its end", current, NOW + 30 * DAY, Expired),
            ("current of an ended family", ended(current), NOW + 2, Revoked),
            ("preceding, at once", preceding, NOW + 100, Repeat),
            (
                "preceding, before the clock went back",
                preceding,
                NOW + 50,
                Repeat,
            ),
            ("preceding, last second of grace", preceding, NOW + 109, Repeat),
            ("preceding, after grace", preceding, NOW + 110, RevokeFamily),
            ("preceding, days later", preceding, NOW + 20 * DAY, RevokeFamily),
            (
                "preceding, the family at its end",
                preceding,
                NOW + 30 * DAY,
                Expired,
            ),
            (
                "preceding of an ended family",
                ended(preceding),
                NOW + 101,
                Revoked,
            ),
            (
                "older, though within the grace time",
                older,
                NOW + 101,
                RevokeFamily,
            ),
            ("older, later", older, NOW + 500, RevokeFamily),
            ("older of an ended family", ended(older), NOW + 101, Revoked),
            (
                "the last number there is",
                RefreshRecord {
                    generation: u32::MAX,
                    ..current
                },
                NOW,
                Expired,
            ),
        ] {
            assert_eq!(POLICY.present(&record, now), expected, "{what}");
        }
    }

    #[test]
    fn idle_time_never_outlasts_the_family() {
        let mut record = POLICY.begin(Uuid::from_u128(1), NOW);
        for day in 1..30 {
            let RefreshDecision::Rotate(next) = POLICY.present(&record, NOW + day * DAY) else {
                panic!("day {day}");
            };
            assert!(next.idle_expires_at <= NOW + 30 * DAY);
            assert_eq!(next.family_expires_at, NOW + 30 * DAY);
            record = next;
        }
        assert_eq!(POLICY.present(&record, NOW + 30 * DAY), RefreshDecision::Expired);
    }

    #[test]
    fn the_successor_is_the_same_every_time_and_nobody_elses() {
        let secret = RefreshSecret::generate();
        let token = OpaqueToken::generate(TokenKind::Refresh);
        let successor = secret.successor(&token).unwrap();
        assert_eq!(successor, secret.successor(&token).unwrap());
        assert_ne!(successor, token);
        assert_ne!(successor, RefreshSecret::generate().successor(&token).unwrap());
        assert_ne!(successor, secret.successor(&successor).unwrap());
        let again = RefreshSecret::from_bytes(*secret.expose());
        assert_eq!(successor, again.successor(&token).unwrap());
        assert!(
            secret
                .successor(&OpaqueToken::generate(TokenKind::Invitation))
                .is_err()
        );
    }

    #[test]
    fn the_hmac_is_that_of_rfc_4231() {
        // Its keys are shorter than ours; padded with zeros they mean the same.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let mac = hmac_sha256(&key, b"what do ya want for nothing?");
        assert_eq!(
            mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            expected
        );
    }
}
