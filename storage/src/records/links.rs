//! Links that open a document for whoever holds them.
//!
//! Invariant: of a link's secret only the hash is kept, and a link that was revoked stays so.

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

/// A link to a document.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The workspace of the document.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// The document.
    pub document_id: Uuid,
    /// What it gives: the name of a role.
    pub role: String,
    /// What its password is checked against, if it has one.
    pub password_hash: Option<String>,
    /// Who made it.
    pub created_by: Uuid,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it ends, if it does.
    pub expires_at_ms: Option<i64>,
    /// How often it was changed, from 1.
    pub version: i64,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Link")
            .field("id", &self.id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// What a link gives, and to whom.
#[derive(Clone, Copy)]
pub struct LinkTerms<'a> {
    /// What it gives.
    pub role: &'a str,
    /// The hash of its password, if it has one.
    pub password_hash: Option<&'a str>,
    /// When it ends, if it does.
    pub expires_at_ms: Option<i64>,
}

impl std::fmt::Debug for LinkTerms<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("LinkTerms")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// What a new link is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewLink<'a> {
    /// Its id.
    pub id: Uuid,
    /// The document.
    pub document_id: Uuid,
    /// The SHA-256 of its secret.
    pub token_hash: &'a [u8; 32],
    /// What it gives.
    pub terms: LinkTerms<'a>,
    /// Who makes it.
    pub created_by: Uuid,
    /// Now.
    pub now_ms: i64,
}

macro_rules! columns {
    () => {
        "l.workspace_id, l.id, l.document_id, l.role, l.password_hash, l.created_by, l.created_at_ms, \
         l.expires_at_ms, l.version"
    };
}

impl FromRow for Link {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            document_id: row.get("document_id")?,
            role: row.get("role")?,
            password_hash: row.get("password_hash")?,
            created_by: row.get("created_by")?,
            created_at_ms: row.get("created_at_ms")?,
            expires_at_ms: row.get("expires_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl Tx {
    /// The link with this secret, unless it was revoked or is over, or its document, project or workspace is in the
    /// trash.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn link_by_token(
        &mut self,
        token_hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<Link>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "whoever holds a link knows neither its workspace nor its document",
            concat!(
                "SELECT ",
                columns!(),
                " FROM link_shares l \
                 JOIN project_documents d ON d.workspace_id = l.workspace_id AND d.id = l.document_id \
                 AND d.deleted_at_ms IS NULL \
                 JOIN projects p ON p.workspace_id = d.workspace_id AND p.id = d.project_id \
                 AND p.deleted_at_ms IS NULL \
                 JOIN workspaces w ON w.workspace_id = l.workspace_id AND w.deleted_at_ms IS NULL \
                 WHERE l.token_hash = $1 AND l.revoked_at_ms IS NULL \
                 AND (l.expires_at_ms IS NULL OR l.expires_at_ms > $2)"
            ),
        );
        self.one_across(SQL, args![token_hash, now_ms]).await
    }
}

impl Tenant<'_> {
    /// The links to a document that were not revoked, in the order in which they were made.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn links(&mut self, document: Uuid, span: &Span) -> Result<Vec<Link>, RecordError> {
        let sql = tenant_span!(
            span,
            "l.created_at_ms",
            "l.id",
            "SELECT ",
            columns!(),
            " FROM link_shares l WHERE l.workspace_id = $1 AND l.document_id = $6 AND l.revoked_at_ms IS NULL"
        );
        let mut values = span.by_number().to_vec();
        values.extend(args![document]);
        self.all(sql, values).await
    }

    /// How many links to a document were not revoked.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_links(&mut self, document: Uuid) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM link_shares \
             WHERE workspace_id = $1 AND document_id = $2 AND revoked_at_ms IS NULL"
        );
        let count: Option<Count> = self.one(sql, args![document]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// A link to a document that was not revoked.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn link(&mut self, document: Uuid, id: Uuid) -> Result<Option<Link>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            " FROM link_shares l WHERE l.workspace_id = $1 AND l.document_id = $2 AND l.id = $3 \
             AND l.revoked_at_ms IS NULL"
        );
        self.one(sql, args![document, id]).await
    }

    /// Makes a link.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such document here; a failure of the database.
    pub async fn create_link(&mut self, new: NewLink<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO link_shares (workspace_id, id, document_id, token_hash, role, password_hash, created_by, \
             created_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        );
        let values = args![
            new.id,
            new.document_id,
            new.token_hash,
            new.terms.role,
            new.terms.password_hash,
            new.created_by,
            new.now_ms,
            new.terms.expires_at_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Gives a link new terms.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn change_link(&mut self, id: Uuid, terms: LinkTerms<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE link_shares SET role = $3, password_hash = $4, expires_at_ms = $5, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2 AND revoked_at_ms IS NULL"
        );
        let values = args![id, terms.role, terms.password_hash, terms.expires_at_ms];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Revokes a link. Whether it was in force.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn revoke_link(&mut self, document: Uuid, id: Uuid, now_ms: i64) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE link_shares SET revoked_at_ms = $4, version = version + 1 \
             WHERE workspace_id = $1 AND document_id = $2 AND id = $3 AND revoked_at_ms IS NULL"
        );
        Ok(self.execute(sql, args![document, id, now_ms]).await? > 0)
    }
}
