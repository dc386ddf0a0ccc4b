//! Authorization codes: good once, for ten minutes at most, for the client and address they were made for.

use uuid::Uuid;

use super::client::Client;
use super::pkce::CodeChallenge;
use crate::auth::UnixSeconds;
use crate::auth::permission::Scopes;

/// How long a code lives.
pub const CODE_SECONDS: u64 = 60;

/// A code as it is kept, under the hash of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRecord {
    /// For which client.
    pub client_id: Uuid,
    /// Where it was sent.
    pub redirect: String,
    /// Who consented.
    pub user_id: Uuid,
    /// To what.
    pub scopes: Scopes,
    /// In which workspace, if in one only.
    pub workspace: Option<Uuid>,
    /// The hash of the client's verifier.
    pub challenge: CodeChallenge,
    /// What the id token must repeat.
    pub nonce: Option<String>,
    /// When the person logged in.
    pub authenticated_at: UnixSeconds,
    /// Its end.
    pub expires_at: UnixSeconds,
    /// When it was redeemed, if it was.
    pub redeemed_at: Option<UnixSeconds>,
    /// The grant (family of tokens) that redeeming it makes; ended if it is presented again.
    pub grant_id: Uuid,
}

/// What to do about a presented code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeDecision {
    /// Mark it redeemed (`… WHERE redeemed_at IS NULL`; if it meanwhile was, it is a replay) and give tokens.
    Redeem,
    /// Somebody has it who should not: end the grant and everything it gave, and refuse.
    Replay,
    /// Refuse.
    Refuse,
}

impl CodeRecord {
    /// What presenting it does.
    pub fn present(
        &self,
        client: &Client,
        redirect: Option<&str>,
        verifier: Option<&str>,
        now: UnixSeconds,
    ) -> CodeDecision {
        if client.id != self.client_id {
            return CodeDecision::Refuse;
        }
        if self.redeemed_at.is_some() {
            return CodeDecision::Replay;
        }
        let is_proven = verifier.is_some_and(|verifier| self.challenge.matches(verifier));
        let is_same_place = redirect == Some(self.redirect.as_str());
        if is_proven && is_same_place && now < self.expires_at {
            CodeDecision::Redeem
        } else {
            CodeDecision::Refuse
        }
    }
}
