//! Logins: the session, its first tokens, how it goes on and how it ends.
//!
//! A session is a family of refresh tokens; access tokens live as long as it does, at most.

use std::net::IpAddr;

use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;
use weft_storage::records::{EpochKind, NewRefreshToken, NewSession, RefreshRow, Tx, User};

use super::notices::Device;
use super::{AccountError, Accounts, milliseconds, seconds};
use crate::audit::{Act, Deed};
use crate::auth::password::Verification;
use crate::auth::permission::Scopes;
use crate::auth::tokens::access::AccessTokenRequest;
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::auth::tokens::refresh::{RefreshDecision, RefreshRecord};
use crate::mail::EmailAddress;

/// How much of what a client says of itself is kept, in characters.
pub(super) const MAX_USER_AGENT_CHARACTERS: usize = 256;
/// How often a refresh that somebody else overtook is decided anew.
const MAX_ROUNDS: usize = 4;

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// What it says that it is.
    pub user_agent: Option<String>,
    /// Its address.
    pub address: IpAddr,
}

/// How somebody showed who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionKind {
    /// With their password.
    Password,
    /// Through another provider.
    Oidc,
    /// They let an application act for them.
    OAuth,
}

impl SessionKind {
    /// Its name in the records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Oidc => "oidc",
            Self::OAuth => "oauth",
        }
    }
}

/// A session and the refresh token that continues it.
#[derive(Debug, Clone)]
pub struct Family {
    /// The session.
    pub session: Uuid,
    /// Whose it is.
    pub user: Uuid,
    /// The token, for its owner.
    pub refresh_token: OpaqueToken,
}

/// Somebody who is logged in, with what they get for it.
#[derive(Clone)]
pub struct LoggedIn {
    /// Who.
    pub user: User,
    /// The session.
    pub session: Uuid,
    /// A token for the next minutes.
    pub access_token: String,
    /// For how long, in seconds.
    pub expires_in: u64,
    /// What gets the next one.
    pub refresh_token: OpaqueToken,
    /// Whether it was seen before where the session began.
    pub(super) device: Device,
}

impl std::fmt::Debug for LoggedIn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("LoggedIn")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl Accounts {
    /// Logs somebody in by address and password.
    ///
    /// # Errors
    /// [`AccountError::WrongSecret`] also if there is no such account, after the same work.
    pub async fn login(
        &self,
        email: &str,
        password: &str,
        client: &Client,
    ) -> Result<LoggedIn, AccountError> {
        // What is no address belongs to nobody, and is looked up like any other.
        let email_key = EmailAddress::parse(email.trim())
            .map(|address| address.canonical())
            .unwrap_or_default();
        let attempted = self.attempts.begin(&email_key, client.address, Instant::now())?;
        let mut tx = self.records.read().await?;
        let found = tx.user_by_email(&email_key).await?;
        drop(tx);
        let stored = found.as_ref().and_then(|found| found.password_hash.as_deref());
        let verification = match self.passwords.verify(password, stored).await {
            Ok(verification) => verification,
            Err(error) => {
                self.attempts.withdrawn(&attempted, Instant::now());
                return Err(error.into());
            }
        };
        let known = found.as_ref().map(|found| found.user.id);
        let Some(found) = found.filter(|_| verification != Verification::Wrong) else {
            // Written whether there is such an account or not, so that it takes as long; the limits of attempts bound it.
            self.note_failure(Deed::LoginFailed, known, None).await?;
            return Err(AccountError::WrongSecret);
        };
        self.attempts.succeeded(&attempted, Instant::now());
        if verification == Verification::CorrectButOutdated {
            self.strengthen(&found.user, password, found.password_hash.as_deref())
                .await?;
        }
        let mut tx = self.records.write().await?;
        let begun = self
            .begin_session(&mut tx, found.user.id, SessionKind::Password, client)
            .await;
        if matches!(begun, Err(AccountError::Disabled)) {
            drop(tx);
            self.note_failure(Deed::LoginFailed, known, Some("disabled"))
                .await?;
            return begun;
        }
        let logged_in = begun?;
        tx.commit().await?;
        self.tell_of_login(&logged_in, client);
        Ok(logged_in)
    }

    /// Replaces a hash that is weaker than those that are made today.
    async fn strengthen(
        &self,
        user: &User,
        password: &str,
        stored: Option<&str>,
    ) -> Result<(), AccountError> {
        let hash = self.passwords.rehash(password).await?;
        let mut tx = self.records.write().await?;
        // If it was changed meanwhile, that counts.
        tx.set_password(user.id, stored, &hash, self.now_ms()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Begins a session for somebody who has shown who they are, with its first tokens. After the commit
    /// `tell_of_login` is due.
    ///
    /// # Errors
    /// [`AccountError::Disabled`], [`AccountError::WrongSecret`] if the account is gone.
    pub async fn begin_session(
        &self,
        tx: &mut Tx,
        user: Uuid,
        kind: SessionKind,
        client: &Client,
    ) -> Result<LoggedIn, AccountError> {
        let user = tx.user(user).await?.ok_or(AccountError::WrongSecret)?;
        if user.status == "inactive" {
            return Err(AccountError::Disabled);
        }
        let device = Self::device(tx, user.id, client).await?;
        let family = self.begin_family(tx, user.id, kind, client).await?;
        Act::new(Deed::LoggedIn, family.session)
            .by(user.id)
            .with(json!({ "kind": kind.as_str() }))
            .write_for_server(tx, self.now_ms())
            .await?;
        self.logged_in(user, family, device)
    }

    /// Begins a session without an access token.
    ///
    /// # Errors
    /// A failure of the records.
    pub async fn begin_family(
        &self,
        tx: &mut Tx,
        user: Uuid,
        kind: SessionKind,
        client: &Client,
    ) -> Result<Family, AccountError> {
        let (session, now_ms) = (Uuid::now_v7(), self.now_ms());
        let record = self.refresh.begin(session, seconds(now_ms));
        let user_agent: Option<String> = client
            .user_agent
            .as_ref()
            .map(|text| text.chars().take(MAX_USER_AGENT_CHARACTERS).collect());
        let address = client.address.to_canonical().to_string();
        tx.create_session(NewSession {
            id: session,
            user_id: user,
            kind: kind.as_str(),
            user_agent: user_agent.as_deref(),
            address: Some(&address),
            now_ms,
            expires_at_ms: milliseconds(record.family_expires_at),
        })
        .await?;
        let refresh_token = OpaqueToken::generate(TokenKind::Refresh);
        store(tx, &refresh_token, &record, now_ms).await?;
        Ok(Family {
            session,
            user,
            refresh_token,
        })
    }

    /// The next tokens of a session that somebody began with a password or through a provider.
    ///
    /// # Errors
    /// [`AccountError::SessionOver`] if the token does not count; if it had a successor for too long, the whole session
    /// has ended now.
    pub async fn refresh(&self, presented: &str) -> Result<LoggedIn, AccountError> {
        let mut tx = self.records.write().await?;
        let rotated = self
            .rotate(&mut tx, presented, &[SessionKind::Password, SessionKind::Oidc])
            .await?;
        let Some(family) = rotated else {
            let whose = self.note_reuse(&mut tx, presented).await?;
            tx.commit().await?;
            self.changes.announce();
            if let Some(user) = whose {
                self.tell_of_reuse(&user);
            }
            return Err(AccountError::SessionOver);
        };
        let user = tx.user(family.user).await?.ok_or(AccountError::SessionOver)?;
        if user.status == "inactive" {
            return Err(AccountError::Disabled);
        }
        tx.commit().await?;
        self.logged_in(user, family, Device::Known)
    }

    /// Presents a refresh token of a session of one of `kinds`. `None`: it was used before, so the session was ended and
    /// its epoch raised; commit and announce that.
    ///
    /// # Errors
    /// [`AccountError::SessionOver`] if the token does not count.
    pub async fn rotate(
        &self,
        tx: &mut Tx,
        presented: &str,
        kinds: &[SessionKind],
    ) -> Result<Option<Family>, AccountError> {
        let token =
            OpaqueToken::parse(TokenKind::Refresh, presented).map_err(|_| AccountError::SessionOver)?;
        let (hash, now_ms) = (token.hash(), self.now_ms());
        let successor = self
            .refresh_secret
            .successor(&token)
            .map_err(|_| AccountError::SessionOver)?;
        for _ in 0..MAX_ROUNDS {
            let row = tx.refresh_token(hash.as_bytes()).await?;
            let row = row
                .filter(|row| kinds.iter().any(|kind| kind.as_str() == row.kind))
                .ok_or(AccountError::SessionOver)?;
            match self.refresh.present(&record(&row), seconds(now_ms)) {
                RefreshDecision::Rotate(next) => {
                    if !tx.supersede_refresh_token(hash.as_bytes(), now_ms).await? {
                        // Somebody else was faster.
                        continue;
                    }
                    store(tx, &successor, &next, now_ms).await?;
                }
                RefreshDecision::Repeat => {}
                RefreshDecision::RevokeFamily => {
                    tracing::warn!(session.id = %row.session_id, user.id = %row.user_id,
                        "a refresh token came twice: its session was ended");
                    self.end_in(tx, row.user_id, row.session_id, "refresh token reused")
                        .await?;
                    return Ok(None);
                }
                RefreshDecision::Expired | RefreshDecision::Revoked => {
                    return Err(AccountError::SessionOver);
                }
            }
            return Ok(Some(Family {
                session: row.session_id,
                user: row.user_id,
                refresh_token: successor,
            }));
        }
        Err(AccountError::SessionOver)
    }

    /// Ends one of somebody's sessions; whether they had it. Sockets that rest on it close.
    ///
    /// # Errors
    /// A failure of the records.
    pub async fn end_session(&self, user: Uuid, session: Uuid, reason: &str) -> Result<bool, AccountError> {
        let mut tx = self.records.write().await?;
        let found = tx.session(session).await?;
        let is_theirs = found.is_some_and(|found| found.user_id == user && found.ended_at_ms.is_none());
        if is_theirs {
            self.end_in(&mut tx, user, session, reason).await?;
            Act::new(Deed::SessionEnded, session)
                .with(json!({ "reason": reason, "user_id": user }))
                .write_for_server(&mut tx, self.now_ms())
                .await?;
            tx.commit().await?;
            self.changes.announce();
        }
        Ok(is_theirs)
    }

    /// Writes down that a refresh token came twice, as the last thing before the commit that ends its session. Whose it
    /// was.
    async fn note_reuse(&self, tx: &mut Tx, presented: &str) -> Result<Option<User>, AccountError> {
        let Ok(token) = OpaqueToken::parse(TokenKind::Refresh, presented) else {
            return Ok(None);
        };
        let Some(row) = tx.refresh_token(token.hash().as_bytes()).await? else {
            return Ok(None);
        };
        Act::new(Deed::RefreshTokenReused, row.session_id)
            .with(json!({ "user_id": row.user_id }))
            .write_for_server(tx, self.now_ms())
            .await?;
        Ok(tx.user(row.user_id).await?)
    }

    /// Writes down that somebody did not show who they are.
    pub(super) async fn note_failure(
        &self,
        deed: Deed,
        user: Option<Uuid>,
        reason: Option<&'static str>,
    ) -> Result<(), AccountError> {
        let reason = reason.unwrap_or("wrong secret");
        let act = Act::new(deed, user).with(json!({ "reason": reason }));
        let mut tx = self.records.write().await?;
        act.write_for_server(&mut tx, self.now_ms()).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn end_in(&self, tx: &mut Tx, user: Uuid, session: Uuid, reason: &str) -> Result<(), AccountError> {
        let now_ms = self.now_ms();
        tx.end_session(session, reason, now_ms).await?;
        tx.raise_epoch(EpochKind::User(user), now_ms).await?;
        Ok(())
    }

    fn logged_in(&self, user: User, family: Family, device: Device) -> Result<LoggedIn, AccountError> {
        let request = AccessTokenRequest {
            subject: user.id,
            session: Some(family.session),
            client_id: None,
            scope: Scopes::full().to_string(),
            workspace: None,
        };
        let (access_token, claims) = self
            .access_tokens
            .mint(&self.keyring.keys(), &request, self.now())?;
        Ok(LoggedIn {
            user,
            session: family.session,
            access_token,
            expires_in: claims.exp.saturating_sub(claims.iat),
            refresh_token: family.refresh_token,
            device,
        })
    }
}

async fn store(
    tx: &mut Tx,
    token: &OpaqueToken,
    record: &RefreshRecord,
    now_ms: i64,
) -> Result<(), AccountError> {
    let hash = token.hash();
    let new = NewRefreshToken {
        hash: hash.as_bytes(),
        session_id: record.family,
        generation: i64::from(record.generation),
        idle_expires_at_ms: milliseconds(record.idle_expires_at),
    };
    tx.add_refresh_token(new, now_ms).await?;
    Ok(())
}

fn record(row: &RefreshRow) -> RefreshRecord {
    // A number that no family reaches counts as the last, which has no successor.
    let generation = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    RefreshRecord {
        family: row.session_id,
        generation: generation(row.generation),
        idle_expires_at: seconds(row.idle_expires_at_ms),
        superseded_at: row.superseded_at_ms.map(seconds),
        family_generation: generation(row.family_generation),
        family_expires_at: seconds(row.family_expires_at_ms),
        family_revoked_at: row.family_ended_at_ms.map(seconds),
    }
}
