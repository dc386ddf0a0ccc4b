//! Recoveries of webhook endpoints: the events of a time that one did not get are put in line for it.
//!
//! Invariant: a recovery goes through the events step by step; its place moves in the transaction that writes the
//! messages of a step.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// A recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRecovery {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub endpoint_id: Uuid,
    /// What happened from then on.
    pub since_ms: i64,
    /// What happened until then.
    pub until_ms: i64,
    /// The place of the first event of that time.
    pub first_seq: i64,
    /// The place of the event that is looked at next.
    pub next_seq: i64,
    /// The place of the last event of that time; before `first_seq` if there is none.
    pub last_seq: i64,
    /// How many messages were put in line.
    pub messages: i64,
    /// When it was asked for.
    pub created_at_ms: i64,
    /// When it came to its end.
    pub finished_at_ms: Option<i64>,
}

/// A recovery to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewWebhookRecovery {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub endpoint_id: Uuid,
    /// What happened from then on.
    pub since_ms: i64,
    /// What happened until then.
    pub until_ms: i64,
    /// Now.
    pub now_ms: i64,
}

impl FromRow for WebhookRecovery {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            endpoint_id: row.get("endpoint_id")?,
            since_ms: row.get("since_ms")?,
            until_ms: row.get("until_ms")?,
            first_seq: row.get("first_seq")?,
            next_seq: row.get("next_seq")?,
            last_seq: row.get("last_seq")?,
            messages: row.get("messages")?,
            created_at_ms: row.get("created_at_ms")?,
            finished_at_ms: row.get("finished_at_ms")?,
        })
    }
}

macro_rules! columns {
    () => {
        "r.workspace_id, r.id, r.endpoint_id, r.since_ms, r.until_ms, r.first_seq, r.next_seq, r.last_seq, \
         r.messages, r.created_at_ms, r.finished_at_ms"
    };
}

impl Tx {
    /// A recovery.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn webhook_recovery(&mut self, id: Uuid) -> Result<Option<WebhookRecovery>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "an address names a recovery and not its workspace; permission is asked about that",
            concat!(
                "SELECT ",
                columns!(),
                " FROM webhook_recoveries r WHERE r.id = $1"
            ),
        );
        self.one_across(SQL, args![id]).await
    }
}

impl Tenant<'_> {
    /// Makes a recovery of the events of a time.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such endpoint here; a failure of the database.
    pub async fn create_webhook_recovery(&mut self, new: NewWebhookRecovery) -> Result<(), RecordError> {
        let first = tenant_sql!(
            "SELECT COALESCE(min(seq), 1) AS n FROM events WHERE workspace_id = $1 AND created_at_ms >= $2"
        );
        let last = tenant_sql!(
            "SELECT COALESCE(max(seq), 0) AS n FROM events WHERE workspace_id = $1 AND created_at_ms <= $2 \
             AND created_at_ms >= $3"
        );
        let first: Option<Count> = self.one(first, args![new.since_ms]).await?;
        let last: Option<Count> = self.one(last, args![new.until_ms, new.since_ms]).await?;
        let sql = tenant_sql!(
            "INSERT INTO webhook_recoveries (workspace_id, id, endpoint_id, since_ms, until_ms, first_seq, next_seq, \
             last_seq, created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)"
        );
        let values = args![
            new.id,
            new.endpoint_id,
            new.since_ms,
            new.until_ms,
            first.map_or(1, |count| count.0),
            last.map_or(0, |count| count.0),
            new.now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// The recoveries that are not over, the oldest first; at most 10.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn open_webhook_recoveries(&mut self) -> Result<Vec<WebhookRecovery>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            " FROM webhook_recoveries r WHERE r.workspace_id = $1 AND r.finished_at_ms IS NULL \
             ORDER BY r.created_at_ms, r.id LIMIT 10"
        );
        self.all(sql, args![]).await
    }

    /// How many recoveries of an endpoint are not over.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_open_webhook_recoveries(&mut self, endpoint: Uuid) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM webhook_recoveries WHERE workspace_id = $1 AND endpoint_id = $2 \
             AND finished_at_ms IS NULL"
        );
        Ok(self
            .one::<Count>(sql, args![endpoint])
            .await?
            .map_or(0, |count| count.0))
    }

    /// Notes a step of a recovery: where it goes on, how many messages came of it, and whether it is over.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn move_webhook_recovery(
        &mut self,
        id: Uuid,
        (next_seq, messages): (i64, i64),
        finished_at_ms: Option<i64>,
    ) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE webhook_recoveries SET next_seq = $3, messages = messages + $4, finished_at_ms = $5 \
             WHERE workspace_id = $1 AND id = $2"
        );
        self.execute(sql, args![id, next_seq, messages, finished_at_ms])
            .await
            .map(|_| ())
    }
}
