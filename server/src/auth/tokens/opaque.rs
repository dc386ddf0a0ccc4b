//! Opaque tokens: random texts that mean something only to whoever holds their hash.
//!
//! Invariant: 256 random bits each, shown once, kept as SHA-256 (with so much randomness a slow hash would add
//! nothing). A token says by its beginning what it is for, and a token of one kind is never taken for another. A
//! text that cannot be a token is refused before anything is looked up.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::auth::{UnixSeconds, random};

/// The random part: 32 bytes as URL-safe base64.
const SECRET_CHARACTERS: usize = 43;

/// What an opaque token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Gets the next access token; changes with each use.
    Refresh,
    /// Shows that somebody reads the mail of an address.
    EmailVerification,
    /// Lets somebody set a new password.
    PasswordReset,
    /// Lets somebody join a workspace.
    Invitation,
    /// Opens one socket.
    SocketTicket,
    /// Opens one stream of the events of a workspace.
    EventTicket,
    /// Makes the first administrator.
    Setup,
    /// Exchanged by an OAuth client for tokens.
    AuthorizationCode,
    /// An OAuth client's password.
    ClientSecret,
    /// Ties a login through another provider to the browser that began it.
    LoginState,
    /// Ends a login through another provider, in the browser where it began.
    LoginCode,
    /// Opens a document for whoever has the link.
    ShareLink,
    /// The session of a browser, in its cookie.
    BrowserSession,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Refresh,
        Self::EmailVerification,
        Self::PasswordReset,
        Self::Invitation,
        Self::SocketTicket,
        Self::EventTicket,
        Self::Setup,
        Self::AuthorizationCode,
        Self::ClientSecret,
        Self::LoginState,
        Self::LoginCode,
        Self::ShareLink,
        Self::BrowserSession,
    ];

    /// What tokens of this kind begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "weft_rt_",
            Self::EmailVerification => "weft_ev_",
            Self::PasswordReset => "weft_pr_",
            Self::Invitation => "weft_in_",
            Self::SocketTicket => "weft_st_",
            Self::EventTicket => "weft_et_",
            Self::Setup => "weft_su_",
            Self::AuthorizationCode => "weft_ac_",
            Self::ClientSecret => "weft_cs_",
            Self::LoginState => "weft_ls_",
            Self::LoginCode => "weft_lc_",
            Self::ShareLink => "weft_sl_",
            Self::BrowserSession => "weft_bs_",
        }
    }

    /// How long one lives unless settings say otherwise; `None`: until it is withdrawn.
    pub fn lifetime_seconds(self) -> Option<u64> {
        match self {
            Self::EmailVerification => Some(86_400),
            Self::PasswordReset | Self::AuthorizationCode | Self::LoginState => Some(600),
            Self::Invitation => Some(7 * 86_400),
            Self::SocketTicket | Self::EventTicket => Some(30),
            Self::LoginCode => Some(60),
            Self::Setup => Some(86_400),
            Self::Refresh | Self::ClientSecret | Self::ShareLink | Self::BrowserSession => None,
        }
    }
}

/// A token as its owner gets it, once. It is shown to nobody by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct OpaqueToken(String);

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

/// What is kept of a token.
#[derive(Debug, Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl std::hash::Hash for TokenHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl TokenHash {
    /// The hash of any secret text of 112 random bits or more.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// As stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// To store; unique, and safe to look up by.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A text is no token of the kind that was asked for. Says nothing about which tokens there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token of the expected kind")]
pub struct NotAToken;

impl OpaqueToken {
    /// A new one.
    pub fn generate(kind: TokenKind) -> Self {
        Self(format!("{}{}", kind.prefix(), random::token()))
    }

    /// Whether `text` could be a token of `kind`, without looking anything up.
    ///
    /// # Errors
    /// [`NotAToken`] if it has another beginning, length or alphabet.
    pub fn parse(kind: TokenKind, text: &str) -> Result<Self, NotAToken> {
        let secret = text.strip_prefix(kind.prefix()).ok_or(NotAToken)?;
        let decoded = (secret.len() == SECRET_CHARACTERS).then(|| URL_SAFE_NO_PAD.decode(secret));
        match decoded {
            Some(Ok(_)) => Ok(Self(text.to_owned())),
            _ => Err(NotAToken),
        }
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// The text, for its owner.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// What is known about a token that may be used once: verification, reset, invitation, ticket, setup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SingleUse {
    /// Its end.
    pub expires_at: UnixSeconds,
    /// When it was used, if it was.
    pub used_at: Option<UnixSeconds>,
    /// When it was withdrawn, if it was; a newer token of the same kind for the same person withdraws the older.
    pub revoked_at: Option<UnixSeconds>,
}

/// Why a single-use token does not count. To whoever presented it, all of them are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Spent {
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It has been used.
    #[error("the token has been used")]
    Used,
    /// It was withdrawn.
    #[error("the token was withdrawn")]
    Revoked,
}

impl SingleUse {
    /// Whether it may be used at `now`. Whoever stores it must mark it used in the same transaction as what it is used
    /// for, and only if it was unused (`UPDATE … WHERE used_at IS NULL`).
    ///
    /// # Errors
    /// [`Spent`] says why not.
    pub fn check(&self, now: UnixSeconds) -> Result<(), Spent> {
        if self.revoked_at.is_some() {
            Err(Spent::Revoked)
        } else if self.used_at.is_some() {
            Err(Spent::Used)
        } else if self.expires_at <= now {
            Err(Spent::Expired)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_one_kind_is_no_other() {
        for kind in TokenKind::ALL {
            let token = OpaqueToken::generate(kind);
            for other in TokenKind::ALL {
                let read = OpaqueToken::parse(other, token.expose());
                assert_eq!(read.is_ok(), kind == other, "{kind:?} as {other:?}");
            }
            let read = OpaqueToken::parse(kind, token.expose()).unwrap();
            assert_eq!(read.hash(), token.hash());
            assert_ne!(token.hash(), OpaqueToken::generate(kind).hash());
            assert_eq!(format!("{token:?}"), "(hidden)");
            assert_eq!(kind.prefix().len(), 8);
        }
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_unseen() {
        let good = OpaqueToken::generate(TokenKind::Refresh);
        let good = good.expose();
        for text in [
            "",
            "weft_rt_",
            &good[..good.len() - 1],
            &format!("{good}A"),
            &format!(" {good}"),
            &good.to_uppercase(),
            &format!("{}=", &good[..good.len() - 1]),
            &format!("weft_rt_{}", "\u{e9}".repeat(21)),
            &format!("weft_rt_{}", "x".repeat(1_000_000)),
        ] {
            assert_eq!(OpaqueToken::parse(TokenKind::Refresh, text), Err(NotAToken));
        }
    }

    #[test]
    fn single_use_tokens_end_by_use_time_or_withdrawal() {
        let fresh = SingleUse {
            expires_at: 100,
            used_at: None,
            revoked_at: None,
        };
        assert_eq!(fresh.check(99), Ok(()));
        assert_eq!(fresh.check(100), Err(Spent::Expired));
        assert_eq!(
            SingleUse {
                used_at: Some(1),
                ..fresh
            }
            .check(2),
            Err(Spent::Used)
        );
        assert_eq!(
            SingleUse {
                revoked_at: Some(1),
                used_at: Some(1),
                ..fresh
            }
            .check(2),
            Err(Spent::Revoked)
        );
        // B5: a reset lives ten minutes at most; a ticket thirty seconds.
        assert_eq!(TokenKind::PasswordReset.lifetime_seconds(), Some(600));
        assert_eq!(TokenKind::SocketTicket.lifetime_seconds(), Some(30));
        assert_eq!(TokenKind::EventTicket.lifetime_seconds(), Some(30));
    }
}
