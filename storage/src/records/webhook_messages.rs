//! Messages to webhook endpoints: what each is to be told, and how far that is.
//!
//! Invariant: an endpoint has one message for an event, whatever happens, and that keeps its id. A message is claimed
//! before it is attempted, and its claim ends by itself: an attempt whose server died is made again. No first attempt is
//! claimed while one of an earlier event waits.

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

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookStatus {
    /// Nothing has come of it yet.
    Pending,
    /// The endpoint has it.
    Succeeded,
    /// The last attempt failed; another follows.
    Failed,
    /// It was given up.
    Dead,
}

impl WebhookStatus {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Succeeded, Self::Failed, Self::Dead]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookMessage {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id, by which receivers know it again.
    pub id: Uuid,
    /// To whom.
    pub endpoint_id: Uuid,
    /// The place of the event that it tells; `None` for a test.
    pub event_seq: Option<i64>,
    /// The type of what it tells.
    pub kind: String,
    /// How far it is.
    pub status: WebhookStatus,
    /// How many attempts have ended.
    pub attempts: i64,
    /// How many of them since it was last put in line.
    pub tries: i64,
    /// When the next attempt is due, or an attempt under way counts as lost; `None` if nothing more is tried.
    pub next_attempt_at_ms: Option<i64>,
    /// The attempt under way.
    pub claim: Option<Uuid>,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it succeeded or was given up.
    pub finished_at_ms: Option<i64>,
}

/// A message to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewWebhookMessage<'a> {
    /// Its id.
    pub id: Uuid,
    /// To whom.
    pub endpoint_id: Uuid,
    /// The place of the event that it tells; `None` for a test.
    pub event_seq: Option<i64>,
    /// The type of what it tells.
    pub kind: &'a str,
    /// Now, which is also when it is due.
    pub now_ms: i64,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookResult {
    /// The endpoint has it.
    Succeeded,
    /// Another attempt follows then.
    Again(i64),
    /// It is given up.
    Dead,
}

/// How many messages there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookCount {
    /// How far.
    pub status: WebhookStatus,
    /// So many.
    pub count: i64,
    /// The oldest of them was made then.
    pub oldest_ms: i64,
}

fn status_of(row: &Row) -> Result<WebhookStatus, RecordError> {
    let name: String = row.get("status")?;
    WebhookStatus::parse(&name).ok_or(RecordError::unreadable("status"))
}

impl FromRow for WebhookMessage {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            endpoint_id: row.get("endpoint_id")?,
            event_seq: row.get("event_seq")?,
            kind: row.get("kind")?,
            status: status_of(row)?,
            attempts: row.get("attempts")?,
            tries: row.get("tries")?,
            next_attempt_at_ms: row.get("next_attempt_at_ms")?,
            claim: row.get("claim")?,
            created_at_ms: row.get("created_at_ms")?,
            finished_at_ms: row.get("finished_at_ms")?,
        })
    }
}

impl FromRow for WebhookCount {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            status: status_of(row)?,
            count: row.get("n")?,
            oldest_ms: row.get("oldest_ms")?,
        })
    }
}

macro_rules! columns {
    ($of:literal) => {
        concat!(
            $of,
            "workspace_id, ",
            $of,
            "id, ",
            $of,
            "endpoint_id, ",
            $of,
            "event_seq, ",
            $of,
            "kind, ",
            $of,
            "status, ",
            $of,
            "attempts, ",
            $of,
            "tries, ",
            $of,
            "next_attempt_at_ms, ",
            $of,
            "claim, ",
            $of,
            "created_at_ms, ",
            $of,
            "finished_at_ms"
        )
    };
}

impl Tx {
    /// A message.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn webhook_message(&mut self, id: Uuid) -> Result<Option<WebhookMessage>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "an address names a message and not its workspace; permission is asked about that",
            concat!(
                "SELECT ",
                columns!("m."),
                " FROM webhook_messages m WHERE m.id = $1"
            ),
        );
        self.one_across(SQL, args![id]).await
    }

    /// Removes messages that came to their end before `before_ms`, with their attempts; at most `limit`. How many.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn forget_webhook_messages(&mut self, before_ms: i64, limit: u32) -> Result<u64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "what is over is cleared away in all workspaces",
            "DELETE FROM webhook_messages WHERE id IN (SELECT o.id FROM webhook_messages o \
             WHERE o.finished_at_ms IS NOT NULL AND o.finished_at_ms < $1 ORDER BY o.finished_at_ms LIMIT $2)",
        );
        self.execute_across(SQL, args![before_ms, limit]).await
    }
}

impl Tenant<'_> {
    /// Puts a message in line. Nothing is done if the endpoint has one for this event.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such endpoint here; a failure of the database.
    pub async fn create_webhook_message(&mut self, new: NewWebhookMessage<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO webhook_messages (workspace_id, id, endpoint_id, event_seq, kind, status, \
             next_attempt_at_ms, created_at_ms) VALUES ($1, $2, $3, $4, $5, 'pending', $6, $6) \
             ON CONFLICT (workspace_id, endpoint_id, event_seq) DO NOTHING"
        );
        let values = args![new.id, new.endpoint_id, new.event_seq, new.kind, new.now_ms];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Puts the message for an event in line that was never made or was given up. Whether it was so.
    ///
    /// # Errors
    /// As [`Self::create_webhook_message`].
    pub async fn recover_webhook_message(&mut self, new: NewWebhookMessage<'_>) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO webhook_messages (workspace_id, id, endpoint_id, event_seq, kind, status, \
             next_attempt_at_ms, created_at_ms) VALUES ($1, $2, $3, $4, $5, 'pending', $6, $6) \
             ON CONFLICT (workspace_id, endpoint_id, event_seq) DO UPDATE SET status = 'pending', tries = 0, \
             next_attempt_at_ms = $6, finished_at_ms = NULL, claim = NULL WHERE webhook_messages.status = 'dead'"
        );
        let values = args![new.id, new.endpoint_id, new.event_seq, new.kind, new.now_ms];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// Puts a message in line once more, whatever came of it. Whether there is one, and no attempt of it under way.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn resend_webhook_message(&mut self, id: Uuid, now_ms: i64) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE webhook_messages SET status = 'pending', tries = 0, next_attempt_at_ms = $3, \
             finished_at_ms = NULL, claim = NULL WHERE workspace_id = $1 AND id = $2 \
             AND (claim IS NULL OR next_attempt_at_ms <= $3)"
        );
        Ok(self.execute(sql, args![id, now_ms]).await? > 0)
    }

    /// How many attempts at an endpoint are under way at `now_ms`, on all nodes.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_webhook_claims(&mut self, endpoint: Uuid, now_ms: i64) -> Result<i64, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM webhook_messages WHERE workspace_id = $1 AND endpoint_id = $2 \
             AND next_attempt_at_ms > $3 AND claim IS NOT NULL"
        );
        let count: Option<Count> = self.one(sql, args![endpoint, now_ms]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Takes messages of an endpoint, at most `limit`; until `until_ms` nobody else takes them. First come those that
    /// somebody took who died, which are older than what waits behind them; then whatever waits longest of what waits for
    /// its first attempt and of what is due again at `now_ms`.
    ///
    /// First attempts are taken in the order of their events alone. The moments in their rows are by the clocks of several
    /// servers, which differ: by them only their turns among those that failed are told.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn claim_webhook_messages(
        &mut self,
        endpoint: Uuid,
        claim: Uuid,
        (now_ms, until_ms): (i64, i64),
        limit: u32,
    ) -> Result<Vec<WebhookMessage>, RecordError> {
        // A first attempt waits no less than those before it: so the order by `place` is also that by their events.
        let sql = tenant_sql!(
            "UPDATE webhook_messages SET claim = $3, next_attempt_at_ms = $5 WHERE workspace_id = $1 AND id IN \
             (SELECT l.id FROM (\
             SELECT d.id, d.event_seq, 0 AS place FROM \
             (SELECT o.id, o.event_seq FROM webhook_messages o WHERE o.workspace_id = $1 AND o.endpoint_id = $2 \
             AND o.claim IS NOT NULL AND o.next_attempt_at_ms <= $4 ORDER BY o.event_seq NULLS FIRST LIMIT $6) d \
             UNION ALL SELECT a.id, a.event_seq, a.next_attempt_at_ms FROM \
             (SELECT o.id, o.event_seq, o.next_attempt_at_ms FROM webhook_messages o \
             WHERE o.workspace_id = $1 AND o.endpoint_id = $2 AND o.status = 'failed' AND o.claim IS NULL \
             AND o.next_attempt_at_ms <= $4 ORDER BY o.next_attempt_at_ms, o.event_seq LIMIT $6) a \
             UNION ALL SELECT f.id, f.event_seq, max(f.next_attempt_at_ms) OVER (ORDER BY f.event_seq NULLS FIRST) FROM \
             (SELECT o.id, o.event_seq, o.next_attempt_at_ms FROM webhook_messages o \
             WHERE o.workspace_id = $1 AND o.endpoint_id = $2 AND o.status = 'pending' AND o.claim IS NULL \
             ORDER BY o.event_seq NULLS FIRST LIMIT $6) f\
             ) l ORDER BY l.place, l.event_seq NULLS FIRST LIMIT $6) RETURNING ",
            columns!("")
        );
        let values = args![endpoint, claim, now_ms, until_ms, limit];
        let mut claimed: Vec<WebhookMessage> = self.all(sql, values).await?;
        claimed.sort_by_key(|message| (message.event_seq, message.id));
        Ok(claimed)
    }

    /// Takes one message, for somebody who waits for it. Whether nobody else has it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn claim_webhook_message(
        &mut self,
        id: Uuid,
        claim: Uuid,
        (now_ms, until_ms): (i64, i64),
    ) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE webhook_messages SET claim = $3, next_attempt_at_ms = $5 WHERE workspace_id = $1 AND id = $2 \
             AND next_attempt_at_ms <= $4"
        );
        Ok(self.execute(sql, args![id, claim, now_ms, until_ms]).await? > 0)
    }

    /// Writes what came of an attempt. Whether its claim still stood; if not, nothing is written.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn finish_webhook_claim(
        &mut self,
        id: Uuid,
        claim: Uuid,
        result: WebhookResult,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE webhook_messages SET status = $4, next_attempt_at_ms = $5, finished_at_ms = $6, claim = NULL, \
             attempts = attempts + 1, tries = tries + 1 WHERE workspace_id = $1 AND id = $2 AND claim = $3"
        );
        let (status, next, finished) = match result {
            WebhookResult::Succeeded => (WebhookStatus::Succeeded, None, Some(now_ms)),
            WebhookResult::Again(at) => (WebhookStatus::Failed, Some(at), None),
            WebhookResult::Dead => (WebhookStatus::Dead, None, Some(now_ms)),
        };
        let values = args![id, claim, status.as_str(), next, finished];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// Messages to an endpoint in the order of their making; only those of `status` if there is one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn webhook_messages(
        &mut self,
        endpoint: Uuid,
        status: Option<WebhookStatus>,
        span: &Span,
    ) -> Result<Vec<WebhookMessage>, RecordError> {
        let sql = tenant_span!(
            span,
            "m.created_at_ms",
            "m.id",
            "SELECT ",
            columns!("m."),
            " FROM webhook_messages m WHERE m.workspace_id = $1 AND m.endpoint_id = $6 \
             AND ($7 IS NULL OR m.status = $7)"
        );
        let mut values = span.by_number().to_vec();
        values.extend(args![endpoint, status.map(WebhookStatus::as_str)]);
        self.all(sql, values).await
    }

    /// How many messages to an endpoint there are, by how far they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_webhook_messages(&mut self, endpoint: Uuid) -> Result<Vec<WebhookCount>, RecordError> {
        let sql = tenant_sql!(
            "SELECT status, count(*) AS n, min(created_at_ms) AS oldest_ms FROM webhook_messages \
             WHERE workspace_id = $1 AND endpoint_id = $2 GROUP BY status"
        );
        self.all(sql, args![endpoint]).await
    }
}
