//! What somebody wants to be told in a workspace or a project.
//!
//! Invariant: what is kept is a JSON object that the callers made; nothing here reads it.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use crate::model::WorkspaceId;

/// What somebody wants to be told in one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationPreferences {
    /// The project, or the workspace itself.
    pub scope_id: Uuid,
    /// A JSON object.
    pub preferences: String,
    /// How often it was changed, from 1.
    pub version: i64,
}

impl FromRow for NotificationPreferences {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            scope_id: row.get("scope_id")?,
            preferences: row.get("preferences")?,
            version: row.get("version")?,
        })
    }
}

/// What somebody wants to be told in one scope of a workspace.
struct Scoped(WorkspaceId, NotificationPreferences);

impl FromRow for Scoped {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let workspace = WorkspaceId(row.get("workspace_id")?);
        NotificationPreferences::from_row(row).map(|found| Self(workspace, found))
    }
}

impl Tx {
    /// What somebody wants to be told in all workspaces and projects where they have said something.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notification_preferences_of(
        &mut self,
        user: Uuid,
    ) -> Result<Vec<(WorkspaceId, NotificationPreferences)>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "somebody who wants no more mails wants them from no workspace",
            "SELECT workspace_id, scope_id, preferences, version FROM notification_preferences \
             WHERE user_id = $1 ORDER BY workspace_id, scope_id",
        );
        let found: Vec<Scoped> = self.all_across(SQL, args![user]).await?;
        Ok(found
            .into_iter()
            .map(|Scoped(workspace, found)| (workspace, found))
            .collect())
    }
}

impl Tenant<'_> {
    /// What somebody wants to be told in a scope.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notification_preferences(
        &mut self,
        user: Uuid,
        scope: Uuid,
    ) -> Result<Option<NotificationPreferences>, RecordError> {
        let sql = tenant_sql!(
            "SELECT scope_id, preferences, version FROM notification_preferences \
             WHERE workspace_id = $1 AND user_id = $2 AND scope_id = $3"
        );
        self.one(sql, args![user, scope]).await
    }

    /// Replaces it.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if they are not in the workspace; a failure of the database.
    pub async fn put_notification_preferences(
        &mut self,
        user: Uuid,
        scope: Uuid,
        json: &str,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO notification_preferences (workspace_id, user_id, scope_id, preferences, updated_at_ms) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace_id, user_id, scope_id) DO UPDATE SET \
             preferences = $4, updated_at_ms = $5, version = notification_preferences.version + 1"
        );
        self.execute(sql, args![user, scope, json, now_ms])
            .await
            .map(|_| ())
    }
}
