//! API keys: what a person's programs show instead of them, each for one workspace.
//!
//! Only hashes are kept. A key goes with its owner's membership; when it was last used is written down later, together
//! with others', and never by the request that uses it.

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

/// A key, without what would open anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: Uuid,
    /// The one workspace it is for.
    pub workspace: WorkspaceId,
    /// Whose it is.
    pub user_id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// How its text begins.
    pub hint: String,
    /// What it may be used for, names with spaces between them.
    pub scopes: String,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it ends by itself, if it does.
    pub expires_at_ms: Option<i64>,
    /// When it was last used, to the minute.
    pub last_used_at_ms: Option<i64>,
    /// When it was taken back, if it was.
    pub revoked_at_ms: Option<i64>,
}

/// What a new key is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewApiKey<'a> {
    /// Its id.
    pub id: Uuid,
    /// Whose it is: a member of the workspace.
    pub user_id: Uuid,
    /// What its owner calls it.
    pub name: &'a str,
    /// The hash of its text.
    pub hash: &'a [u8; 32],
    /// How its text begins.
    pub hint: &'a str,
    /// What it may be used for.
    pub scopes: &'a str,
    /// When it ends by itself, if it does.
    pub expires_at_ms: Option<i64>,
    /// Now.
    pub now_ms: i64,
}

impl FromRow for ApiKey {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            id: row.get("id")?,
            workspace: WorkspaceId(row.get("workspace_id")?),
            user_id: row.get("user_id")?,
            name: row.get("name")?,
            hint: row.get("hint")?,
            scopes: row.get("scopes")?,
            created_at_ms: row.get("created_at_ms")?,
            expires_at_ms: row.get("expires_at_ms")?,
            last_used_at_ms: row.get("last_used_at_ms")?,
            revoked_at_ms: row.get("revoked_at_ms")?,
        })
    }
}

macro_rules! columns {
    () => {
        "workspace_id, id, user_id, name, hint, scopes, created_at_ms, expires_at_ms, last_used_at_ms, revoked_at_ms"
    };
}

impl Tx {
    /// The key with this hash, whatever became of it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn api_key_by_hash(&mut self, hash: &[u8; 32]) -> Result<Option<ApiKey>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "the key says which workspace it is for",
            concat!("SELECT ", columns!(), " FROM api_keys WHERE key_hash = $1"),
        );
        self.one_across(SQL, args![hash]).await
    }

    /// The key with this id, whatever became of it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn api_key(&mut self, id: Uuid) -> Result<Option<ApiKey>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "the key says which workspace it is for",
            concat!("SELECT ", columns!(), " FROM api_keys WHERE id = $1"),
        );
        self.one_across(SQL, args![id]).await
    }

    /// The keys of `user` that were not taken back, in `workspace` or, without one, everywhere; by id.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn api_keys_of(
        &mut self,
        user: Uuid,
        workspace: Option<WorkspaceId>,
        span: &Span,
    ) -> Result<Vec<ApiKey>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "somebody's own keys are theirs to see, in whichever workspace",
            concat!(
                "SELECT ",
                columns!(),
                " FROM api_keys WHERE user_id = $1 AND revoked_at_ms IS NULL AND ($2 IS NULL OR workspace_id = $2) \
                 AND ($3 IS NULL OR ($6 AND id < $3) OR (NOT $6 AND id > $3)) \
                 ORDER BY CASE WHEN $6 THEN id END DESC, id LIMIT $4 OFFSET $5"
            ),
        );
        let values = args![
            user,
            workspace.map(|id| id.0),
            span.last_id(),
            span.limit,
            span.skip,
            span.is_reversed
        ];
        self.all_across(SQL, values).await
    }

    /// How many keys [`Self::api_keys_of`] would show altogether.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_api_keys_of(
        &mut self,
        user: Uuid,
        workspace: Option<WorkspaceId>,
    ) -> Result<i64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "somebody's own keys are theirs to see, in whichever workspace",
            "SELECT count(*) AS n FROM api_keys WHERE user_id = $1 AND revoked_at_ms IS NULL \
             AND ($2 IS NULL OR workspace_id = $2)",
        );
        let found: Option<Count> = self
            .one_across(SQL, args![user, workspace.map(|id| id.0)])
            .await?;
        Ok(found.map_or(0, |count| count.0))
    }
}

impl Tenant<'_> {
    /// Keeps a new key.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if its owner is not a member; a failure of the database.
    pub async fn create_api_key(&mut self, new: NewApiKey<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO api_keys (workspace_id, id, user_id, name, key_hash, hint, scopes, expires_at_ms, \
             created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        );
        let values = args![
            new.id,
            new.user_id,
            new.name,
            new.hash,
            new.hint,
            new.scopes,
            new.expires_at_ms,
            new.now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Takes a key back. Whether it counted until now.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn revoke_api_key(&mut self, id: Uuid, now_ms: i64) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE api_keys SET revoked_at_ms = $3, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2 AND revoked_at_ms IS NULL"
        );
        Ok(self.execute(sql, args![id, now_ms]).await? > 0)
    }
}
