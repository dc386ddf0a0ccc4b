//! What credentials rest on, each in one read: whether the session, key or client still counts, and how its owner stands.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, global_sql};
use super::tx::Tx;
use super::value::args;
use crate::model::WorkspaceId;

/// How the owner of a credential stands with the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerStanding {
    /// Who.
    pub user_id: Uuid,
    /// `active`, `inactive` or `pending_verification`.
    pub status: String,
    /// `user` or `admin`.
    pub server_role: String,
    /// Whether the account was deleted.
    pub is_deleted: bool,
}

/// A login and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStanding {
    /// The owner.
    pub owner: OwnerStanding,
    /// When it ends, whatever happens.
    pub expires_at_ms: i64,
    /// Whether it was ended.
    pub is_ended: bool,
}

/// An API key and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyStanding {
    /// The key's id.
    pub id: Uuid,
    /// The workspace that it is confined to.
    pub workspace: WorkspaceId,
    /// The owner.
    pub owner: OwnerStanding,
    /// What it may be used for.
    pub scopes: String,
    /// When it ends, if it does.
    pub expires_at_ms: Option<i64>,
    /// When it was last seen.
    pub last_used_at_ms: Option<i64>,
    /// Whether it was revoked.
    pub is_revoked: bool,
}

/// An OAuth client that acts for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientStanding {
    /// The client's id.
    pub id: Uuid,
    /// The workspace that it belongs to.
    pub workspace: WorkspaceId,
    /// What it may be used for.
    pub scopes: String,
    /// Whether it was disabled.
    pub is_disabled: bool,
}

impl FromRow for OwnerStanding {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            user_id: row.get("user_id")?,
            status: row.get("status")?,
            server_role: row.get("server_role")?,
            is_deleted: row.get::<Option<i64>>("deleted_at_ms")?.is_some(),
        })
    }
}

impl FromRow for SessionStanding {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            owner: OwnerStanding::from_row(row)?,
            expires_at_ms: row.get("expires_at_ms")?,
            is_ended: row.get::<Option<i64>>("ended_at_ms")?.is_some(),
        })
    }
}

impl FromRow for ApiKeyStanding {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            id: row.get("id")?,
            workspace: WorkspaceId(row.get("workspace_id")?),
            owner: OwnerStanding::from_row(row)?,
            scopes: row.get("scopes")?,
            expires_at_ms: row.get("expires_at_ms")?,
            last_used_at_ms: row.get("last_used_at_ms")?,
            is_revoked: row.get::<Option<i64>>("revoked_at_ms")?.is_some(),
        })
    }
}

impl FromRow for ClientStanding {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            id: row.get("id")?,
            workspace: WorkspaceId(row.get("workspace_id")?),
            scopes: row.get("scopes")?,
            is_disabled: row.get::<Option<i64>>("disabled_at_ms")?.is_some(),
        })
    }
}

const BEFORE_ANYBODY_IS_KNOWN: &str = "a credential is looked up before it is known whose it is";

impl Tx {
    /// A login and how its owner stands.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn session_standing(&mut self, id: Uuid) -> Result<Option<SessionStanding>, RecordError> {
        let sql = global_sql!(
            "SELECT s.user_id, s.expires_at_ms, s.ended_at_ms, u.status, u.server_role, u.deleted_at_ms \
             FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1"
        );
        self.one(sql, args![id]).await
    }

    /// The API key with this hash and how its owner stands.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn api_key_standing(&mut self, hash: &[u8; 32]) -> Result<Option<ApiKeyStanding>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            BEFORE_ANYBODY_IS_KNOWN,
            "SELECT k.id, k.workspace_id, k.user_id, k.scopes, k.expires_at_ms, k.last_used_at_ms, k.revoked_at_ms, \
             u.status, u.server_role, u.deleted_at_ms FROM api_keys k JOIN users u ON u.id = k.user_id \
             WHERE k.key_hash = $1",
        );
        self.one_across(SQL, args![hash]).await
    }

    /// The API key with this id and how its owner stands.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn api_key_standing_by_id(&mut self, id: Uuid) -> Result<Option<ApiKeyStanding>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            BEFORE_ANYBODY_IS_KNOWN,
            "SELECT k.id, k.workspace_id, k.user_id, k.scopes, k.expires_at_ms, k.last_used_at_ms, k.revoked_at_ms, \
             u.status, u.server_role, u.deleted_at_ms FROM api_keys k JOIN users u ON u.id = k.user_id \
             WHERE k.id = $1",
        );
        self.one_across(SQL, args![id]).await
    }

    /// The OAuth client with this id.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn client_standing(&mut self, id: Uuid) -> Result<Option<ClientStanding>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            BEFORE_ANYBODY_IS_KNOWN,
            "SELECT id, workspace_id, scopes, disabled_at_ms FROM oauth_clients WHERE id = $1",
        );
        self.one_across(SQL, args![id]).await
    }

    /// Notes that an API key was seen.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn touch_api_key(&mut self, id: Uuid, now_ms: i64) -> Result<(), RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            BEFORE_ANYBODY_IS_KNOWN,
            "UPDATE api_keys SET last_used_at_ms = $2 WHERE id = $1",
        );
        self.execute_across(SQL, args![id, now_ms]).await.map(|_| ())
    }
}
