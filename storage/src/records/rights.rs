//! How accounts and links stand: what a decision about somebody rests on, besides their roles and their credential.
//!
//! It decides nothing. Whether a time has come is the caller's.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, global_sql};
use super::tx::Tx;
use super::value::args;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkStanding {
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
            expires_at_ms: row.get("expires_at_ms")?,
            revoked_at_ms: row.get("revoked_at_ms")?,
        })
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

    /// How a link stands, also if it was revoked.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn link_standing(&mut self, link: Uuid) -> Result<Option<LinkStanding>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "whoever came by a link knows neither its workspace nor its document",
            "SELECT expires_at_ms, revoked_at_ms FROM link_shares WHERE id = $1",
        );
        self.one_across(SQL, args![link]).await
    }
}
