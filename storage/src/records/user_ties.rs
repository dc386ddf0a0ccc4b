//! What ties accounts to others: workspaces that they share, and who vouches for them elsewhere.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, global_sql};
use super::tx::Tx;
use super::users::User;
use super::value::args;
use crate::model::WorkspaceId;

/// Somebody's role in a workspace that another is in, too.
struct SharedRole(WorkspaceId, String);

impl FromRow for SharedRole {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self(WorkspaceId(row.get("workspace_id")?), row.get("role")?))
    }
}

impl Tx {
    /// The roles that `user` has in the live workspaces that `other` is in, too.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn shared_workspaces(
        &mut self,
        user: Uuid,
        other: Uuid,
    ) -> Result<Vec<(WorkspaceId, String)>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "whether two people are colleagues is asked before either's workspace is known",
            "SELECT m.workspace_id, m.role FROM workspace_members m \
             JOIN workspace_members o ON o.workspace_id = m.workspace_id \
             JOIN workspaces w ON w.workspace_id = m.workspace_id \
             WHERE m.user_id = $1 AND o.user_id = $2 AND w.deleted_at_ms IS NULL",
        );
        let rows: Vec<SharedRole> = self.all_across(SQL, args![user, other]).await?;
        Ok(rows.into_iter().map(|row| (row.0, row.1)).collect())
    }

    /// The workspaces that `user` is in, live or not.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn all_workspaces_of(&mut self, user: Uuid) -> Result<Vec<(WorkspaceId, String)>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "what hangs on an account is looked after wherever it is when the account goes",
            "SELECT workspace_id, role FROM workspace_members WHERE user_id = $1",
        );
        let rows: Vec<SharedRole> = self.all_across(SQL, args![user]).await?;
        Ok(rows.into_iter().map(|row| (row.0, row.1)).collect())
    }

    /// The account that an identity at another provider stands for.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn external_user(&mut self, issuer: &str, subject: &str) -> Result<Option<User>, RecordError> {
        let sql = global_sql!(
            "SELECT u.id, email, username, first_name, last_name, phone_number, server_role, status, preferences, \
             notification_preferences, avatar_object, avatar_type, email_verified_at_ms, u.created_at_ms, \
             updated_at_ms, deleted_at_ms, version \
             FROM external_identities e JOIN users u ON u.id = e.user_id \
             WHERE e.issuer = $1 AND e.subject = $2 AND u.deleted_at_ms IS NULL"
        );
        self.one(sql, args![issuer, subject]).await
    }

    /// Ties an identity at another provider to an account.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if it is tied to one; a failure of the database.
    pub async fn add_external_identity(
        &mut self,
        issuer: &str,
        subject: &str,
        user: Uuid,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = global_sql!(
            "INSERT INTO external_identities (issuer, subject, user_id, created_at_ms, last_used_at_ms) \
             VALUES ($1, $2, $3, $4, $4)"
        );
        self.execute(sql, args![issuer, subject, user, now_ms])
            .await
            .map(|_| ())
    }
}
