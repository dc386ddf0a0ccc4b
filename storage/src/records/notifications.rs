//! Inboxes: what people are told of a workspace, one row for each thread that grows while more happens there.
//!
//! Invariant: whoever writes rows calls [`Tenant::settle_notifications`] for their readers before the commit, so that
//! counters are always those of the rows, and every change has a place in what its reader hears of.

use uuid::Uuid;

use super::error::RecordError;
use super::notification_rows::{
    NewNotification, Notification, NotificationCount, NotificationMarks, NotificationPlace,
    notification_columns,
};
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, global_sql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// How many of those whose doing it was a row names.
const MAX_ACTORS: usize = 5;

/// A workspace whose events were not all looked at.
struct Behind(WorkspaceId);

impl FromRow for Behind {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self(WorkspaceId(row.get("workspace_id")?)))
    }
}

impl Tx {
    /// Workspaces with events that were not looked at, at most `limit`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notification_work(&mut self, limit: u32) -> Result<Vec<WorkspaceId>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "people are told what happens in all workspaces",
            "SELECT s.workspace_id FROM workspace_sequences s \
             JOIN workspaces w ON w.workspace_id = s.workspace_id AND w.deleted_at_ms IS NULL \
             LEFT JOIN notification_cursors c ON c.workspace_id = s.workspace_id \
             WHERE s.event_seq > COALESCE(c.event_seq, 0) ORDER BY s.workspace_id LIMIT $1",
        );
        let found: Vec<Behind> = self.all_across(SQL, args![limit]).await?;
        Ok(found.into_iter().map(|behind| behind.0).collect())
    }

    /// Rows that were put off until `now_ms` or before, at most `limit`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notifications_to_wake(
        &mut self,
        now_ms: i64,
        limit: u32,
    ) -> Result<Vec<NotificationPlace>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "what was put off comes back in all workspaces",
            "SELECT n.workspace_id, n.id, n.user_id FROM notifications n WHERE n.snoozed_until_ms <= $1 \
             ORDER BY n.snoozed_until_ms, n.id LIMIT $2",
        );
        self.all_across(SQL, args![now_ms, limit]).await
    }

    /// Rows about which nothing happened since `read_before_ms`, if they are read, or `before_ms`; at most `limit`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notifications_to_forget(
        &mut self,
        read_before_ms: i64,
        before_ms: i64,
        limit: u32,
    ) -> Result<Vec<NotificationPlace>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "what is old is cleared away in all workspaces",
            "SELECT n.workspace_id, n.id, n.user_id FROM notifications n WHERE n.updated_at_ms < $1 \
             AND (n.read_at_ms IS NOT NULL OR n.updated_at_ms < $2) ORDER BY n.updated_at_ms, n.id LIMIT $3",
        );
        self.all_across(SQL, args![read_before_ms, before_ms, limit])
            .await
    }

    /// The last place in what somebody hears of; 0 if that is nothing.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notification_position(&mut self, user: Uuid) -> Result<i64, RecordError> {
        let sql = global_sql!("SELECT position AS n FROM notification_positions WHERE user_id = $1");
        let last: Option<Count> = self.one(sql, args![user]).await?;
        Ok(last.map_or(0, |last| last.0))
    }

    /// Gives out the next place. Until the transaction ends nobody else gives one to the same person.
    async fn next_notification_position(&mut self, user: Uuid) -> Result<i64, RecordError> {
        let sql = global_sql!(
            "INSERT INTO notification_positions (user_id, position) VALUES ($1, 1) \
             ON CONFLICT (user_id) DO UPDATE SET position = notification_positions.position + 1 \
             RETURNING position AS n"
        );
        let next: Option<Count> = self.one(sql, args![user]).await?;
        Ok(next.ok_or(RecordError::unreadable("position"))?.0)
    }
}

impl Tenant<'_> {
    /// The place of the last event that was looked at; 0 before the first.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notification_cursor(&mut self) -> Result<i64, RecordError> {
        let sql = tenant_sql!("SELECT event_seq AS n FROM notification_cursors WHERE workspace_id = $1");
        let cursor: Option<Count> = self.one(sql, args![]).await?;
        Ok(cursor.map_or(0, |cursor| cursor.0))
    }

    /// Notes that everything up to `seq` was looked at. Only in the transaction that wrote the rows of it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn move_notification_cursor(&mut self, seq: i64) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO notification_cursors (workspace_id, event_seq) VALUES ($1, $2) \
             ON CONFLICT (workspace_id) DO UPDATE SET event_seq = $2 WHERE notification_cursors.event_seq < $2"
        );
        self.execute(sql, args![seq]).await.map(|_| ())
    }

    /// Puts something into somebody's inbox: a new row, or one more thing in the row of its thread, which comes back as
    /// new. The id of the row. To be settled.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if they are not in the workspace, or the document is gone; a failure of the database.
    pub async fn put_notification(&mut self, new: &NewNotification<'_>) -> Result<Uuid, RecordError> {
        let find = tenant_sql!(
            "SELECT ",
            notification_columns!(),
            " FROM notifications n WHERE n.workspace_id = $1 AND n.user_id = $2 AND n.thread_key = $3"
        );
        let found: Option<Notification> = self.one(find, args![new.user_id, new.thread_key]).await?;
        let (kind, subject) = new.subject.key();
        let Some(found) = found else {
            let id = Uuid::now_v7();
            let sql = tenant_sql!(
                "INSERT INTO notifications (workspace_id, id, user_id, thread_key, kind, subject_kind, subject_id, \
                 team_id, project_id, document_id, comment_id, actors, happened, last_seq, position, created_at_ms, \
                 updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, 0, $14, $14)"
            );
            let values = args![
                id,
                new.user_id,
                new.thread_key,
                new.kind,
                kind,
                subject,
                new.team_id,
                new.project_id,
                new.document_id,
                new.comment_id,
                actors_of(&[], new.actor),
                new.seq,
                new.now_ms
            ];
            self.execute(sql, values).await?;
            return Ok(id);
        };
        // What was read or put away begins anew.
        let is_new = found.marks.read_at_ms.is_none() && found.marks.archived_at_ms.is_none();
        let known: &[Uuid] = if is_new { &found.actors } else { &[] };
        let happened = if is_new { found.happened + 1 } else { 1 };
        let sql = tenant_sql!(
            "UPDATE notifications SET kind = $3, subject_kind = $4, subject_id = $5, team_id = $6, project_id = $7, \
             document_id = $8, comment_id = COALESCE($9, comment_id), actors = $10, happened = $11, last_seq = $12, \
             updated_at_ms = $13, seen_at_ms = NULL, read_at_ms = NULL, archived_at_ms = NULL, snoozed_until_ms = NULL, \
             version = version + 1 WHERE workspace_id = $1 AND id = $2"
        );
        let values = args![
            found.id,
            new.kind,
            kind,
            subject,
            new.team_id,
            new.project_id,
            new.document_id,
            new.comment_id,
            actors_of(known, new.actor),
            happened,
            new.seq,
            new.now_ms.max(found.updated_at_ms)
        ];
        self.execute(sql, values).await?;
        Ok(found.id)
    }

    /// Whether somebody was told something in a thread after `since_ms`, and has read it or put it away.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn was_told_since(
        &mut self,
        (user, thread_key): (Uuid, &str),
        since_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "SELECT count(*) AS n FROM notifications WHERE workspace_id = $1 AND user_id = $2 AND thread_key = $3 \
             AND updated_at_ms > $4 AND (read_at_ms IS NOT NULL OR archived_at_ms IS NOT NULL)"
        );
        let count: Option<Count> = self.one(sql, args![user, thread_key, since_ms]).await?;
        Ok(count.is_some_and(|count| count.0 > 0))
    }

    /// Gives each of the changed rows of somebody its place, and counts anew what is new to them. Without rows the place
    /// says that many changed. Whoever settles for several people does so in the order of their ids, as the last thing of
    /// the transaction: two that waited for each other would never end.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn settle_notifications(&mut self, user: Uuid, changed: &[Uuid]) -> Result<(), RecordError> {
        if changed.is_empty() {
            self.tx().next_notification_position(user).await?;
        }
        for id in changed {
            let position = self.tx().next_notification_position(user).await?;
            let sql =
                tenant_sql!("UPDATE notifications SET position = $3 WHERE workspace_id = $1 AND id = $2");
            self.execute(sql, args![*id, position]).await?;
        }
        let sql = tenant_sql!(
            "INSERT INTO notification_counters (workspace_id, user_id, unread, unseen) \
             SELECT $1, $2, count(CASE WHEN n.read_at_ms IS NULL THEN 1 END), \
             count(CASE WHEN n.seen_at_ms IS NULL THEN 1 END) FROM notifications n \
             WHERE n.workspace_id = $1 AND n.user_id = $2 AND n.archived_at_ms IS NULL \
             AND n.snoozed_until_ms IS NULL AND (n.read_at_ms IS NULL OR n.seen_at_ms IS NULL) \
             ON CONFLICT (workspace_id, user_id) DO UPDATE SET unread = excluded.unread, unseen = excluded.unseen"
        );
        self.execute(sql, args![user]).await.map(|_| ())
    }

    /// What the counters say of somebody: unread and unseen rows, whether they may see them or not.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notification_counter(&mut self, user: Uuid) -> Result<NotificationCount, RecordError> {
        let sql = tenant_sql!(
            "SELECT workspace_id, unread, unseen FROM notification_counters WHERE workspace_id = $1 AND user_id = $2"
        );
        let workspace = self.id();
        let found: Option<NotificationCount> = self.one(sql, args![user]).await?;
        Ok(found.unwrap_or(NotificationCount {
            workspace,
            unread: 0,
            unseen: 0,
        }))
    }

    /// Writes what a reader has done with a row. To be settled.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn mark_notification(&mut self, id: Uuid, marks: NotificationMarks) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE notifications SET seen_at_ms = $3, read_at_ms = $4, archived_at_ms = $5, snoozed_until_ms = $6, \
             version = version + 1 WHERE workspace_id = $1 AND id = $2"
        );
        let values = args![
            id,
            marks.seen_at_ms,
            marks.read_at_ms,
            marks.archived_at_ms,
            marks.snoozed_until_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Marks as read what everybody was told of a request for access, because it was decided. The rows that were not read.
    /// To be settled.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn read_access_notifications(
        &mut self,
        thread_key: &str,
        now_ms: i64,
    ) -> Result<Vec<NotificationPlace>, RecordError> {
        let sql = tenant_sql!(
            "UPDATE notifications SET read_at_ms = $3, seen_at_ms = COALESCE(seen_at_ms, $3), version = version + 1 \
             WHERE workspace_id = $1 AND thread_key = $2 AND kind = 'access_requested' AND read_at_ms IS NULL \
             RETURNING workspace_id, id, user_id"
        );
        self.all(sql, args![thread_key, now_ms]).await
    }

    /// Marks everything in somebody's inbox as read that came at `until_ms` or before. How much that was. To be settled.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn read_notifications(
        &mut self,
        user: Uuid,
        until_ms: i64,
        now_ms: i64,
    ) -> Result<u64, RecordError> {
        let sql = tenant_sql!(
            "UPDATE notifications SET read_at_ms = $4, seen_at_ms = COALESCE(seen_at_ms, $4), version = version + 1 \
             WHERE workspace_id = $1 AND user_id = $2 AND updated_at_ms <= $3 AND read_at_ms IS NULL \
             AND archived_at_ms IS NULL AND snoozed_until_ms IS NULL"
        );
        self.execute(sql, args![user, until_ms, now_ms]).await
    }

    /// The same as seen.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn see_notifications(
        &mut self,
        user: Uuid,
        until_ms: i64,
        now_ms: i64,
    ) -> Result<u64, RecordError> {
        let sql = tenant_sql!(
            "UPDATE notifications SET seen_at_ms = $4, version = version + 1 \
             WHERE workspace_id = $1 AND user_id = $2 AND updated_at_ms <= $3 AND seen_at_ms IS NULL \
             AND archived_at_ms IS NULL AND snoozed_until_ms IS NULL"
        );
        self.execute(sql, args![user, until_ms, now_ms]).await
    }

    /// Has a row come back that was put off until `now_ms` or before. Whether it was. To be settled.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn wake_notification(&mut self, id: Uuid, now_ms: i64) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE notifications SET snoozed_until_ms = NULL, seen_at_ms = NULL, read_at_ms = NULL, \
             version = version + 1 WHERE workspace_id = $1 AND id = $2 AND snoozed_until_ms <= $3"
        );
        Ok(self.execute(sql, args![id, now_ms]).await? > 0)
    }

    /// Removes a row for good. To be settled.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn forget_notification(&mut self, id: Uuid) -> Result<(), RecordError> {
        let sql = tenant_sql!("DELETE FROM notifications WHERE workspace_id = $1 AND id = $2");
        self.execute(sql, args![id]).await.map(|_| ())
    }

    /// Removes all rows about a document and its tasks, and counts anew for everybody who had one.
    pub(super) async fn forget_notifications_about(&mut self, document: Uuid) -> Result<(), RecordError> {
        let find = tenant_sql!(
            "SELECT n.workspace_id, n.id, n.user_id FROM notifications n \
             WHERE n.workspace_id = $1 AND n.document_id = $2 ORDER BY n.user_id"
        );
        let found: Vec<NotificationPlace> = self.all(find, args![document]).await?;
        let sql = tenant_sql!("DELETE FROM notifications WHERE workspace_id = $1 AND document_id = $2");
        self.execute(sql, args![document]).await?;
        for places in found.chunk_by(|one, other| one.user_id == other.user_id) {
            if let Some(place) = places.first() {
                self.settle_notifications(place.user_id, &[]).await?;
            }
        }
        Ok(())
    }
}

/// The ids of the last ones, the newest first, as the column has them.
pub(super) fn actors_of(known: &[Uuid], newest: Option<Uuid>) -> String {
    let mut all: Vec<Uuid> = newest.into_iter().collect();
    all.extend(known.iter().filter(|id| Some(**id) != newest));
    all.truncate(MAX_ACTORS);
    let all: Vec<_> = all.iter().map(Uuid::to_string).collect();
    all.join(",")
}
