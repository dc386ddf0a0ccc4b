//! Showing that one reads the mail of an address.

use serde_json::json;
use uuid::Uuid;
use weft_storage::records::{EpochKind, NewSingleUse, Tx, User};

use super::{AccountError, Accounts, milliseconds};
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
        let Ok(address) = EmailAddress::parse(&user.email) else {
            return Ok(());
        };
        let mut tx = self.records.write().await?;
        let payload = json!({ "email": address.canonical() }).to_string();
        let token = self
            .issue(&mut tx, TokenKind::EmailVerification, KIND, user.id, &payload)
            .await?;
        tx.commit().await?;
        let link = self
            .post
            .link(&format!("/account/verify-email#token={}", token.expose()));
        self.post.send(&Letter::Verification { link: &link }, &address);
        Ok(())
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
        let user = code.user_id.ok_or(AccountError::WrongSecret)?;
        let payload: serde_json::Value = serde_json::from_str(&code.payload).unwrap_or_default();
        let email = payload["email"].as_str().unwrap_or_default();
        if !tx.verify_email(user, email, now_ms).await? {
            return Err(AccountError::WrongSecret);
        }
        // More is allowed now: whoever keeps what somebody may do must look again.
        tx.raise_epoch(EpochKind::User(user), now_ms).await?;
        let user = tx.user(user).await?.ok_or(AccountError::WrongSecret)?;
        tx.commit().await?;
        self.changes.announce();
        Ok(user)
    }

    /// Makes a code for somebody; earlier ones of the same kind count no more.
    pub(super) async fn issue(
        &self,
        tx: &mut Tx,
        kind: TokenKind,
        name: &str,
        user: Uuid,
        payload: &str,
    ) -> Result<OpaqueToken, AccountError> {
        let now_ms = self.now_ms();
        let token = OpaqueToken::generate(kind);
        tx.withdraw_single_use(name, Some(user), now_ms).await?;
        tx.add_single_use(NewSingleUse {
            hash: token.hash().as_bytes(),
            kind: name,
            user_id: Some(user),
            session_id: None,
            payload,
            now_ms,
            expires_at_ms: now_ms.saturating_add(milliseconds(kind.lifetime_seconds().unwrap_or_default())),
        })
        .await?;
        Ok(token)
    }
}
