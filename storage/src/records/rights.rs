//! What a decision about somebody and a document rests on, each in one look: the standing of accounts and credentials,
//! and everything that connects somebody with a document.
//!
//! It decides nothing. Whether a time has come, or what roles add up to, is the caller's.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, global_sql};
use super::tx::Tx;
use super::value::args;
use crate::model::WorkspaceId;

/// How an account stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStanding {
    /// Its role for the server, by name.
    pub server_role: String,
    /// Its status, by name.
    pub status: String,
    /// When it was deleted, if it was.
    pub deleted_at_ms: Option<i64>,
}

/// How a link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStanding {
    /// The workspace of its document.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// The document.
    pub document: Uuid,
    /// What it gives, as the name of a role.
    pub role: String,
    /// Whether it wants a password besides.
    pub has_password: bool,
    /// When it ends by itself, if it does.
    pub expires_at_ms: Option<i64>,
    /// When it was revoked, if it was.
    pub revoked_at_ms: Option<i64>,
}

impl FromRow for AccountStanding {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            server_role: row.get("server_role")?,
            status: row.get("status")?,
            deleted_at_ms: row.get("deleted_at_ms")?,
        })
    }
}

impl FromRow for LinkStanding {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            document: row.get("document_id")?,
            role: row.get("role")?,
            has_password: row.get::<Option<String>>("password_hash")?.is_some(),
            expires_at_ms: row.get("expires_at_ms")?,
            revoked_at_ms: row.get("revoked_at_ms")?,
        })
    }
}

/// A row with one workspace.
struct Owner(WorkspaceId);

impl FromRow for Owner {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        row.get("workspace_id").map(|id| Self(WorkspaceId(id)))
    }
}

impl Tx {
    /// How an account stands, also if it was deleted.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn account_standing(&mut self, user: Uuid) -> Result<Option<AccountStanding>, RecordError> {
        let sql = global_sql!("SELECT server_role, status, deleted_at_ms FROM users WHERE id = $1");
        self.one(sql, args![user]).await
    }

    /// How the link with this hash stands, also if it was revoked.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn link_with_hash(&mut self, hash: &[u8; 32]) -> Result<Option<LinkStanding>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "whoever holds a link need not know whose the document is",
            "SELECT workspace_id, id, document_id, role, password_hash, expires_at_ms, revoked_at_ms \
             FROM link_shares WHERE token_hash = $1",
        );
        self.one_across(SQL, args![hash]).await
    }

    /// How a link stands, also if it was revoked.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn link_standing(&mut self, link: Uuid) -> Result<Option<LinkStanding>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "whoever holds a link need not know whose the document is",
            "SELECT workspace_id, id, document_id, role, password_hash, expires_at_ms, revoked_at_ms \
             FROM link_shares WHERE id = $1",
        );
        self.one_across(SQL, args![link]).await
    }

    /// The workspace of a document, also if it is in the trash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn workspace_of_document(
        &mut self,
        document: Uuid,
    ) -> Result<Option<WorkspaceId>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "a document is addressed by its id alone; its workspace is where permission is then asked",
            "SELECT workspace_id FROM project_documents WHERE id = $1",
        );
        let found: Option<Owner> = self.one_across(SQL, args![document]).await?;
        Ok(found.map(|owner| owner.0))
    }
}
