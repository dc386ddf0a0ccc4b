//! Showing that one reads the mail of an address, and changing the address.

use serde_json::json;
use uuid::Uuid;
use weft_storage::records::{EpochKind, NewSingleUse, RecordError, Tx, User};

use super::password::email_in;
use super::{AccountError, Accounts, Client, milliseconds};
use crate::audit::{Act, Deed};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::mail::{EmailAddress, Letter};

/// How codes of this kind are called in the records.
const KIND: &str = "email_verification";

impl Accounts {
    /// Sends somebody a mail with which they show that they read it. Earlier ones count no more.
    ///
    /// # Errors
    /// A failure of the records.
    pub async fn send_verification(&self, user: &User) -> Result<(), AccountError> {
        match EmailAddress::parse(&user.email) {
            Ok(address) => self.send_code(user.id, &address).await,
            Err(_) => Ok(()),
        }
    }

    /// Sends the verification once more, if it is needed.
    ///
    /// # Errors
    /// [`AccountError::SlowDown`]; a failure of the records.
    pub async fn resend_verification(&self, id: Uuid, client: &Client) -> Result<(), AccountError> {
        let mut tx = self.records.read().await?;
        let user = tx.user(id).await?.ok_or(AccountError::WrongSecret)?;
        drop(tx);
        if user.email_verified_at_ms.is_some() {
            return Ok(());
        }
        self.count_mail(id, client)?;
        self.send_verification(&user).await
    }

    /// Sends a code to another address; the account gets that address when the code comes back. An address that has an
    /// account is told so, and whoever asks is not.
    ///
    /// # Errors
    /// [`AccountError::WrongSecret`] if `password` is not theirs.
    pub async fn change_email(
        &self,
        id: Uuid,
        password: &str,
        address: &EmailAddress,
        client: &Client,
    ) -> Result<(), AccountError> {
        self.check_password(id, password, client).await?;
        self.count_mail(id, client)?;
        let mut tx = self.records.read().await?;
        let other = tx.user_by_email(&address.canonical()).await?;
        drop(tx);
        if other.is_some_and(|other| other.user.id != id) {
            let link = self.post.link("/");
            self.post
                .send(&Letter::AlreadyRegistered { link: &link }, address);
            return Ok(());
        }
        self.send_code(id, address).await
    }

    /// Uses the code of such a mail.
    ///
    /// # Errors
    /// [`AccountError::WrongSecret`] if it does not count.
    pub async fn verify_email(&self, presented: &str) -> Result<User, AccountError> {
        let token = OpaqueToken::parse(TokenKind::EmailVerification, presented)
            .map_err(|_| AccountError::WrongSecret)?;
        let now_ms = self.now_ms();
        let mut tx = self.records.write().await?;
        let code = tx.take_single_use(KIND, token.hash().as_bytes(), now_ms).await?;
        let code = code.ok_or(AccountError::WrongSecret)?;
        let id = code.user_id.ok_or(AccountError::WrongSecret)?;
        let address = EmailAddress::parse(&email_in(&code.payload)).map_err(|_| AccountError::WrongSecret)?;
        let user = tx.user(id).await?.ok_or(AccountError::WrongSecret)?;
        let is_another = user.email.to_lowercase() != address.canonical();
        if is_another {
            match tx
                .set_email(id, address.as_str(), &address.canonical(), now_ms)
                .await
            {
                // Somebody else has it by now.
                Err(RecordError::Taken) => return Err(AccountError::WrongSecret),
                other => other?,
            }
        }
        if !tx.verify_email(id, &address.canonical(), now_ms).await? {
            return Err(AccountError::WrongSecret);
        }
        // More is allowed now: whoever keeps what somebody may do must look again.
        tx.raise_epoch(EpochKind::User(id), now_ms).await?;
        let user = tx.user(id).await?.ok_or(AccountError::WrongSecret)?;
        let deed = if is_another {
            Deed::EmailChanged
        } else {
            Deed::EmailVerified
        };
        Act::new(deed, id)
            .by(id)
            .write_for_server(&mut tx, now_ms)
            .await?;
        tx.commit().await?;
        self.changes.announce();
        Ok(user)
    }

    async fn send_code(&self, user: Uuid, address: &EmailAddress) -> Result<(), AccountError> {
        let mut tx = self.records.write().await?;
        let payload = json!({ "email": address.as_str() }).to_string();
        let token = self
            .issue(&mut tx, TokenKind::EmailVerification, KIND, Some(user), &payload)
            .await?;
        tx.commit().await?;
        let link = self
            .post
            .link(&format!("/account/verify-email#token={}", token.expose()));
        self.post.send(&Letter::Verification { link: &link }, address);
        Ok(())
    }

    /// Counts a mail that somebody has sent; nothing gives it back.
    fn count_mail(&self, user: Uuid, client: &Client) -> Result<(), AccountError> {
        let account = format!("mail:{user}");
        let now = tokio::time::Instant::now();
        let _ = self.attempts.begin(&account, client.address, now)?;
        Ok(())
    }

    /// Makes a code for somebody, or for nobody; earlier ones of the same kind count no more.
    pub(super) async fn issue(
        &self,
        tx: &mut Tx,
        kind: TokenKind,
        name: &str,
        user: Option<Uuid>,
        payload: &str,
    ) -> Result<OpaqueToken, AccountError> {
        let now_ms = self.now_ms();
        let token = OpaqueToken::generate(kind);
        let hash = token.hash();
        let lifetime_ms = milliseconds(kind.lifetime_seconds().unwrap_or_default());
        tx.withdraw_single_use(name, user, now_ms).await?;
        tx.add_single_use(NewSingleUse {
            hash: hash.as_bytes(),
            kind: name,
            user_id: user,
            session_id: None,
            payload,
            now_ms,
            expires_at_ms: now_ms.saturating_add(lifetime_ms),
        })
        .await?;
        Ok(token)
    }
}
