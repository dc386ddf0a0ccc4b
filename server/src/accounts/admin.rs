//! What administrators do with accounts.
//!
//! Invariant: a server that has an administrator keeps one, and a workspace keeps an owner. An account that is disabled
//! or deleted loses its sessions, and with them its sockets, at once.

use serde_json::json;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{EpochKind, Tx, User, UserProfile, UserStanding};

use super::register::Beginning;
use super::{AccountError, Accounts, Client, NewAccount, RegisterError};
use crate::audit::{Act, Deed};
use crate::auth::permission::WorkspaceRole;

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no such account.
    #[error("there is no such account")]
    Missing,
    /// It has changed meanwhile.
    #[error("the account has changed meanwhile")]
    Changed,
    /// It is the last administrator.
    #[error("the server would be left without an administrator")]
    LastAdmin,
    /// Somebody else is in a workspace that only this account owns.
    #[error("a workspace with other members would be left without an owner")]
    LastOwner,
    /// Something else.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<weft_storage::records::RecordError> for AdminError {
    fn from(error: weft_storage::records::RecordError) -> Self {
        Self::Account(error.into())
    }
}

impl Accounts {
    /// Makes an account for somebody. Without a password they get a mail with which they set one.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn create_for(
        &self,
        new: NewAccount<'_>,
        is_admin: bool,
        client: &Client,
    ) -> Result<User, RegisterError> {
        let beginning = Beginning {
            server_role: if is_admin { "admin" } else { "user" },
            is_verified: !new.password.is_empty(),
            through: "administrator",
        };
        let user = self.create_account(new, beginning).await?;
        if new.password.is_empty() {
            self.forgot_password(new.email, client).await?;
        }
        Ok(user)
    }

    /// Changes an account within `tx`, if it is still as `before`. Raises its epoch; commit and announce that.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn administer(
        &self,
        tx: &mut Tx,
        before: &User,
        profile: UserProfile<'_>,
        standing: UserStanding<'_>,
    ) -> Result<(), AdminError> {
        let now_ms = self.now_ms();
        if !tx
            .change_profile(before.id, before.version, profile, now_ms)
            .await?
        {
            return Err(AdminError::Changed);
        }
        let is_same = standing.server_role == before.server_role && standing.status == before.status;
        if is_same {
            return Ok(());
        }
        let is_active_admin = standing.server_role == "admin" && standing.status == "active";
        if !is_active_admin {
            keep_an_admin(tx, before).await?;
        }
        if !tx
            .change_standing(before.id, before.version + 1, standing, now_ms)
            .await?
        {
            return Err(AdminError::Changed);
        }
        if standing.status == "inactive" {
            tx.end_sessions_of(before.id, None, "account disabled", now_ms)
                .await?;
        }
        tx.raise_epoch(EpochKind::User(before.id), now_ms).await?;
        Act::new(Deed::UserStandingChanged, before.id)
            .with(json!({
                "before": { "role": before.server_role, "status": before.status },
                "after": { "role": standing.server_role, "status": standing.status },
            }))
            .write_for_server(tx, now_ms)
            .await?;
        Ok(())
    }

    /// Deletes an account: what it wrote stays, without a name; workspaces that were its own alone go into the trash.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn delete_account(&self, id: Uuid) -> Result<(), AdminError> {
        let now_ms = self.now_ms();
        let mut tx = self.records.write().await?;
        // Administrators take turns, so that two of them do not delete each other.
        tx.workspace(WorkspaceId::DEFAULT).await?;
        let user = tx.user(id).await?.ok_or(AdminError::Missing)?;
        keep_an_admin(&mut tx, &user).await?;
        for (workspace, role) in tx.all_workspaces_of(id).await? {
            leave(&mut tx, workspace, (id, &role), now_ms).await?;
        }
        tx.end_sessions_of(id, None, "account deleted", now_ms).await?;
        tx.delete_user(id, now_ms).await?;
        tx.raise_epoch(EpochKind::User(id), now_ms).await?;
        Act::new(Deed::UserDeleted, id)
            .write_for_server(&mut tx, now_ms)
            .await?;
        tx.commit().await?;
        self.changes.announce();
        Ok(())
    }

    /// Tells this node that rights have changed; after a commit.
    pub fn announce(&self) {
        self.changes.announce();
    }
}

/// Takes somebody who is going out of a workspace, or the workspace with them if they were alone in it.
async fn leave(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (user, role): (Uuid, &str),
    now_ms: i64,
) -> Result<(), AdminError> {
    let mut tenant = tx.workspace(workspace).await?;
    let owner = WorkspaceRole::Owner.as_str();
    if role == owner && tenant.count_members(owner).await? <= 1 {
        let others = tenant.members(None, 2).await?;
        let is_live = tenant
            .workspace()
            .await?
            .is_some_and(|workspace| workspace.deleted_at_ms.is_none());
        if is_live && others.iter().any(|member| member.user_id != user) {
            return Err(AdminError::LastOwner);
        }
        // Nobody is left to see it; it keeps its last member, so that it stays whole.
        if is_live {
            tenant.trash_workspace(Some(now_ms)).await?;
        }
    } else {
        tenant.remove_member(user).await?;
    }
    tx.raise_epoch(EpochKind::Workspace(workspace), now_ms).await?;
    Ok(())
}

async fn keep_an_admin(tx: &mut Tx, before: &User) -> Result<(), AdminError> {
    let was_active_admin = before.server_role == "admin" && before.status == "active";
    if was_active_admin && tx.count_admins().await? <= 1 {
        return Err(AdminError::LastAdmin);
    }
    Ok(())
}
