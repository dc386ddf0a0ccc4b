//! The audit log: who did what to what, when, and from where.
//!
//! Invariant: an entry is written behind the head of its chain, under the lock of its workspace, which is held until the commit: so a
//! chain has no gap and no fork, whichever nodes write. The chain of the server itself is locked after everything else in a
//! transaction, so that nobody waits for somebody who waits for it. Nothing here changes or removes an entry: `audit_segments` removes those
//! that a segment has.

use uuid::Uuid;

use super::audit_chain::{AuditChain, AuditEntry};
use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// The chain of what concerns the server as a whole: logins, passwords, sessions.
pub const SERVER_CHAIN: WorkspaceId = WorkspaceId(Uuid::nil());

/// How long the details of an entry are at most, in bytes.
const MAX_DETAILS: usize = 4_096;
/// How long what a client says of itself is at most, in characters.
const MAX_AGENT: usize = 256;
/// How long the id of a request is at most, in characters.
const MAX_REQUEST: usize = 128;

/// From where something was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditOrigin {
    /// The address.
    pub address: Option<String>,
    /// What the client said that it is.
    pub user_agent: Option<String>,
    /// The request.
    pub request_id: Option<String>,
}

/// What is to be written into the log.
#[derive(Debug, Clone)]
pub struct NewAuditEntry<'a> {
    /// What did it, and which of these.
    pub actor: (&'a str, Option<Uuid>),
    /// What was done.
    pub action: &'a str,
    /// To what, and which of these.
    pub subject: (&'a str, Option<Uuid>),
    /// From where.
    pub origin: AuditOrigin,
    /// What else is to be said, a JSON object; one that is too long becomes `{"truncated":true}`.
    pub details: String,
    /// The event that it is about.
    pub event_seq: Option<i64>,
    /// When.
    pub at_ms: i64,
}

impl NewAuditEntry<'_> {
    /// The entry at `seq`, behind the one with the hash `prev_hash`.
    fn behind(&self, workspace: WorkspaceId, seq: i64, prev_hash: [u8; 32]) -> AuditEntry {
        let details = if self.details.len() > MAX_DETAILS {
            r#"{"truncated":true}"#
        } else {
            self.details.as_str()
        };
        let mut entry = AuditEntry {
            workspace,
            seq,
            id: Uuid::now_v7(),
            at_ms: self.at_ms,
            actor_kind: self.actor.0.to_owned(),
            actor_id: self.actor.1,
            action: self.action.to_owned(),
            subject_kind: self.subject.0.to_owned(),
            subject_id: self.subject.1,
            address: bounded(self.origin.address.as_deref(), MAX_AGENT),
            user_agent: bounded(self.origin.user_agent.as_deref(), MAX_AGENT),
            request_id: bounded(self.origin.request_id.as_deref(), MAX_REQUEST),
            details: details.to_owned(),
            event_seq: self.event_seq,
            prev_hash,
            hash: [0; 32],
        };
        entry.hash = entry.expected_hash();
        entry
    }
}

/// Where the chain of a workspace ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditHead {
    /// The place of the last entry.
    pub seq: i64,
    /// Its hash; `None` before the first.
    pub hash: Option<[u8; 32]>,
    /// The last event that was looked at.
    pub event_seq: i64,
    /// The latest time of an entry, in milliseconds since 1970.
    pub(super) latest_ms: i64,
    /// By how much an entry was ever written behind a later one, in milliseconds.
    pub(super) late_ms: i64,
}

impl FromRow for AuditHead {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let hash: Option<Vec<u8>> = row.get("hash")?;
        let hash = hash.map(|hash| hash.try_into().map_err(|_| RecordError::unreadable("hash")));
        Ok(Self {
            seq: row.get("seq")?,
            hash: hash.transpose()?,
            event_seq: row.get("event_seq")?,
            latest_ms: row.get("latest_ms")?,
            late_ms: row.get("late_ms")?,
        })
    }
}

struct Whose(WorkspaceId);

impl FromRow for Whose {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self(WorkspaceId(row.get("workspace_id")?)))
    }
}

impl Tx {
    /// Workspaces with events that have no entry yet, at most `limit`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn audit_work(&mut self, limit: u32) -> Result<Vec<WorkspaceId>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "what happens is written down in all workspaces",
            "SELECT s.workspace_id FROM workspace_sequences s \
             LEFT JOIN audit_heads h ON h.workspace_id = s.workspace_id \
             WHERE s.event_seq > COALESCE(h.event_seq, 0) ORDER BY s.workspace_id LIMIT $1",
        );
        let found: Vec<Whose> = self.all_across(SQL, args![limit]).await?;
        Ok(found.into_iter().map(|found| found.0).collect())
    }

    /// The workspaces that have chains, in the order of their ids, behind `after`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn audit_chains(
        &mut self,
        after: Option<WorkspaceId>,
        limit: u32,
    ) -> Result<Vec<WorkspaceId>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "whoever runs the server checks all chains",
            "SELECT w.workspace_id FROM (SELECT workspace_id FROM audit_heads \
             UNION SELECT workspace_id FROM audit_entries UNION SELECT workspace_id FROM audit_segments) w \
             WHERE ($1 IS NULL OR w.workspace_id > $1) ORDER BY w.workspace_id LIMIT $2",
        );
        let after = after.map(|after| after.0);
        let found: Vec<Whose> = self.all_across(SQL, args![after, limit]).await?;
        Ok(found.into_iter().map(|found| found.0).collect())
    }
}

impl Tenant<'_> {
    /// Where the chain ends.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn audit_head(&mut self) -> Result<AuditHead, RecordError> {
        let sql = tenant_sql!(
            "SELECT h.seq, h.hash, h.event_seq, h.latest_ms, h.late_ms FROM audit_heads h WHERE h.workspace_id = $1"
        );
        let found: Option<AuditHead> = self.one(sql, args![]).await?;
        Ok(found.unwrap_or(AuditHead {
            seq: 0,
            hash: None,
            event_seq: 0,
            latest_ms: 0,
            late_ms: 0,
        }))
    }

    /// Writes entries behind the last one, in this order. In a transaction that writes.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn audit(&mut self, new: &[NewAuditEntry<'_>]) -> Result<(), RecordError> {
        if new.is_empty() {
            return Ok(());
        }
        let head = self.audit_head().await?;
        let genesis = AuditChain::new(self.id(), None).hash();
        let (mut seq, mut hash) = (head.seq, head.hash.unwrap_or(genesis));
        let (mut latest_ms, mut late_ms) = (head.latest_ms, head.late_ms);
        for new in new {
            seq = seq.saturating_add(1);
            let entry = new.behind(self.id(), seq, hash);
            self.insert_audit_entry(&entry).await?;
            hash = entry.hash;
            late_ms = late_ms.max(latest_ms.saturating_sub(entry.at_ms));
            latest_ms = latest_ms.max(entry.at_ms);
        }
        let sql = tenant_sql!(
            "INSERT INTO audit_heads (workspace_id, seq, hash, latest_ms, late_ms, event_seq) \
             VALUES ($1, $2, $3, $4, $5, 0) \
             ON CONFLICT (workspace_id) DO UPDATE SET seq = $2, hash = $3, latest_ms = $4, late_ms = $5"
        );
        self.execute(sql, args![seq, hash, latest_ms, late_ms])
            .await
            .map(|_| ())
    }

    /// The places behind `after` and up to `last` of events that have an entry.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn audited_events(&mut self, after: i64, last: i64) -> Result<Vec<i64>, RecordError> {
        let sql = tenant_sql!(
            "SELECT a.event_seq AS n FROM audit_entries a \
             WHERE a.workspace_id = $1 AND a.event_seq > $2 AND a.event_seq <= $3"
        );
        let found: Vec<Count> = self.all(sql, args![after, last]).await?;
        Ok(found.into_iter().map(|found| found.0).collect())
    }

    /// Notes that every event up to `seq` has its entry. Only in the transaction that wrote them.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn move_audit_cursor(&mut self, seq: i64) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO audit_heads (workspace_id, seq, event_seq) VALUES ($1, 0, $2) \
             ON CONFLICT (workspace_id) DO UPDATE SET event_seq = $2"
        );
        self.execute(sql, args![seq]).await.map(|_| ())
    }

    async fn insert_audit_entry(&mut self, entry: &AuditEntry) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO audit_entries (workspace_id, seq, id, at_ms, actor_kind, actor_id, action, subject_kind, \
             subject_id, address, user_agent, request_id, details, event_seq, prev_hash, hash) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
        );
        let values = args![
            entry.seq,
            entry.id,
            entry.at_ms,
            &entry.actor_kind,
            entry.actor_id,
            &entry.action,
            &entry.subject_kind,
            entry.subject_id,
            entry.address.as_deref(),
            entry.user_agent.as_deref(),
            entry.request_id.as_deref(),
            &entry.details,
            entry.event_seq,
            entry.prev_hash,
            entry.hash,
        ];
        self.execute(sql, values).await.map(|_| ())
    }
}

/// At most so many characters, and none that a terminal would obey.
fn bounded(text: Option<&str>, most: usize) -> Option<String> {
    text.map(|text| text.chars().filter(|one| !one.is_control()).take(most).collect())
}
