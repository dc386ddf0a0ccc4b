//! Documents that are shared with somebody by name.
//!
//! Invariant: a share is with somebody of the document's workspace, and goes when they leave it.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::{Span, span, tenant_span};
use super::statement::tenant_sql;
use super::tenant::Tenant;
use super::value::args;
use super::workspaces::Count;

/// A document that is shared with somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The document.
    pub document_id: Uuid,
    /// With whom.
    pub user_id: Uuid,
    /// As what: the name of a role.
    pub role: String,
    /// By whom.
    pub shared_by: Uuid,
    /// Since when, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// How a share is to be.
#[derive(Debug, Clone, Copy)]
pub struct ShareChange<'a> {
    /// The document.
    pub document_id: Uuid,
    /// With whom.
    pub user_id: Uuid,
    /// As what.
    pub role: &'a str,
    /// By whom.
    pub shared_by: Uuid,
    /// Now.
    pub now_ms: i64,
}

impl FromRow for Share {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            document_id: row.get("document_id")?,
            user_id: row.get("user_id")?,
            role: row.get("role")?,
            shared_by: row.get("shared_by")?,
            created_at_ms: row.get("created_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl Tenant<'_> {
    /// With whom a document is shared, in the order in which that was done.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn shares(&mut self, document: Uuid, span: &Span) -> Result<Vec<Share>, RecordError> {
        let sql = tenant_span!(
            span,
            "created_at_ms",
            "user_id",
            "SELECT document_id, user_id, role, shared_by, created_at_ms, version FROM document_shares \
             WHERE workspace_id = $1 AND document_id = $6"
        );
        let mut values = span.by_number().to_vec();
        values.extend(args![document]);
        self.all(sql, values).await
    }

    /// With how many people a document is shared.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_shares(&mut self, document: Uuid) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM document_shares WHERE workspace_id = $1 AND document_id = $2"
        );
        let count: Option<Count> = self.one(sql, args![document]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// What a document is shared as with somebody.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn share(&mut self, document: Uuid, user: Uuid) -> Result<Option<Share>, RecordError> {
        let sql = tenant_sql!(
            "SELECT document_id, user_id, role, shared_by, created_at_ms, version FROM document_shares \
             WHERE workspace_id = $1 AND document_id = $2 AND user_id = $3"
        );
        self.one(sql, args![document, user]).await
    }

    /// Shares a document with somebody, or changes as what.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such document or nobody of this id in the workspace; a failure of the
    /// database.
    pub async fn put_share(&mut self, change: ShareChange<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO document_shares (workspace_id, document_id, user_id, role, shared_by, created_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, document_id, user_id) \
             DO UPDATE SET role = $4, version = document_shares.version + 1"
        );
        let values = args![
            change.document_id,
            change.user_id,
            change.role,
            change.shared_by,
            change.now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Takes a share back. Whether there was one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn remove_share(&mut self, document: Uuid, user: Uuid) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "DELETE FROM document_shares WHERE workspace_id = $1 AND document_id = $2 AND user_id = $3"
        );
        Ok(self.execute(sql, args![document, user]).await? > 0)
    }
}
