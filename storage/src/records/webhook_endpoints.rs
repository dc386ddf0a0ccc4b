//! Endpoints of webhooks: where to tell what happens in a workspace, and how far each was told.
//!
//! Invariant: an endpoint's cursor moves only in the transaction that writes the messages of the events that it moves
//! over. Secrets, private keys and the values of headers are sealed before they come here.

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

/// Why an endpoint is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookDisabling {
    /// Somebody chose so.
    Chosen,
    /// It said that it is gone.
    Gone,
    /// It failed for too long.
    Failing,
}

impl WebhookDisabling {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Chosen, Self::Gone, Self::Failing]
            .into_iter()
            .find(|reason| reason.as_str() == text)
    }
}

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEndpoint {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// Its address.
    pub url: String,
    /// What somebody says of it.
    pub description: String,
    /// The types of events that it wants, between commas; empty for all.
    pub event_types: String,
    /// The projects that it wants to hear of, between commas; empty for everything.
    pub project_ids: String,
    /// Its secrets, sealed.
    pub secrets: Vec<u8>,
    /// The names of the headers that it is asked with, between commas.
    pub header_names: String,
    /// Those headers with their values, sealed; `None` if there are none.
    pub headers: Option<Vec<u8>>,
    /// The public half of the key that messages are signed with besides, if there is one.
    pub public_key: Option<String>,
    /// That key and those before it, sealed.
    pub signing_keys: Option<Vec<u8>>,
    /// How many attempts a second may begin; `None` for as many as there are.
    pub rate_limit: Option<i64>,
    /// Until when those that were begun are paced, in microseconds since 1970.
    pub paced_until_us: i64,
    /// The place of the last event that was looked at for it.
    pub cursor_seq: i64,
    /// Since when every attempt has failed; `None` if the last one did not.
    pub failing_since_ms: Option<i64>,
    /// Since when it is told nothing, and why.
    pub disabled: Option<(i64, WebhookDisabling)>,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it was last changed by somebody.
    pub updated_at_ms: i64,
    /// How often that was, and one.
    pub version: i64,
}

/// An endpoint to be made. It is told what happens from now on.
#[derive(Debug, Clone, Copy)]
pub struct NewWebhookEndpoint<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its address.
    pub url: &'a str,
    /// What somebody says of it.
    pub description: &'a str,
    /// The types of events that it wants, between commas; empty for all.
    pub event_types: &'a str,
    /// The projects that it wants to hear of, between commas; empty for everything.
    pub project_ids: &'a str,
    /// Its secrets, sealed.
    pub secrets: &'a [u8],
    /// The names of the headers that it is asked with, and these sealed.
    pub headers: (&'a str, Option<&'a [u8]>),
    /// The public half of its signing key, and its keys sealed, if messages are signed with one besides.
    pub signing: Option<(&'a str, &'a [u8])>,
    /// How many attempts a second may begin.
    pub rate_limit: Option<i64>,
    /// Now.
    pub now_ms: i64,
}

/// What somebody changes of an endpoint; `None` leaves it.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebhookEndpointChange<'a> {
    /// Its address.
    pub url: Option<&'a str>,
    /// What is said of it.
    pub description: Option<&'a str>,
    /// The types of events that it wants.
    pub event_types: Option<&'a str>,
    /// The projects that it wants to hear of.
    pub project_ids: Option<&'a str>,
    /// Its secrets, sealed.
    pub secrets: Option<&'a [u8]>,
    /// The names of its headers, and these sealed.
    pub headers: Option<(&'a str, Option<&'a [u8]>)>,
    /// The public half of its signing key, and its keys sealed; `Some(None)` for none any more.
    pub signing: Option<Option<(&'a str, &'a [u8])>>,
    /// How many attempts a second may begin; `Some(None)` for as many as there are.
    pub rate_limit: Option<Option<i64>>,
}

/// Something to be done for webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookWork {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// The endpoint with a message that is due; `None` if there are events or recoveries to look at.
    pub due: Option<Uuid>,
}

impl FromRow for WebhookEndpoint {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let reason: Option<String> = row.get("disabled_reason")?;
        let at: Option<i64> = row.get("disabled_at_ms")?;
        let reason = reason.as_deref().and_then(WebhookDisabling::parse);
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            url: row.get("url")?,
            description: row.get("description")?,
            event_types: row.get("event_types")?,
            project_ids: row.get("project_ids")?,
            secrets: row.get("secrets")?,
            header_names: row.get("header_names")?,
            headers: row.get("headers")?,
            public_key: row.get("public_key")?,
            signing_keys: row.get("signing_keys")?,
            rate_limit: row.get("rate_limit")?,
            paced_until_us: row.get("paced_until_us")?,
            cursor_seq: row.get("cursor_seq")?,
            failing_since_ms: row.get("failing_since_ms")?,
            disabled: at.zip(reason.or(at.map(|_| WebhookDisabling::Chosen))),
            created_at_ms: row.get("created_at_ms")?,
            updated_at_ms: row.get("updated_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl FromRow for WebhookWork {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            due: row.get("due")?,
        })
    }
}

macro_rules! columns {
    () => {
        "w.workspace_id, w.id, w.url, w.description, w.event_types, w.project_ids, w.secrets, w.header_names, \
         w.headers, w.public_key, w.signing_keys, w.rate_limit, w.paced_until_us, w.cursor_seq, w.failing_since_ms, w.disabled_at_ms, w.disabled_reason, w.created_at_ms, w.updated_at_ms, w.version"
    };
}

impl Tx {
    /// An endpoint.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn webhook_endpoint(&mut self, id: Uuid) -> Result<Option<WebhookEndpoint>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "an address names an endpoint and not its workspace; permission is asked about that",
            concat!("SELECT ", columns!(), " FROM webhook_endpoints w WHERE w.id = $1"),
        );
        self.one_across(SQL, args![id]).await
    }

    /// What there is to do at `now_ms`: endpoints behind their workspace's events, recoveries that are not over, and
    /// endpoints with messages that are due and may be asked by their limit. First attempts are always due. At most `limit`
    /// of each sort.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn webhook_work(&mut self, now_ms: i64, limit: u32) -> Result<Vec<WebhookWork>, RecordError> {
        const BEHIND: CrossTenantSql = CrossTenantSql::because(
            "webhooks are delivered in all workspaces",
            "SELECT DISTINCT w.workspace_id, CASE WHEN 1 = 0 THEN w.id END AS due FROM webhook_endpoints w \
             JOIN workspaces o ON o.workspace_id = w.workspace_id \
             JOIN workspace_sequences s ON s.workspace_id = w.workspace_id \
             WHERE w.disabled_at_ms IS NULL AND o.deleted_at_ms IS NULL AND w.cursor_seq < s.event_seq LIMIT $1",
        );
        const RECOVERED: CrossTenantSql = CrossTenantSql::because(
            "webhooks are delivered in all workspaces",
            "SELECT DISTINCT r.workspace_id, CASE WHEN 1 = 0 THEN r.id END AS due FROM webhook_recoveries r \
             WHERE r.finished_at_ms IS NULL LIMIT $1",
        );
        // That of the first attempts has an order so that Postgres looks into their index, however many there are.
        const DUE: CrossTenantSql = CrossTenantSql::because(
            "webhooks are delivered in all workspaces",
            "SELECT w.workspace_id, w.id AS due FROM webhook_endpoints w \
             JOIN workspaces o ON o.workspace_id = w.workspace_id \
             WHERE w.disabled_at_ms IS NULL AND o.deleted_at_ms IS NULL \
             AND (w.rate_limit IS NULL OR w.paced_until_us <= $1 * 1000) AND (\
             (SELECT m.id FROM webhook_messages m WHERE m.workspace_id = w.workspace_id AND m.endpoint_id = w.id \
             AND m.status = 'pending' AND m.claim IS NULL ORDER BY m.event_seq NULLS FIRST LIMIT 1) IS NOT NULL OR EXISTS \
             (SELECT 1 FROM webhook_messages m WHERE m.workspace_id = w.workspace_id AND m.endpoint_id = w.id \
             AND m.status = 'failed' AND m.claim IS NULL AND m.next_attempt_at_ms <= $1) OR EXISTS \
             (SELECT 1 FROM webhook_messages m WHERE m.workspace_id = w.workspace_id AND m.endpoint_id = w.id \
             AND m.claim IS NOT NULL AND m.next_attempt_at_ms <= $1)) LIMIT $2",
        );
        let mut work: Vec<WebhookWork> = self.all_across(BEHIND, args![limit]).await?;
        work.extend(self.all_across::<WebhookWork>(RECOVERED, args![limit]).await?);
        work.extend(self.all_across::<WebhookWork>(DUE, args![now_ms, limit]).await?);
        Ok(work)
    }
}

impl Tenant<'_> {
    /// Makes an endpoint, which is told what happens from now on.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn create_webhook_endpoint(&mut self, new: NewWebhookEndpoint<'_>) -> Result<(), RecordError> {
        let cursor = self.last_event_seq().await?;
        let sql = tenant_sql!(
            "INSERT INTO webhook_endpoints (workspace_id, id, url, description, event_types, project_ids, secrets, \
             header_names, headers, public_key, signing_keys, rate_limit, cursor_seq, created_at_ms, updated_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)"
        );
        let values = args![
            new.id,
            new.url,
            new.description,
            new.event_types,
            new.project_ids,
            new.secrets,
            new.headers.0,
            new.headers.1,
            new.signing.map(|(public, _)| public),
            new.signing.map(|(_, sealed)| sealed),
            new.rate_limit,
            cursor,
            new.now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// An endpoint of the workspace.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn webhook_endpoint(&mut self, id: Uuid) -> Result<Option<WebhookEndpoint>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            " FROM webhook_endpoints w WHERE w.workspace_id = $1 AND w.id = $2"
        );
        self.one(sql, args![id]).await
    }

    /// The endpoints of the workspace, in the order of their making.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn webhook_endpoints(&mut self, span: &Span) -> Result<Vec<WebhookEndpoint>, RecordError> {
        let sql = tenant_span!(
            span,
            "w.created_at_ms",
            "w.id",
            "SELECT ",
            columns!(),
            " FROM webhook_endpoints w WHERE w.workspace_id = $1"
        );
        self.all(sql, span.by_number().to_vec()).await
    }

    /// How many they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_webhook_endpoints(&mut self) -> Result<i64, RecordError> {
        let sql = tenant_sql!("SELECT count(*) AS n FROM webhook_endpoints WHERE workspace_id = $1");
        Ok(self.one::<Count>(sql, args![]).await?.map_or(0, |count| count.0))
    }

    /// Changes an endpoint. Whether there is one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn change_webhook_endpoint(
        &mut self,
        id: Uuid,
        change: WebhookEndpointChange<'_>,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE webhook_endpoints SET url = COALESCE($3, url), description = COALESCE($4, description), \
             event_types = COALESCE($5, event_types), project_ids = COALESCE($6, project_ids), \
             secrets = COALESCE($7, secrets), header_names = COALESCE($8, header_names), \
             headers = CASE WHEN $8 IS NULL THEN headers ELSE $9 END, \
             public_key = CASE WHEN $10 THEN $11 ELSE public_key END, \
             signing_keys = CASE WHEN $10 THEN $12 ELSE signing_keys END, \
             rate_limit = CASE WHEN $13 THEN $14 ELSE rate_limit END, updated_at_ms = $15, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2"
        );
        let values = args![
            id,
            change.url,
            change.description,
            change.event_types,
            change.project_ids,
            change.secrets,
            change.headers.map(|(names, _)| names),
            change.headers.and_then(|(_, sealed)| sealed),
            change.signing.is_some(),
            change.signing.flatten().map(|(public, _)| public),
            change.signing.flatten().map(|(_, sealed)| sealed),
            change.rate_limit.is_some(),
            change.rate_limit.flatten(),
            now_ms
        ];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// Has an endpoint told nothing more. Whether it was told something until now.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn disable_webhook_endpoint(
        &mut self,
        id: Uuid,
        reason: WebhookDisabling,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE webhook_endpoints SET disabled_at_ms = $3, disabled_reason = $4, updated_at_ms = $3, \
             version = version + 1 WHERE workspace_id = $1 AND id = $2 AND disabled_at_ms IS NULL"
        );
        Ok(self.execute(sql, args![id, now_ms, reason.as_str()]).await? > 0)
    }

    /// Has an endpoint told what happens from now on. Whether it was disabled.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn enable_webhook_endpoint(&mut self, id: Uuid, now_ms: i64) -> Result<bool, RecordError> {
        let cursor = self.last_event_seq().await?;
        let sql = tenant_sql!(
            "UPDATE webhook_endpoints SET disabled_at_ms = NULL, disabled_reason = NULL, failing_since_ms = NULL, \
             cursor_seq = $3, updated_at_ms = $4, version = version + 1 \
             WHERE workspace_id = $1 AND id = $2 AND disabled_at_ms IS NOT NULL"
        );
        Ok(self.execute(sql, args![id, cursor, now_ms]).await? > 0)
    }

    /// Removes an endpoint with all of its messages. Whether there was one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn remove_webhook_endpoint(&mut self, id: Uuid) -> Result<bool, RecordError> {
        let sql = tenant_sql!("DELETE FROM webhook_endpoints WHERE workspace_id = $1 AND id = $2");
        Ok(self.execute(sql, args![id]).await? > 0)
    }

    /// The endpoints that are told something, those that are behind most first.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn live_webhook_endpoints(&mut self) -> Result<Vec<WebhookEndpoint>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            " FROM webhook_endpoints w JOIN workspaces o ON o.workspace_id = w.workspace_id \
             WHERE w.workspace_id = $1 AND w.disabled_at_ms IS NULL AND o.deleted_at_ms IS NULL \
             ORDER BY w.cursor_seq, w.id"
        );
        self.all(sql, args![]).await
    }

    /// Notes that everything up to `seq` was looked at for an endpoint. Only in the transaction that wrote the messages
    /// of it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn move_webhook_cursor(&mut self, id: Uuid, seq: i64) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE webhook_endpoints SET cursor_seq = $3 WHERE workspace_id = $1 AND id = $2 AND cursor_seq < $3"
        );
        self.execute(sql, args![id, seq]).await.map(|_| ())
    }

    /// Notes until when attempts at an endpoint are paced, in microseconds since 1970. Only in the transaction that claimed
    /// their messages.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn pace_webhook_endpoint(&mut self, id: Uuid, until_us: i64) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE webhook_endpoints SET paced_until_us = $3 WHERE workspace_id = $1 AND id = $2 \
             AND paced_until_us < $3"
        );
        self.execute(sql, args![id, until_us]).await.map(|_| ())
    }

    /// Notes whether an endpoint is failing: since when, or `None`. The first failure counts. Since when it is failing
    /// now.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn note_webhook_health(
        &mut self,
        id: Uuid,
        failed_at_ms: Option<i64>,
    ) -> Result<Option<i64>, RecordError> {
        let sql = tenant_sql!(
            "UPDATE webhook_endpoints SET failing_since_ms = \
             CASE WHEN $3 IS NULL THEN NULL ELSE COALESCE(failing_since_ms, $3) END \
             WHERE workspace_id = $1 AND id = $2"
        );
        self.execute(sql, args![id, failed_at_ms]).await?;
        let found = self.webhook_endpoint(id).await?;
        Ok(found.and_then(|endpoint| endpoint.failing_since_ms))
    }
}
