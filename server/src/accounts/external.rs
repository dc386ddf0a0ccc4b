//! Accounts of people for whom an external issuer vouches: found by issuer and subject together, and made at their first
//! visit if the settings say so.
//!
//! Invariant: an address alone ties nobody to an account that exists.

use serde_json::json;
use uuid::Uuid;
use weft_storage::clock::Clock;
use weft_storage::records::{NewUser, RecordError, Records, Tx, User};

use std::sync::Arc;

use super::register::personal_workspace;
use crate::access::Refusal;
use crate::audit::{Act, Deed};
use crate::auth::external::{ExternalError, ExternalIdentity, ExternalIssuer};
use crate::auth::{self, Unauthorized, UnixSeconds};
use crate::mail::EmailAddress;

/// The longest name that is taken over, in characters.
const MAX_NAME_CHARACTERS: usize = 100;

/// The issuer, and the accounts of those it vouches for.
#[derive(Debug)]
pub struct ExternalAccounts {
    issuer: ExternalIssuer,
    records: Records,
    clock: Arc<dyn Clock>,
    creates: bool,
}

impl ExternalAccounts {
    /// Accounts of people for whom `issuer` vouches; new ones are made if `creates`.
    pub fn new(issuer: ExternalIssuer, records: Records, clock: Arc<dyn Clock>, creates: bool) -> Self {
        Self {
            issuer,
            records,
            clock,
            creates,
        }
    }

    /// The issuer.
    pub fn issuer(&self) -> &ExternalIssuer {
        &self.issuer
    }

    /// Whom the issuer vouches for with `token`.
    ///
    /// # Errors
    /// [`Refusal`] if the token is no good, or if that cannot be found out now.
    pub(crate) async fn vouched(&self, token: &str, now: UnixSeconds) -> Result<ExternalIdentity, Refusal> {
        self.issuer.verify(token, now).await.map_err(|error| match error {
            ExternalError::Unauthorized(reason) => Refusal::from(reason),
            other => {
                tracing::warn!(
                    error = &other as &dyn std::error::Error,
                    "an external token cannot be verified"
                );
                Refusal::Unavailable
            }
        })
    }

    /// Whose `token` it is, and when its word ends.
    ///
    /// # Errors
    /// [`Refusal`] if the token is no good, if there is no account, or if that cannot be found out now.
    pub async fn account_of(&self, token: &str, now: UnixSeconds) -> Result<(User, UnixSeconds), Refusal> {
        let identity = self.vouched(token, now).await?;
        let mut tx = self.records.read().await?;
        let found = tx.external_user(&identity.issuer, &identity.subject).await?;
        drop(tx);
        let user = match found {
            Some(user) => user,
            None if self.creates => self.create(&identity).await?,
            None => return Err(auth::Refusal::Unauthorized(Unauthorized::Invalid).into()),
        };
        Ok((user, identity.expires_at))
    }

    async fn create(&self, identity: &ExternalIdentity) -> Result<User, Refusal> {
        let mut tx = self.records.write().await?;
        match create_external_user(&mut tx, identity, self.clock.now_ms()).await {
            Ok(user) => {
                tx.commit().await?;
                Ok(user)
            }
            // Another request of theirs was faster.
            Err(RecordError::Taken) => {
                drop(tx);
                let mut tx = self.records.read().await?;
                let found = tx.external_user(&identity.issuer, &identity.subject).await?;
                found.ok_or(Refusal::Unavailable)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Makes an account for somebody for whom another provider vouches. They get their address only if it is verified there
/// and free here.
///
/// # Errors
/// [`RecordError::Taken`] if they have one; a failure of the database.
pub(crate) async fn create_external_user(
    tx: &mut Tx,
    identity: &ExternalIdentity,
    now_ms: i64,
) -> Result<User, RecordError> {
    let id = Uuid::now_v7();
    let mut email = identity
        .email
        .as_deref()
        .and_then(|text| EmailAddress::parse(text).ok());
    if let Some(address) = &email
        && tx.user_by_email(&address.canonical()).await?.is_some()
    {
        email = None;
    }
    let (first_name, last_name) = names(identity.name.as_deref());
    let email_key = email
        .as_ref()
        .map_or_else(|| format!("external {id}"), EmailAddress::canonical);
    tx.create_user(NewUser {
        id,
        email: email.as_ref().map_or("", EmailAddress::as_str),
        email_key: &email_key,
        username: None,
        password_hash: None,
        first_name: &first_name,
        last_name: &last_name,
        server_role: "user",
        status: "active",
        email_verified_at_ms: email.is_some().then_some(now_ms),
        now_ms,
    })
    .await?;
    tx.add_external_identity(&identity.issuer, &identity.subject, id, now_ms)
        .await?;
    personal_workspace(tx, id, &first_name, now_ms).await?;
    Act::new(Deed::UserCreated, id)
        .by(id)
        .with(json!({ "role": "user", "through": "provider" }))
        .write_for_server(tx, now_ms)
        .await?;
    tx.user(id).await?.ok_or(RecordError::Dangling)
}

/// A name as others write it, as first and last name.
fn names(name: Option<&str>) -> (String, String) {
    let clean: String = name
        .unwrap_or_default()
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    let mut words = clean.split_whitespace();
    let cut = |text: String| text.chars().take(MAX_NAME_CHARACTERS).collect::<String>();
    let first = words.next().unwrap_or("Somebody").to_owned();
    (cut(first), cut(words.collect::<Vec<_>>().join(" ")))
}
