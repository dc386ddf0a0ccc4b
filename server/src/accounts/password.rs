//! Forgotten passwords and changed ones.
//!
//! Invariant: asking for a new password tells nobody whether there is such an account: the same work, the same answer. A
//! code counts once and for ten minutes. Whoever sets a new password ends every other session.

use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;
use weft_storage::records::{EpochKind, Tx, User};

use super::{AccountError, Accounts, Client};
use crate::audit::{Act, Deed};
use crate::auth::password::{NewPassword, Verification};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::mail::{EmailAddress, Letter};

/// How codes of this kind are called in the records.
const KIND: &str = "password_reset";

impl Accounts {
    /// Sends whoever has an account with this address a mail with which they set a new password.
    ///
    /// # Errors
    /// [`AccountError::SlowDown`]; a failure of the records. Never that there is no such account.
    pub async fn forgot_password(&self, email: &EmailAddress, client: &Client) -> Result<(), AccountError> {
        let email_key = email.canonical();
        let account = format!("forgot:{email_key}");
        // Nothing gives it back: each mail counts.
        let _ = self.attempts.begin(&account, client.address, Instant::now())?;
        let mut tx = self.records.write().await?;
        let found = tx.user_by_email(&email_key).await?.map(|found| found.user);
        let user = found.filter(|user| user.status != "inactive");
        let payload = json!({ "email": email_key }).to_string();
        // For nobody a code is stored too, which opens nothing: it takes as long.
        let token = self
            .issue(
                &mut tx,
                TokenKind::PasswordReset,
                KIND,
                user.as_ref().map(|user| user.id),
                &payload,
            )
            .await?;
        tx.commit().await?;
        if let Some(address) = user.and_then(|user| EmailAddress::parse(&user.email).ok()) {
            let minutes = TokenKind::PasswordReset.lifetime_seconds().unwrap_or_default() / 60;
            let link = self
                .post
                .link(&format!("/account/reset-password#token={}", token.expose()));
            self.post
                .send(&Letter::PasswordReset { link: &link, minutes }, &address);
        }
        Ok(())
    }

    /// Sets a new password with the code of such a mail, and ends all sessions.
    ///
    /// # Errors
    /// [`AccountError::WrongSecret`] if the code does not count; [`AccountError::Weak`].
    pub async fn reset_password(
        &self,
        presented: &str,
        password: &str,
        client: &Client,
    ) -> Result<(), AccountError> {
        let attempt = format!("reset:{presented}");
        let attempted = self.attempts.begin(&attempt, client.address, Instant::now())?;
        let token =
            OpaqueToken::parse(TokenKind::PasswordReset, presented).map_err(|_| AccountError::WrongSecret)?;
        let hash = token.hash();
        let mut tx = self.records.read().await?;
        let user = self.owner_of(&mut tx, hash.as_bytes()).await?;
        drop(tx);
        let password = NewPassword::parse(password, &about(&user))?;
        let password_hash = self.passwords.hash(&password).await?;
        let now_ms = self.now_ms();
        let mut tx = self.records.write().await?;
        let code = tx.take_single_use(KIND, hash.as_bytes(), now_ms).await?;
        let code = code.ok_or(AccountError::WrongSecret)?;
        let secret = tx.user_secret(user.id).await?.ok_or(AccountError::WrongSecret)?;
        let email_key = email_in(&code.payload);
        // Whoever has the code reads the mail of the address, if it still is the account's.
        if !tx.verify_email(user.id, &email_key, now_ms).await? {
            return Err(AccountError::WrongSecret);
        }
        let expected = secret.password_hash.as_deref();
        if !tx.set_password(user.id, expected, &password_hash, now_ms).await? {
            return Err(AccountError::WrongSecret);
        }
        tx.end_sessions_of(user.id, None, "password reset", now_ms)
            .await?;
        tx.raise_epoch(EpochKind::User(user.id), now_ms).await?;
        Act::new(Deed::PasswordReset, user.id)
            .by(user.id)
            .write_for_server(&mut tx, now_ms)
            .await?;
        tx.commit().await?;
        self.changes.announce();
        self.attempts.succeeded(&attempted, Instant::now());
        self.notify(&user, "Your password was changed.", Some(client));
        Ok(())
    }

    /// Replaces somebody's password, and ends their other sessions.
    ///
    /// # Errors
    /// [`AccountError::WrongSecret`] if `current` is not their password; [`AccountError::Weak`].
    pub async fn change_password(
        &self,
        who: (Uuid, Option<Uuid>),
        current: &str,
        password: &str,
        client: &Client,
    ) -> Result<(), AccountError> {
        let (id, session) = who;
        let secret = self.check_password(id, current, client).await?;
        let password = NewPassword::parse(password, &about(&secret.user))?;
        let hash = self.passwords.hash(&password).await?;
        let now_ms = self.now_ms();
        let mut tx = self.records.write().await?;
        let expected = secret.password_hash.as_deref();
        if !tx.set_password(id, expected, &hash, now_ms).await? {
            return Err(AccountError::WrongSecret);
        }
        // A code that is on its way would undo this.
        tx.withdraw_single_use(KIND, Some(id), now_ms).await?;
        tx.end_sessions_of(id, session, "password changed", now_ms)
            .await?;
        tx.raise_epoch(EpochKind::User(id), now_ms).await?;
        Act::new(Deed::PasswordChanged, id)
            .by(id)
            .write_for_server(&mut tx, now_ms)
            .await?;
        tx.commit().await?;
        self.changes.announce();
        self.notify(&secret.user, "Your password was changed.", Some(client));
        Ok(())
    }

    /// Whether `password` is that of the account `id`, within the limits of attempts.
    pub(super) async fn check_password(
        &self,
        id: Uuid,
        password: &str,
        client: &Client,
    ) -> Result<weft_storage::records::UserSecret, AccountError> {
        let mut tx = self.records.read().await?;
        let secret = tx.user_secret(id).await?.ok_or(AccountError::WrongSecret)?;
        drop(tx);
        let attempted = self
            .attempts
            .begin(&secret.user.email, client.address, Instant::now())?;
        let verified = self
            .passwords
            .verify(password, secret.password_hash.as_deref())
            .await;
        match verified {
            Ok(Verification::Wrong) => {
                self.note_failure(Deed::PasswordFailed, Some(id), None).await?;
                return Err(AccountError::WrongSecret);
            }
            Ok(Verification::Correct | Verification::CorrectButOutdated) => {
                self.attempts.succeeded(&attempted, Instant::now());
            }
            Err(error) => {
                self.attempts.withdrawn(&attempted, Instant::now());
                return Err(error.into());
            }
        }
        Ok(secret)
    }

    /// Whose a code is, which stays unused.
    async fn owner_of(&self, tx: &mut Tx, hash: &[u8; 32]) -> Result<User, AccountError> {
        let code = tx.single_use(KIND, hash, self.now_ms()).await?;
        let user = code
            .and_then(|code| code.user_id)
            .ok_or(AccountError::WrongSecret)?;
        let user = tx.user(user).await?.ok_or(AccountError::WrongSecret)?;
        if user.status == "inactive" {
            return Err(AccountError::WrongSecret);
        }
        Ok(user)
    }
}

/// Words that are no good password for somebody.
fn about(user: &User) -> Vec<&str> {
    vec![&user.email, &user.first_name, &user.last_name]
}

/// The address that a code was sent to.
pub(super) fn email_in(payload: &str) -> String {
    let payload: serde_json::Value = serde_json::from_str(payload).unwrap_or_default();
    payload["email"].as_str().unwrap_or_default().to_owned()
}
