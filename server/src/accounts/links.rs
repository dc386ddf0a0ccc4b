//! Links that open a document: whoever holds one, and knows its password if it has one, gets a token for minutes.
//!
//! Invariant: the token rests on the link. What the link gives is looked up each time the token is shown, so revoking
//! or changing the link reaches it.

use tokio::time::Instant;
use uuid::Uuid;
use weft_storage::records::{Link, RecordError};

use super::{AccountError, Accounts, Client};
use crate::auth::UnixSeconds;
use crate::auth::password::{NewPassword, Verification};
use crate::auth::permission::DocumentRole;
use crate::auth::throttle::SlowDown;
use crate::auth::tokens::document::{
    DocumentClaims, DocumentTokenError, DocumentTokenRequest, mint_document_token,
};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};

/// How long a token lives that a link was opened for, in seconds. Opening it again gets the next one.
const LINK_TOKEN_SECONDS: u64 = 3_600;

/// A link that was opened.
#[derive(Debug)]
pub struct OpenedLink {
    /// The link.
    pub link: Link,
    /// What it gives.
    pub role: DocumentRole,
    /// What opens the document now.
    pub token: String,
    /// For how long, in seconds.
    pub expires_in: u64,
}

/// Why a link stays closed.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// There is no such link, or it was revoked, or it is over.
    #[error("there is no such link")]
    Missing,
    /// It needs a password.
    #[error("the link needs a password")]
    PasswordRequired,
    /// That is not its password.
    #[error("the password is wrong")]
    WrongPassword,
    /// No token was made.
    #[error(transparent)]
    Token(#[from] DocumentTokenError),
    /// As for accounts.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<RecordError> for LinkError {
    fn from(error: RecordError) -> Self {
        Self::Account(error.into())
    }
}

impl From<SlowDown> for LinkError {
    fn from(error: SlowDown) -> Self {
        Self::Account(error.into())
    }
}

impl Accounts {
    /// Opens the link with the secret `token` for a visitor who calls themselves `name`.
    ///
    /// # Errors
    /// [`LinkError`]; guessing at a password, or at links, is slowed down like guessing at accounts.
    pub async fn open_link(
        &self,
        token: &str,
        password: Option<&str>,
        name: Option<String>,
        client: &Client,
    ) -> Result<OpenedLink, LinkError> {
        let attempted = self.attempts.begin(token, client.address, Instant::now())?;
        let token = OpaqueToken::parse(TokenKind::ShareLink, token).map_err(|_| LinkError::Missing)?;
        let now_ms = self.now_ms();
        let mut tx = self.records.read().await?;
        let found = tx.link_by_token(token.hash().as_bytes(), now_ms).await?;
        drop(tx);
        let link = found.ok_or(LinkError::Missing)?;
        match (&link.password_hash, password) {
            (None, _) => {}
            (Some(_), None) => {
                self.attempts.withdrawn(&attempted, Instant::now());
                return Err(LinkError::PasswordRequired);
            }
            (Some(hash), Some(password)) => {
                let verified = self.passwords.verify(password, Some(hash)).await;
                let verification = verified.map_err(|error| {
                    self.attempts.withdrawn(&attempted, Instant::now());
                    AccountError::from(error)
                })?;
                if verification == Verification::Wrong {
                    return Err(LinkError::WrongPassword);
                }
            }
        }
        self.attempts.succeeded(&attempted, Instant::now());
        let role = link.role.parse().map_err(|_| LinkError::Missing)?;
        let request = DocumentTokenRequest {
            subject: format!("link:{}", Uuid::now_v7()),
            name,
            document: link.document_id,
            workspace: link.workspace.0,
            role,
            minter: link.id,
            link: Some(link.id),
            lifetime_seconds: lifetime(&link, now_ms),
        };
        let expires_in = request.lifetime_seconds;
        let (token, _) = self.mint_document_token(&request)?;
        Ok(OpenedLink {
            link,
            role,
            token,
            expires_in,
        })
    }

    /// Signs a token that opens one document.
    ///
    /// # Errors
    /// [`DocumentTokenError`].
    pub fn mint_document_token(
        &self,
        request: &DocumentTokenRequest,
    ) -> Result<(String, DocumentClaims), DocumentTokenError> {
        let keys = self.keyring.keys();
        mint_document_token(&keys, self.access_tokens.settings(), request, self.now())
    }

    /// The hash of a password that is none of an account.
    ///
    /// # Errors
    /// [`AccountError`] if too many are being hashed.
    pub async fn hash_password(&self, password: &NewPassword) -> Result<String, AccountError> {
        Ok(self.passwords.hash(password).await?)
    }
}

/// No token outlives its link.
fn lifetime(link: &Link, now_ms: i64) -> UnixSeconds {
    let left = link
        .expires_at_ms
        .map(|end| u64::try_from((end - now_ms) / 1000).unwrap_or(0));
    left.map_or(LINK_TOKEN_SECONDS, |left| left.clamp(1, LINK_TOKEN_SECONDS))
}
