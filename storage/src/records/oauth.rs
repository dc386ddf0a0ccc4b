//! OAuth: the applications of a workspace. Lists among their members are JSON, which is read and written by the caller.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::Span;
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClient {
    /// Its id, which is public.
    pub id: Uuid,
    /// The workspace that it belongs to.
    pub workspace: WorkspaceId,
    /// What people are shown.
    pub name: String,
    /// Whether it can keep a secret: `public` or `confidential`.
    pub kind: String,
    /// Its secrets, a JSON array without anything that would open something.
    pub secrets: String,
    /// Where answers may be sent, a JSON array.
    pub redirects: String,
    /// The grants it may use, a JSON array.
    pub grants: String,
    /// The most it may be given, names with spaces between them.
    pub scopes: String,
    /// Who registered it.
    pub created_by: Uuid,
    /// When, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was last changed.
    pub updated_at_ms: i64,
    /// When it was switched off, if it was.
    pub disabled_at_ms: Option<i64>,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// What a new application is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewOAuthClient<'a> {
    /// Its id.
    pub id: Uuid,
    /// What people are shown.
    pub name: &'a str,
    /// `public` or `confidential`.
    pub kind: &'a str,
    /// A JSON array.
    pub secrets: &'a str,
    /// A JSON array.
    pub redirects: &'a str,
    /// A JSON array.
    pub grants: &'a str,
    /// Names with spaces between them.
    pub scopes: &'a str,
    /// Who registers it.
    pub created_by: Uuid,
    /// Now.
    pub now_ms: i64,
}

/// What is to be changed of an application; `None` stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct OAuthClientChange<'a> {
    /// What people are shown.
    pub name: Option<&'a str>,
    /// A JSON array.
    pub secrets: Option<&'a str>,
    /// A JSON array.
    pub redirects: Option<&'a str>,
    /// A JSON array.
    pub grants: Option<&'a str>,
    /// Names with spaces between them.
    pub scopes: Option<&'a str>,
    /// Switched off since then, or on.
    pub disabled_at_ms: Option<Option<i64>>,
}

macro_rules! client_columns {
    () => {
        "workspace_id, id, name, kind, secrets, redirects, grants, scopes, created_by, created_at_ms, updated_at_ms, \
         disabled_at_ms, version"
    };
}

impl FromRow for OAuthClient {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            id: row.get("id")?,
            workspace: WorkspaceId(row.get("workspace_id")?),
            name: row.get("name")?,
            kind: row.get("kind")?,
            secrets: row.get("secrets")?,
            redirects: row.get("redirects")?,
            grants: row.get("grants")?,
            scopes: row.get("scopes")?,
            created_by: row.get("created_by")?,
            created_at_ms: row.get("created_at_ms")?,
            updated_at_ms: row.get("updated_at_ms")?,
            disabled_at_ms: row.get("disabled_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl Tx {
    /// The application with this id.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn oauth_client(&mut self, id: Uuid) -> Result<Option<OAuthClient>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "an application names itself by its id alone",
            concat!("SELECT ", client_columns!(), " FROM oauth_clients WHERE id = $1"),
        );
        self.one_across(SQL, args![id]).await
    }
}

impl Tenant<'_> {
    /// Registers an application.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such workspace or user; a failure of the database.
    pub async fn create_oauth_client(&mut self, new: NewOAuthClient<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO oauth_clients (workspace_id, id, name, kind, secrets, redirects, grants, scopes, created_by, \
             created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)"
        );
        let values = args![
            new.id,
            new.name,
            new.kind,
            new.secrets,
            new.redirects,
            new.grants,
            new.scopes,
            new.created_by,
            new.now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// An application of the workspace.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn oauth_client(&mut self, id: Uuid) -> Result<Option<OAuthClient>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            client_columns!(),
            " FROM oauth_clients WHERE workspace_id = $1 AND id = $2"
        );
        self.one(sql, args![id]).await
    }

    /// The applications of the workspace by id.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn oauth_clients(&mut self, span: &Span) -> Result<Vec<OAuthClient>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            client_columns!(),
            " FROM oauth_clients WHERE workspace_id = $1 AND ($2 IS NULL OR ($5 AND id < $2) OR (NOT $5 AND id > $2)) \
             ORDER BY CASE WHEN $5 THEN id END DESC, id LIMIT $3 OFFSET $4"
        );
        self.all(
            sql,
            args![span.last_id(), span.limit, span.skip, span.is_reversed],
        )
        .await
    }

    /// How many applications the workspace has.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_oauth_clients(&mut self) -> Result<i64, RecordError> {
        let sql = tenant_sql!("SELECT count(*) AS n FROM oauth_clients WHERE workspace_id = $1");
        Ok(self.one::<Count>(sql, args![]).await?.map_or(0, |count| count.0))
    }

    /// Changes an application. Whether there is one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn change_oauth_client(
        &mut self,
        id: Uuid,
        change: OAuthClientChange<'_>,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE oauth_clients SET name = COALESCE($3, name), secrets = COALESCE($4, secrets), \
             redirects = COALESCE($5, redirects), grants = COALESCE($6, grants), scopes = COALESCE($7, scopes), \
             disabled_at_ms = CASE WHEN $8 THEN $9 ELSE disabled_at_ms END, updated_at_ms = $10, \
             version = version + 1 WHERE workspace_id = $1 AND id = $2"
        );
        let values = args![
            id,
            change.name,
            change.secrets,
            change.redirects,
            change.grants,
            change.scopes,
            change.disabled_at_ms.is_some(),
            change.disabled_at_ms.flatten(),
            now_ms
        ];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// Removes an application, and with it its codes and grants. Their sessions end with [`Self::end_oauth_sessions`],
    /// before.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn delete_oauth_client(&mut self, id: Uuid) -> Result<bool, RecordError> {
        let sql = tenant_sql!("DELETE FROM oauth_clients WHERE workspace_id = $1 AND id = $2");
        Ok(self.execute(sql, args![id]).await? > 0)
    }

    /// Ends the sessions of everything that was allowed to an application; how many.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn end_oauth_sessions(&mut self, client: Uuid, now_ms: i64) -> Result<u64, RecordError> {
        let sql = tenant_sql!(
            "UPDATE sessions SET ended_at_ms = $3, end_reason = 'client_removed' WHERE ended_at_ms IS NULL \
             AND id IN (SELECT session_id FROM oauth_grants WHERE workspace_id = $1 AND client_id = $2)"
        );
        self.execute(sql, args![client, now_ms]).await
    }
}
