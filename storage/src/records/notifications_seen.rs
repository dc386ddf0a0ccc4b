//! What somebody finds in their inbox: only what they may see at this moment.
//!
//! Invariant: a row about a document comes out exactly if its reader sees the document as `visible` has it; one about a
//! request for access if they may share it. What they may
//! no longer see is neither listed nor counted, and is there again when the right comes back.

use uuid::Uuid;

use super::error::RecordError;
use super::notification_rows::{Notification, NotificationCount, NotificationState, notification_columns};
use super::span::{Span, cross_span, span};
use super::statement::CrossTenantSql;
use super::tx::Tx;
use super::value::args;
use super::visible::{is_permitted, may_share};
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// Which rows of somebody are asked for.
#[derive(Debug, Clone, Copy)]
pub struct NotificationFilter {
    /// Whose.
    pub user: Uuid,
    /// Only those of this workspace.
    pub workspace: Option<WorkspaceId>,
    /// Which.
    pub state: NotificationState,
}

const REASON: &str = "an inbox is its reader's, in whichever workspaces they are";

macro_rules! from_shown {
    () => {
        " FROM notifications n \
         JOIN workspaces w ON w.workspace_id = n.workspace_id AND w.deleted_at_ms IS NULL \
         JOIN workspace_members m ON m.workspace_id = n.workspace_id AND m.user_id = n.user_id \
         LEFT JOIN project_documents d ON d.workspace_id = n.workspace_id AND d.id = n.document_id \
         LEFT JOIN projects p ON p.workspace_id = n.workspace_id AND p.id = COALESCE(d.project_id, n.project_id) \
         LEFT JOIN teams t ON t.workspace_id = n.workspace_id AND t.id = COALESCE(p.team_id, n.team_id) \
         LEFT JOIN team_members tm ON tm.workspace_id = t.workspace_id AND tm.team_id = t.id \
         AND tm.user_id = m.user_id AND t.deleted_at_ms IS NULL \
         LEFT JOIN project_members pm ON pm.workspace_id = p.workspace_id AND pm.project_id = p.id \
         AND pm.user_id = m.user_id \
         LEFT JOIN document_shares s ON s.workspace_id = n.workspace_id AND s.document_id = d.id \
         AND s.user_id = m.user_id"
    };
}

macro_rules! is_shown {
    () => {
        concat!(
            "(n.subject_kind IN ('workspace', 'account') \
             OR (n.subject_kind IN ('task', 'document') AND d.deleted_at_ms IS NULL AND p.deleted_at_ms IS NULL \
             AND d.id IS NOT NULL AND ",
            is_permitted!(),
            " AND (n.kind <> 'access_requested' OR ",
            may_share!(),
            ")) OR (n.subject_kind = 'project' AND p.id IS NOT NULL AND p.deleted_at_ms IS NULL AND ",
            is_permitted!(),
            ") OR (n.subject_kind = 'team' AND t.id IS NOT NULL AND t.deleted_at_ms IS NULL \
             AND (m.role IN ('owner', 'admin', 'manager') OR tm.role IS NOT NULL)) \
             OR (n.subject_kind = 'webhook_endpoint' AND m.role IN ('owner', 'admin')))"
        )
    };
}

/// `$1` is the reader, `$6` the workspace, `$7` the state.
macro_rules! is_asked_for {
    () => {
        concat!(
            " WHERE n.user_id = $1 AND ($6 IS NULL OR n.workspace_id = $6) AND CASE $7 \
             WHEN 'archived' THEN n.archived_at_ms IS NOT NULL \
             WHEN 'snoozed' THEN n.archived_at_ms IS NULL AND n.snoozed_until_ms IS NOT NULL \
             ELSE n.archived_at_ms IS NULL AND n.snoozed_until_ms IS NULL \
             AND ($7 = 'inbox' OR n.read_at_ms IS NULL) END AND ",
            is_shown!()
        )
    };
}

impl Tx {
    /// Somebody's rows in the order in which something last happened.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notifications_seen(
        &mut self,
        filter: NotificationFilter,
        span: &Span,
    ) -> Result<Vec<Notification>, RecordError> {
        let sql = cross_span!(
            span,
            REASON,
            "n.updated_at_ms",
            "n.id",
            "SELECT ",
            notification_columns!(),
            from_shown!(),
            is_asked_for!()
        );
        let mut values = args![filter.user];
        values.extend(span.by_number());
        values.extend(args![filter.workspace.map(|id| id.0), filter.state.name()]);
        self.all_across(sql, values).await
    }

    /// How many they are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_notifications_seen(&mut self, filter: NotificationFilter) -> Result<i64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            REASON,
            // The parameters of the span are named, so that both statements have the same ones.
            concat!(
                "SELECT count(*) AS n",
                from_shown!(),
                is_asked_for!(),
                " AND ($2 IS NULL AND $3 IS NULL AND $4 >= 0 AND $5 >= 0)"
            ),
        );
        let mut values = args![filter.user];
        values.extend(Span::first(0).by_number());
        values.extend(args![filter.workspace.map(|id| id.0), filter.state.name()]);
        let count: Option<Count> = self.one_across(SQL, values).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// A row of somebody's, if they may see it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notification_seen(
        &mut self,
        user: Uuid,
        id: Uuid,
    ) -> Result<Option<Notification>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            REASON,
            concat!(
                "SELECT ",
                notification_columns!(),
                from_shown!(),
                " WHERE n.user_id = $1 AND n.id = $2 AND ",
                is_shown!()
            ),
        );
        self.one_across(SQL, args![user, id]).await
    }

    /// Somebody's rows that changed behind `position`, in the order of their last changes.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notifications_after(
        &mut self,
        user: Uuid,
        workspace: Option<WorkspaceId>,
        position: i64,
        limit: u32,
    ) -> Result<Vec<Notification>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            REASON,
            concat!(
                "SELECT ",
                notification_columns!(),
                from_shown!(),
                " WHERE n.user_id = $1 AND ($2 IS NULL OR n.workspace_id = $2) AND n.position > $3 AND ",
                is_shown!(),
                " ORDER BY n.position LIMIT $4"
            ),
        );
        let workspace = workspace.map(|id| id.0);
        self.all_across(SQL, args![user, workspace, position, limit])
            .await
    }

    /// How much is new to somebody, in each workspace where something is. Where the counters say that nothing is, nobody
    /// looks.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn notification_counts(
        &mut self,
        user: Uuid,
        workspace: Option<WorkspaceId>,
    ) -> Result<Vec<NotificationCount>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            REASON,
            concat!(
                "SELECT n.workspace_id, count(CASE WHEN n.read_at_ms IS NULL THEN 1 END) AS unread, \
                 count(CASE WHEN n.seen_at_ms IS NULL THEN 1 END) AS unseen",
                from_shown!(),
                " JOIN notification_counters c ON c.workspace_id = n.workspace_id AND c.user_id = n.user_id \
                 AND (c.unread > 0 OR c.unseen > 0) \
                 WHERE n.user_id = $1 AND ($2 IS NULL OR n.workspace_id = $2) AND n.archived_at_ms IS NULL \
                 AND n.snoozed_until_ms IS NULL AND (n.read_at_ms IS NULL OR n.seen_at_ms IS NULL) AND ",
                is_shown!(),
                " GROUP BY n.workspace_id ORDER BY n.workspace_id"
            ),
        );
        self.all_across(SQL, args![user, workspace.map(|id| id.0)]).await
    }
}
