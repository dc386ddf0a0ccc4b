//! What of somebody's inbox is sent elsewhere, and how far that is.
//!
//! Invariant: a delivery is written in the transaction of the inbox row that it tells of; until it is taken for the first
//! time, what else happens in the thread joins it. Whoever takes one holds it until a moment that they name; one that
//! was taken and never finished is taken again by somebody else after that. Nothing here reads what is sent.

use uuid::Uuid;

use super::error::RecordError;
use super::notifications::actors_of;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use crate::model::WorkspaceId;

/// The longest reason that is kept, in characters.
const MAX_ERROR: usize = 500;

/// A way on which something is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationWay {
    /// By mail.
    Email,
    /// By Web Push, to the browsers of its reader.
    WebPush,
    /// To the gateway of the operator.
    Http,
}

impl NotificationWay {
    /// Its name in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::WebPush => "web_push",
            Self::Http => "http",
        }
    }
}

/// Something that is to be sent.
#[derive(Debug, Clone, Copy)]
pub struct NewNotificationDelivery<'a> {
    /// The inbox row that it tells of.
    pub notification_id: Uuid,
    /// Whose that is.
    pub user_id: Uuid,
    /// By which way.
    pub way: NotificationWay,
    /// The type of what happened.
    pub kind: &'a str,
    /// The comment, if it is about one.
    pub comment_id: Option<Uuid>,
    /// Whose doing it was.
    pub actor: Option<Uuid>,
    /// When it is to be sent, unless it joins one that waits.
    pub due_at_ms: i64,
    /// Now.
    pub now_ms: i64,
}

/// A delivery that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationDelivery {
    /// Its id.
    pub id: Uuid,
    /// The inbox row that it tells of.
    pub notification_id: Uuid,
    /// The type of what happened last.
    pub kind: String,
    /// The comment that was written last, if it is about one.
    pub comment_id: Option<Uuid>,
    /// Whose doing it was: at most five, the last one first.
    pub actors: Vec<Uuid>,
    /// How much happened.
    pub happened: i64,
    /// How often it was taken, this time included.
    pub attempts: i64,
}

/// Where something is that is to be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// To whom.
    pub user_id: Uuid,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationDeliveryResult<'a> {
    /// It was sent.
    Sent,
    /// Nobody needs it any more.
    Cancelled,
    /// It may not be sent, and why.
    Suppressed(&'a str),
    /// It is given up, and why.
    Failed(&'a str),
    /// It is tried again then, and why.
    Again(i64, &'a str),
    /// It was not tried, and is due then. Only in the transaction that took it.
    Postponed(i64),
}

impl NotificationDeliveryResult<'_> {
    /// Its name: `sent`, `cancelled`, `suppressed`, `failed`, `again` or `postponed`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Cancelled => "cancelled",
            Self::Suppressed(_) => "suppressed",
            Self::Failed(_) => "failed",
            Self::Again(..) => "again",
            Self::Postponed(_) => "postponed",
        }
    }
}

/// How far a delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationDeliveryState {
    /// Whose.
    pub user_id: Uuid,
    /// `pending`, `sent`, `cancelled`, `suppressed` or `failed`.
    pub status: String,
    /// When it is tried, or taken from whoever has it, if it is pending.
    pub due_at_ms: i64,
    /// How often it was taken.
    pub attempts: i64,
    /// Why it did not leave.
    pub error: Option<String>,
}

impl FromRow for NotificationDeliveryState {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            user_id: row.get("user_id")?,
            status: row.get("status")?,
            due_at_ms: row.get("due_at_ms")?,
            attempts: row.get("attempts")?,
            error: row.get("error")?,
        })
    }
}

impl FromRow for DueDelivery {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            user_id: row.get("user_id")?,
        })
    }
}

impl FromRow for NotificationDelivery {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let actors: String = row.get("actors")?;
        Ok(Self {
            id: row.get("id")?,
            notification_id: row.get("notification_id")?,
            kind: row.get("kind")?,
            comment_id: row.get("comment_id")?,
            actors: actors.split(',').filter_map(|id| id.parse().ok()).collect(),
            happened: row.get("happened")?,
            attempts: row.get("attempts")?,
        })
    }
}

macro_rules! columns {
    () => {
        "id, notification_id, kind, comment_id, actors, happened, attempts"
    };
}

impl Tx {
    /// For whom something is due at `now_ms`: everybody once for each workspace, those who wait longest first; at most
    /// `limit`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn due_notification_deliveries(
        &mut self,
        way: NotificationWay,
        now_ms: i64,
        limit: u32,
    ) -> Result<Vec<DueDelivery>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "what people are told is sent in all workspaces",
            "SELECT d.workspace_id, d.user_id FROM notification_deliveries d \
             WHERE d.channel = $1 AND d.status = 'pending' AND d.due_at_ms <= $2 \
             GROUP BY d.workspace_id, d.user_id ORDER BY min(d.due_at_ms), d.user_id LIMIT $3",
        );
        self.all_across(SQL, args![way.as_str(), now_ms, limit]).await
    }

    /// How far deliveries by one way are, the newest `limit` of them, in the order in which they were made.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notification_delivery_states(
        &mut self,
        way: NotificationWay,
        limit: u32,
    ) -> Result<Vec<NotificationDeliveryState>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "whoever runs the server sees what leaves it",
            "SELECT user_id, status, due_at_ms, attempts, error FROM notification_deliveries \
             WHERE channel = $1 ORDER BY id DESC LIMIT $2",
        );
        let mut found: Vec<NotificationDeliveryState> =
            self.all_across(SQL, args![way.as_str(), limit]).await?;
        found.reverse();
        Ok(found)
    }

    /// Removes deliveries that came to their end before `before_ms`, at most `limit`. How many.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn forget_notification_deliveries(
        &mut self,
        before_ms: i64,
        limit: u32,
    ) -> Result<u64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "what is over is cleared away in all workspaces",
            "DELETE FROM notification_deliveries WHERE id IN (SELECT o.id FROM notification_deliveries o \
             WHERE o.finished_at_ms < $1 ORDER BY o.finished_at_ms LIMIT $2)",
        );
        self.execute_across(SQL, args![before_ms, limit]).await
    }
}

impl Tenant<'_> {
    /// Has something sent, or join what waits to be sent of the same thread by the same way. Only in the transaction
    /// that wrote the inbox row.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such row; a failure of the database.
    pub async fn put_notification_delivery(
        &mut self,
        new: &NewNotificationDelivery<'_>,
    ) -> Result<(), RecordError> {
        let way = new.way.as_str();
        let find = tenant_sql!(
            "SELECT ",
            columns!(),
            " FROM notification_deliveries WHERE workspace_id = $1 AND notification_id = $2 AND channel = $3 \
             AND status = 'pending' AND attempts = 0"
        );
        let found: Option<NotificationDelivery> = self.one(find, args![new.notification_id, way]).await?;
        if let Some(found) = found {
            let join = tenant_sql!(
                "UPDATE notification_deliveries SET kind = $3, comment_id = COALESCE($4, comment_id), actors = $5, \
                 happened = happened + 1 WHERE workspace_id = $1 AND id = $2"
            );
            let actors = actors_of(&found.actors, new.actor);
            let values = args![found.id, new.kind, new.comment_id, actors];
            return self.execute(join, values).await.map(|_| ());
        }
        let sql = tenant_sql!(
            "INSERT INTO notification_deliveries (workspace_id, id, notification_id, user_id, channel, kind, \
             comment_id, actors, happened, status, due_at_ms, created_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 'pending', $9, $10)"
        );
        let values = args![
            Uuid::now_v7(),
            new.notification_id,
            new.user_id,
            way,
            new.kind,
            new.comment_id,
            actors_of(&[], new.actor),
            new.due_at_ms,
            new.now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Takes what is due for somebody at `now_ms`, at most `limit`, the oldest first. Until `until_ms` nobody else does.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn claim_notification_deliveries(
        &mut self,
        (user, way): (Uuid, NotificationWay),
        claim: Uuid,
        (now_ms, until_ms): (i64, i64),
        limit: u32,
    ) -> Result<Vec<NotificationDelivery>, RecordError> {
        let sql = tenant_sql!(
            "UPDATE notification_deliveries SET claim = $4, due_at_ms = $6, attempts = attempts + 1 \
             WHERE workspace_id = $1 AND id IN (SELECT o.id FROM notification_deliveries o WHERE o.workspace_id = $1 \
             AND o.user_id = $2 AND o.channel = $3 AND o.status = 'pending' AND o.due_at_ms <= $5 \
             ORDER BY o.id LIMIT $7) RETURNING ",
            columns!()
        );
        let values = args![user, way.as_str(), claim, now_ms, until_ms, limit];
        let mut claimed: Vec<NotificationDelivery> = self.all(sql, values).await?;
        claimed.sort_by_key(|delivery| delivery.id);
        Ok(claimed)
    }

    /// Writes what came of a delivery. Whether its claim still stood; if not, nothing is written.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn finish_notification_delivery(
        &mut self,
        id: Uuid,
        claim: Uuid,
        result: NotificationDeliveryResult<'_>,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        use NotificationDeliveryResult as Result;
        let (status, due, error) = match result {
            Result::Sent => ("sent", None, None),
            Result::Cancelled => ("cancelled", None, None),
            Result::Suppressed(why) => ("suppressed", None, Some(why)),
            Result::Failed(why) => ("failed", None, Some(why)),
            Result::Again(at, why) => ("pending", Some(at), Some(why)),
            Result::Postponed(at) => return self.postpone_notification_delivery(id, claim, at).await,
        };
        let sql = tenant_sql!(
            "UPDATE notification_deliveries SET status = $4, due_at_ms = COALESCE($5, due_at_ms), error = $6, \
             finished_at_ms = $7, claim = NULL WHERE workspace_id = $1 AND id = $2 AND claim = $3"
        );
        let error: Option<String> = error.map(|why| why.chars().take(MAX_ERROR).collect());
        let finished = due.is_none().then_some(now_ms);
        let values = args![id, claim, status, due, error, finished];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// As if it had not been taken. Only in the transaction that took it: after that another one may wait for the thread.
    async fn postpone_notification_delivery(
        &mut self,
        id: Uuid,
        claim: Uuid,
        at_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE notification_deliveries SET due_at_ms = $4, attempts = attempts - 1, claim = NULL \
             WHERE workspace_id = $1 AND id = $2 AND claim = $3"
        );
        Ok(self.execute(sql, args![id, claim, at_ms]).await? > 0)
    }
}
