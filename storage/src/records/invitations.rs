//! Invitations to workspaces.
//!
//! An invitation is open until it is accepted or revoked. That one whose time is over no longer counts is for the
//! caller to check, who knows the time.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::{Span, span, tenant_span};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The workspace that it leads to.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// Whom it is for, as it was written.
    pub email: String,
    /// The form by which accounts are found.
    pub email_key: String,
    /// As what.
    pub role: String,
    /// Who invited.
    pub invited_by: Uuid,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it ends.
    pub expires_at_ms: i64,
    /// When it was accepted, if it was.
    pub accepted_at_ms: Option<i64>,
    /// When it was revoked, if it was.
    pub revoked_at_ms: Option<i64>,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// What a new invitation is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewInvitation<'a> {
    /// Its id.
    pub id: Uuid,
    /// Whom it is for.
    pub email: &'a str,
    /// The form by which accounts are found.
    pub email_key: &'a str,
    /// As what.
    pub role: &'a str,
    /// The hash of what they are sent.
    pub token_hash: &'a [u8; 32],
    /// Who invites.
    pub invited_by: Uuid,
    /// Now.
    pub now_ms: i64,
    /// When it ends.
    pub expires_at_ms: i64,
}

macro_rules! columns {
    () => {
        "workspace_id, id, email, email_key, role, invited_by, created_at_ms, expires_at_ms, accepted_at_ms, \
         revoked_at_ms, version"
    };
}

impl FromRow for Invitation {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            email: row.get("email")?,
            email_key: row.get("email_key")?,
            role: row.get("role")?,
            invited_by: row.get("invited_by")?,
            created_at_ms: row.get("created_at_ms")?,
            expires_at_ms: row.get("expires_at_ms")?,
            accepted_at_ms: row.get("accepted_at_ms")?,
            revoked_at_ms: row.get("revoked_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl Tx {
    /// The invitation whose token has this hash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn invitation_by_token(&mut self, hash: &[u8; 32]) -> Result<Option<Invitation>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "whoever has the token does not know which workspace it leads to",
            concat!("SELECT ", columns!(), " FROM invitations WHERE token_hash = $1"),
        );
        self.one_across(SQL, args![hash]).await
    }

    /// Whether somebody with this address has an invitation that still counts.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn is_invited(&mut self, email_key: &str, now_ms: i64) -> Result<bool, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "whoever registers is in no workspace yet",
            "SELECT count(*) AS n FROM invitations WHERE email_key = $1 AND expires_at_ms > $2 \
             AND accepted_at_ms IS NULL AND revoked_at_ms IS NULL",
        );
        let count: Option<Count> = self.one_across(SQL, args![email_key, now_ms]).await?;
        Ok(count.is_some_and(|count| count.0 > 0))
    }
}

impl Tenant<'_> {
    /// Makes an invitation.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if there is an open one for the address; a failure of the database.
    pub async fn create_invitation(&mut self, new: NewInvitation<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO invitations (workspace_id, id, email, email_key, role, token_hash, invited_by, \
             created_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        );
        let values = args![
            new.id,
            new.email,
            new.email_key,
            new.role,
            new.token_hash,
            new.invited_by,
            new.now_ms,
            new.expires_at_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// An invitation.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn invitation(&mut self, id: Uuid) -> Result<Option<Invitation>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            " FROM invitations WHERE workspace_id = $1 AND id = $2"
        );
        self.one(sql, args![id]).await
    }

    /// Open invitations, in the order in which they were made; also those whose time is over.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn open_invitations(&mut self, span: &Span) -> Result<Vec<Invitation>, RecordError> {
        let sql = tenant_span!(
            span,
            "created_at_ms",
            "id",
            "SELECT ",
            columns!(),
            " FROM invitations WHERE workspace_id = $1 AND accepted_at_ms IS NULL AND revoked_at_ms IS NULL",
        );
        self.all(sql, span.by_number().to_vec()).await
    }

    /// How many open invitations there are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_open_invitations(&mut self) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM invitations \
             WHERE workspace_id = $1 AND accepted_at_ms IS NULL AND revoked_at_ms IS NULL"
        );
        let count: Option<Count> = self.one(sql, args![]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// How many invitations were made since `since_ms`, whatever became of them.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_invitations_since(&mut self, since_ms: i64) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM invitations WHERE workspace_id = $1 AND created_at_ms >= $2"
        );
        let count: Option<Count> = self.one(sql, args![since_ms]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Whether somebody with this address is in the workspace.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn has_member_with_email(&mut self, email_key: &str) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM workspace_members m JOIN users u ON u.id = m.user_id \
             WHERE m.workspace_id = $1 AND u.email_key = $2"
        );
        let count: Option<Count> = self.one(sql, args![email_key]).await?;
        Ok(count.is_some_and(|count| count.0 > 0))
    }

    /// Gives an open invitation a new token and a new end; the old token no longer counts.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn renew_invitation(
        &mut self,
        id: Uuid,
        token_hash: &[u8; 32],
        expires_at_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE invitations SET token_hash = $3, expires_at_ms = $4, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2 AND accepted_at_ms IS NULL AND revoked_at_ms IS NULL"
        );
        Ok(self.execute(sql, args![id, token_hash, expires_at_ms]).await? > 0)
    }

    /// Revokes an open invitation. Whether it was open.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn revoke_invitation(&mut self, id: Uuid, now_ms: i64) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE invitations SET revoked_at_ms = $3, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2 AND accepted_at_ms IS NULL AND revoked_at_ms IS NULL"
        );
        Ok(self.execute(sql, args![id, now_ms]).await? > 0)
    }

    /// Revokes the open invitations for an address whose time is over.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn revoke_expired_invitations(
        &mut self,
        email_key: &str,
        now_ms: i64,
    ) -> Result<u64, RecordError> {
        let sql = tenant_sql!(
            "UPDATE invitations SET revoked_at_ms = $3, version = version + 1 \
             WHERE workspace_id = $1 AND email_key = $2 AND expires_at_ms <= $3 \
             AND accepted_at_ms IS NULL AND revoked_at_ms IS NULL"
        );
        self.execute(sql, args![email_key, now_ms]).await
    }

    /// Uses up an open invitation. Whether it was open.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn accept_invitation(&mut self, id: Uuid, by: Uuid, now_ms: i64) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE invitations SET accepted_at_ms = $4, accepted_by = $3, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2 AND accepted_at_ms IS NULL AND revoked_at_ms IS NULL"
        );
        Ok(self.execute(sql, args![id, by, now_ms]).await? > 0)
    }
}
