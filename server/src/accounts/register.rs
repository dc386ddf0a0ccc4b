//! New accounts: the account, and a workspace of its own.

use serde_json::json;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{MemberChange, NewUser, NewWorkspace, RecordError, Tx, User};

use super::{AccountError, Accounts};
use crate::audit::{Act, Deed};
use crate::auth::password::NewPassword;
use crate::auth::permission::WorkspaceRole;
use crate::config::Registration;
use crate::mail::EmailAddress;

/// Somebody who wants an account.
#[derive(Debug, Clone, Copy)]
pub struct NewAccount<'a> {
    /// Their address.
    pub email: &'a EmailAddress,
    /// A name that others may find them by.
    pub username: Option<&'a str>,
    /// Their password; none may be given only if a mail brings them to set one.
    pub password: &'a str,
    /// First name.
    pub first_name: &'a str,
    /// Last name.
    pub last_name: &'a str,
}

/// Why there is no new account.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Nobody registers here.
    #[error("accounts are made by administrators here")]
    Closed,
    /// Only whoever was invited registers here.
    #[error("an invitation is needed")]
    NotInvited,
    /// There is an account with this address.
    #[error("there is an account with this address")]
    EmailTaken,
    /// There is an account with this name.
    #[error("there is an account with this name")]
    UsernameTaken,
    /// Something else.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<RecordError> for RegisterError {
    fn from(error: RecordError) -> Self {
        Self::Account(error.into())
    }
}

/// How a new account stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beginning {
    pub(super) server_role: &'static str,
    pub(super) is_verified: bool,
    /// Who made it, for the audit log.
    pub(super) through: &'static str,
}

impl Accounts {
    /// Makes an account for whoever asks, if the settings let them.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn register(&self, new: NewAccount<'_>) -> Result<User, RegisterError> {
        match self.registration {
            Registration::Open => {}
            Registration::Invited => {
                let mut tx = self.records.read().await?;
                let now_ms = self.now_ms();
                if !tx.is_invited(&new.email.canonical(), now_ms).await? {
                    return Err(RegisterError::NotInvited);
                }
            }
            Registration::Closed => return Err(RegisterError::Closed),
        }
        let beginning = Beginning {
            server_role: "user",
            is_verified: false,
            through: "registration",
        };
        let user = self.create_account(new, beginning).await?;
        self.send_verification(&user).await?;
        Ok(user)
    }

    /// Makes an account and its workspace.
    pub(super) async fn create_account(
        &self,
        new: NewAccount<'_>,
        beginning: Beginning,
    ) -> Result<User, RegisterError> {
        let hash = if new.password.is_empty() {
            None
        } else {
            Some(self.hash_new(&new).await?)
        };
        let mut tx = self.records.write().await?;
        let user = self.insert(&mut tx, &new, hash.as_deref(), beginning).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Checks what can be checked before, and hashes the password.
    pub(super) async fn hash_new(&self, new: &NewAccount<'_>) -> Result<String, RegisterError> {
        let about = [new.email.as_str(), new.first_name, new.last_name];
        let password = NewPassword::parse(new.password, &about).map_err(AccountError::from)?;
        // Looked at before the expensive part, and again where it counts.
        let mut tx = self.records.read().await?;
        check_free(&mut tx, new).await?;
        drop(tx);
        Ok(self.passwords.hash(&password).await.map_err(AccountError::from)?)
    }

    pub(super) async fn insert(
        &self,
        tx: &mut Tx,
        new: &NewAccount<'_>,
        hash: Option<&str>,
        beginning: Beginning,
    ) -> Result<User, RegisterError> {
        check_free(tx, new).await?;
        let (id, now_ms) = (Uuid::now_v7(), self.now_ms());
        let is_active = beginning.is_verified || self.is_playground;
        let username_key = new.username.map(str::to_lowercase);
        tx.create_user(NewUser {
            id,
            email: new.email.as_str(),
            email_key: &new.email.canonical(),
            username: new.username.zip(username_key.as_deref()),
            password_hash: hash,
            first_name: new.first_name,
            last_name: new.last_name,
            server_role: beginning.server_role,
            status: if is_active {
                "active"
            } else {
                "pending_verification"
            },
            email_verified_at_ms: beginning.is_verified.then_some(now_ms),
            now_ms,
        })
        .await?;
        personal_workspace(tx, id, new.first_name, now_ms).await?;
        Act::new(Deed::UserCreated, id)
            .with(json!({ "role": beginning.server_role, "through": beginning.through }))
            .write_for_server(tx, now_ms)
            .await?;
        let user = tx.user(id).await?;
        user.ok_or(RegisterError::Account(AccountError::WrongSecret))
    }
}

async fn check_free(tx: &mut Tx, new: &NewAccount<'_>) -> Result<(), RegisterError> {
    if tx.user_by_email(&new.email.canonical()).await?.is_some() {
        return Err(RegisterError::EmailTaken);
    }
    if let Some(username) = new.username
        && tx.user_by_username(&username.to_lowercase()).await?.is_some()
    {
        return Err(RegisterError::UsernameTaken);
    }
    Ok(())
}

/// Makes the workspace that everybody begins with, and its owner.
///
/// # Errors
/// A failure of the records.
pub(crate) async fn personal_workspace(
    tx: &mut Tx,
    user: Uuid,
    first_name: &str,
    now_ms: i64,
) -> Result<WorkspaceId, RecordError> {
    let id = WorkspaceId(Uuid::now_v7());
    let name = format!("{first_name}'s workspace");
    let mut tenant = tx.workspace(id).await?;
    tenant
        .create_workspace(NewWorkspace {
            name: &name,
            created_by: Some(user),
            now_ms,
        })
        .await?;
    tenant
        .put_member(MemberChange {
            user_id: user,
            role: WorkspaceRole::Owner.as_str(),
            now_ms,
        })
        .await?;
    Act::new(Deed::WorkspaceCreated, id.0)
        .by(user)
        .write(tx, id, now_ms)
        .await?;
    Ok(id)
}
