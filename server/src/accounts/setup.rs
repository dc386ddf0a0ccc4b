//! The first administrator: made by whoever holds the token that the server printed when it was started.
//!
//! Invariant: there is no account that nobody made. While there is no administrator, each start withdraws the token of
//! the one before; once there is one, no token counts.

use weft_storage::records::User;

use super::register::Beginning;
use super::{AccountError, Accounts, NewAccount, RegisterError};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};

/// How tokens of this kind are called in the records.
const KIND: &str = "setup";

impl Accounts {
    /// The token with which the first administrator is made; `None` if there is one.
    ///
    /// # Errors
    /// A failure of the records.
    pub async fn setup_token(&self) -> Result<Option<OpaqueToken>, AccountError> {
        let mut tx = self.records.write().await?;
        if tx.count_admins().await? > 0 {
            return Ok(None);
        }
        let token = self.issue(&mut tx, TokenKind::Setup, KIND, None, "{}").await?;
        tx.commit().await?;
        Ok(Some(token))
    }

    /// Makes the first administrator.
    ///
    /// # Errors
    /// [`AccountError::WrongSecret`] if the token does not count or there is an administrator.
    pub async fn set_up(&self, presented: &str, new: NewAccount<'_>) -> Result<User, RegisterError> {
        let wrong = || RegisterError::Account(AccountError::WrongSecret);
        let token = OpaqueToken::parse(TokenKind::Setup, presented).map_err(|_| wrong())?;
        let hash = token.hash();
        let mut tx = self.records.read().await?;
        let code = tx.single_use(KIND, hash.as_bytes(), self.now_ms()).await?;
        drop(tx);
        code.ok_or_else(wrong)?;
        let password_hash = self.hash_new(&new).await?;
        let mut tx = self.records.write().await?;
        let code = tx.take_single_use(KIND, hash.as_bytes(), self.now_ms()).await?;
        if code.is_none() || tx.count_admins().await? > 0 {
            return Err(wrong());
        }
        let beginning = Beginning {
            server_role: "admin",
            is_verified: true,
            through: "setup",
        };
        let user = self
            .insert(&mut tx, &new, Some(&password_hash), beginning)
            .await?;
        tx.commit().await?;
        tracing::info!(user.id = %user.id, "the first administrator was made");
        Ok(user)
    }
}
