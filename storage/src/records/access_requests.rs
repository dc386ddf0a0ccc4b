//! Who asks to see a document that they do not see.
//!
//! Invariant: a request is open while nobody declined it and whoever asks does not see the document; whichever way they come
//! to see it, it is over.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::{Span, span, tenant_span};
use super::statement::{CrossTenantSql, global_sql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::visible::{from_visible, is_permitted, may_share};
use super::workspaces::Count;

/// An open request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRequest {
    /// The document.
    pub document_id: Uuid,
    /// Who asks.
    pub user_id: Uuid,
    /// What they are called.
    pub first_name: String,
    /// The rest of it.
    pub last_name: String,
    /// What they say, perhaps nothing.
    pub message: String,
    /// Since when, in milliseconds since 1970.
    pub created_at_ms: i64,
}

/// A request to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewAccessRequest<'a> {
    /// The document.
    pub document_id: Uuid,
    /// Who asks.
    pub user_id: Uuid,
    /// What they say.
    pub message: &'a str,
    /// Now.
    pub now_ms: i64,
    /// One that was declined before is made anew, in milliseconds since 1970.
    pub declined_before_ms: i64,
}

/// Somebody.
struct Who(Uuid);

impl FromRow for Who {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self(row.get("user_id")?))
    }
}

impl FromRow for AccessRequest {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            document_id: row.get("document_id")?,
            user_id: row.get("user_id")?,
            first_name: row.get("first_name")?,
            last_name: row.get("last_name")?,
            message: row.get("message")?,
            created_at_ms: row.get("created_at_ms")?,
        })
    }
}

macro_rules! from_open {
    () => {
        concat!(
            from_visible!(),
            " JOIN access_requests r ON r.workspace_id = d.workspace_id AND r.document_id = d.id \
             AND r.user_id = m.user_id AND r.declined_at_ms IS NULL \
             JOIN users u ON u.id = r.user_id AND u.deleted_at_ms IS NULL AND u.status <> 'inactive' \
             WHERE m.workspace_id = $1 AND d.deleted_at_ms IS NULL AND NOT ",
            is_permitted!()
        )
    };
}

impl Tx {
    /// Counts that somebody asks on this day (from 1970, UTC). How often they did with this time.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_access_request(&mut self, user: Uuid, day: i64) -> Result<i64, RecordError> {
        let sql = global_sql!(
            "INSERT INTO access_request_counts (user_id, day, asked) VALUES ($1, $2, 1) \
             ON CONFLICT (user_id) DO UPDATE SET day = $2, \
             asked = CASE WHEN access_request_counts.day = $2 THEN access_request_counts.asked + 1 ELSE 1 END \
             RETURNING asked AS n"
        );
        let count: Option<Count> = self.one(sql, args![user, day]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Forgets requests that were made, and declined if they were, before `before_ms`, at most `limit`. How many that were.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn forget_access_requests(&mut self, before_ms: i64, limit: u32) -> Result<u64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "what is over is cleared away in all workspaces",
            "DELETE FROM access_requests WHERE id IN (SELECT o.id FROM access_requests o WHERE o.created_at_ms < $1 \
             AND COALESCE(o.declined_at_ms, 0) < $1 ORDER BY o.created_at_ms LIMIT $2)",
        );
        self.execute_across(SQL, args![before_ms, limit]).await
    }
}

impl Tenant<'_> {
    /// Has somebody ask. Whether they did not before: an open request stays as it is, and so does one that was declined
    /// a short while ago.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if they are not in the workspace, or there is no such document; a failure of the
    /// database.
    pub async fn put_access_request(&mut self, new: &NewAccessRequest<'_>) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO access_requests (workspace_id, id, document_id, user_id, message, created_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, document_id, user_id) \
             DO UPDATE SET message = $5, created_at_ms = $6, declined_at_ms = NULL \
             WHERE access_requests.declined_at_ms < $7"
        );
        let values = args![
            Uuid::now_v7(),
            new.document_id,
            new.user_id,
            new.message,
            new.now_ms,
            new.declined_before_ms
        ];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// Who asks to see a document, in the order in which they did.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn access_requests(
        &mut self,
        document: Uuid,
        span: &Span,
    ) -> Result<Vec<AccessRequest>, RecordError> {
        let sql = tenant_span!(
            span,
            "r.created_at_ms",
            "r.user_id",
            "SELECT r.document_id, r.user_id, u.first_name, u.last_name, r.message, r.created_at_ms",
            from_open!(),
            " AND d.id = $6"
        );
        let mut values = span.by_number().to_vec();
        values.extend(args![document]);
        self.all(sql, values).await
    }

    /// How many ask to see a document.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_access_requests(&mut self, document: Uuid) -> Result<i64, RecordError> {
        let sql = tenant_sql!("SELECT count(*) AS n", from_open!(), " AND d.id = $2");
        let count: Option<Count> = self.one(sql, args![document]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Somebody's request, if it is open.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn access_request(
        &mut self,
        document: Uuid,
        user: Uuid,
    ) -> Result<Option<AccessRequest>, RecordError> {
        let sql = tenant_sql!(
            "SELECT r.document_id, r.user_id, u.first_name, u.last_name, r.message, r.created_at_ms",
            from_open!(),
            " AND d.id = $2 AND m.user_id = $3"
        );
        self.one(sql, args![document, user]).await
    }

    /// Declines a request.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn decline_access_request(
        &mut self,
        document: Uuid,
        user: Uuid,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE access_requests SET declined_at_ms = $4 \
             WHERE workspace_id = $1 AND document_id = $2 AND user_id = $3"
        );
        self.execute(sql, args![document, user, now_ms]).await.map(|_| ())
    }

    /// Forgets what somebody asked, and that it was declined.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn forget_access_request(&mut self, document: Uuid, user: Uuid) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "DELETE FROM access_requests WHERE workspace_id = $1 AND document_id = $2 AND user_id = $3"
        );
        self.execute(sql, args![document, user]).await.map(|_| ())
    }

    /// Who may share a document, at most `limit`: those who own it themselves come before those who administer the
    /// workspace.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn sharers(&mut self, document: Uuid, limit: u32) -> Result<Vec<Uuid>, RecordError> {
        let sql = tenant_sql!(
            "SELECT m.user_id",
            from_visible!(),
            " WHERE m.workspace_id = $1 AND d.id = $2 AND d.deleted_at_ms IS NULL AND ",
            may_share!(),
            " ORDER BY CASE WHEN s.role = 'owner' THEN 0 WHEN pm.role = 'owner' THEN 1 WHEN tm.role = 'admin' THEN 2 \
             ELSE 3 END, m.user_id LIMIT $3"
        );
        let found: Vec<Who> = self.all(sql, args![document, limit]).await?;
        Ok(found.into_iter().map(|who| who.0).collect())
    }
}
