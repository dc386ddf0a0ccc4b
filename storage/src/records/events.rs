//! What happened in a workspace, in one gapless sequence.
//!
//! Invariant: a place in the sequence is given out under a lock that is held until the commit, so that whoever has read
//! up to a place has missed nothing before it. Events of boards' edits are written by the log's commit, all others with
//! [`Tenant::record_event`].

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{TenantSql, tenant_sql};
use super::tenant::Tenant;
use super::value::{Value, args};
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where.
    pub workspace: WorkspaceId,
    /// Its place in the workspace's sequence, from 1 without a gap.
    pub seq: i64,
    /// Its id, by which receivers know it again.
    pub id: Uuid,
    /// What happened, such as `task.moved`.
    pub kind: String,
    /// The team that it is about, if it is about no project.
    pub team_id: Option<Uuid>,
    /// The project that it is about or that was the board's then.
    pub project_id: Option<Uuid>,
    /// The document that it is about.
    pub document_id: Option<Uuid>,
    /// The task that it is about.
    pub task_id: Option<Uuid>,
    /// That task's card in its document.
    pub card: Option<String>,
    /// Whose doing it was, as far as that is known: an account.
    pub actor: Option<Uuid>,
    /// What else is to be said, a JSON object. Empty once what the event is about was removed for good.
    pub data: String,
    /// When it was committed, in milliseconds since 1970.
    pub created_at_ms: i64,
}

/// An event of a change of records.
#[derive(Debug, Clone, Copy)]
pub struct NewWorkspaceEvent<'a> {
    /// Its id.
    pub id: Uuid,
    /// What happened, such as `comment.created`.
    pub kind: &'a str,
    /// The team that it is about, if it is about no project.
    pub team_id: Option<Uuid>,
    /// The project that it is about, or the project of the document.
    pub project_id: Option<Uuid>,
    /// The document that it is about.
    pub document_id: Option<Uuid>,
    /// The task that it is about.
    pub task_id: Option<Uuid>,
    /// That task's card in its document.
    pub card: Option<&'a str>,
    /// Whose doing it was.
    pub actor: Option<Uuid>,
    /// What else is to be said, a JSON object.
    pub data: &'a str,
    /// Now.
    pub now_ms: i64,
}

impl NewWorkspaceEvent<'_> {
    /// The event, once it has its place.
    pub fn into_event(self, workspace: WorkspaceId, seq: i64) -> Event {
        Event {
            workspace,
            seq,
            id: self.id,
            kind: self.kind.to_owned(),
            team_id: self.team_id,
            project_id: self.project_id,
            document_id: self.document_id,
            task_id: self.task_id,
            card: self.card.map(str::to_owned),
            actor: self.actor,
            data: self.data.to_owned(),
            created_at_ms: self.now_ms,
        }
    }
}

/// Which events are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventFilter<'a> {
    /// Only those of these kinds. Empty: all.
    pub kinds: &'a [&'a str],
    /// Only those about this project and what is in it.
    pub project: Option<Uuid>,
    /// Only those about this document and its tasks.
    pub document: Option<Uuid>,
    /// Only those about this task.
    pub task: Option<Uuid>,
}

/// Which part of the sequence is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSpan {
    /// What follows this place; `None` from the start, or the end if reversed.
    pub after: Option<i64>,
    /// How many at most.
    pub limit: u32,
    /// Whether the newest come first.
    pub is_reversed: bool,
}

impl EventSpan {
    /// What happened after `seq`, oldest first.
    pub fn after(seq: i64, limit: u32) -> Self {
        Self {
            after: Some(seq),
            limit,
            is_reversed: false,
        }
    }

    /// The last events, newest first.
    pub fn newest(limit: u32) -> Self {
        Self {
            after: None,
            limit,
            is_reversed: true,
        }
    }
}

impl FromRow for Event {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            seq: row.get("seq")?,
            id: row.get("id")?,
            kind: row.get("kind")?,
            team_id: row.get("team_id")?,
            project_id: row.get("project_id")?,
            document_id: row.get("document_id")?,
            task_id: row.get("task_id")?,
            card: row.get("card_id")?,
            actor: row.get("actor_user_id")?,
            data: row.get("data")?,
            created_at_ms: row.get("created_at_ms")?,
        })
    }
}

macro_rules! columns {
    () => {
        "e.workspace_id, e.seq, e.id, e.kind, e.team_id, e.project_id, e.document_id, e.task_id, e.card_id, \
         e.actor_user_id, e.data, e.created_at_ms"
    };
}

/// `$2` to `$7`: place, limit, kinds, project, document, task.
macro_rules! part {
    ($direction:ident, $($from:expr),+) => {
        tenant_sql!(
            "SELECT ",
            columns!(),
            $($from),+,
            " AND ($4 IS NULL OR $4 LIKE '%,' || e.kind || ',%')",
            follows!($direction)
        )
    };
}

macro_rules! follows {
    (ascending) => {
        " AND e.seq > COALESCE($2, 0) ORDER BY e.seq LIMIT $3"
    };
    (descending) => {
        " AND e.seq < COALESCE($2, 9223372036854775807) ORDER BY e.seq DESC LIMIT $3"
    };
}

/// The narrowest of the conditions stands alone, so that its index serves it.
macro_rules! about {
    (task) => {
        " AND e.task_id = $7 AND ($6 IS NULL OR e.document_id = $6) AND ($5 IS NULL OR e.project_id = $5)"
    };
    (document) => {
        " AND e.document_id = $6 AND ($5 IS NULL OR e.project_id = $5) AND $7 IS NULL"
    };
    (project) => {
        " AND e.project_id = $5 AND $6 IS NULL AND $7 IS NULL"
    };
    (anything) => {
        " AND $5 IS NULL AND $6 IS NULL AND $7 IS NULL"
    };
}

macro_rules! statement {
    ($filter:expr, $direction:ident, $from:ident) => {
        match ($filter.task, $filter.document, $filter.project) {
            (Some(_), _, _) => part!($direction, $from!(), about!(task)),
            (None, Some(_), _) => part!($direction, $from!(), about!(document)),
            (None, None, Some(_)) => part!($direction, $from!(), about!(project)),
            (None, None, None) => part!($direction, $from!(), about!(anything)),
        }
    };
}

macro_rules! from_all {
    () => {
        " FROM events e WHERE e.workspace_id = $1"
    };
}

/// What `$8` sees: as `visible` has it for documents and `projects` for projects, except that the trash does not count,
/// so that they hear that something was put there. What is about a team alone is seen by those who see the team, who was
/// invited by those who may invite (they hear of webhook endpoints, too), with whom something is shared by those who may share it, and what belongs to nothing
/// in particular by all but guests.
macro_rules! from_seen {
    () => {
        " FROM events e \
         JOIN workspace_members m ON m.workspace_id = e.workspace_id AND m.user_id = $8 \
         LEFT JOIN project_documents d ON d.workspace_id = e.workspace_id AND d.id = e.document_id \
         LEFT JOIN projects p ON p.workspace_id = e.workspace_id AND p.id = COALESCE(d.project_id, e.project_id) \
         LEFT JOIN teams t ON t.workspace_id = e.workspace_id AND t.id = COALESCE(p.team_id, e.team_id) \
         AND (t.deleted_at_ms IS NULL OR p.id IS NULL) \
         LEFT JOIN team_members tm \
         ON tm.workspace_id = t.workspace_id AND tm.team_id = t.id AND tm.user_id = m.user_id \
         LEFT JOIN project_members pm \
         ON pm.workspace_id = p.workspace_id AND pm.project_id = p.id AND pm.user_id = m.user_id \
         LEFT JOIN document_shares s \
         ON s.workspace_id = e.workspace_id AND s.document_id = e.document_id AND s.user_id = m.user_id \
         WHERE e.workspace_id = $1 AND (m.role IN ('owner', 'admin') OR s.role IS NOT NULL \
         OR (m.role IN ('manager', 'member') AND (pm.role IS NOT NULL OR tm.role IS NOT NULL \
         OR (e.project_id IS NULL AND e.document_id IS NULL \
         AND (m.role = 'manager' OR (e.team_id IS NULL AND e.kind NOT IN ('member.invited', 'endpoint.disabled'))))))) \
         AND (e.kind NOT IN ('document.shared', 'document.unshared', 'document.access_requested', \
         'document.access_declined') OR m.role IN ('owner', 'admin') \
         OR s.role = 'owner' \
         OR (m.role IN ('manager', 'member') AND (pm.role = 'owner' OR tm.role = 'admin')))"
    };
}

impl EventFilter<'_> {
    /// `$2` to `$7`.
    fn values(&self, span: EventSpan) -> Vec<Value> {
        let kinds = (!self.kinds.is_empty()).then(|| format!(",{},", self.kinds.join(",")));
        args![
            span.after,
            span.limit,
            kinds,
            self.project,
            self.document,
            self.task
        ]
    }
}

impl Tenant<'_> {
    /// Writes an event into the workspace's sequence and returns its place. To be the last write of the transaction:
    /// until it ends, nobody else writes an event of this workspace, and edits of boards wait.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if there is an event with this id; a failure of the database.
    pub async fn record_event(&mut self, new: NewWorkspaceEvent<'_>) -> Result<i64, RecordError> {
        let next = tenant_sql!(
            "INSERT INTO workspace_sequences (workspace_id, event_seq) VALUES ($1, 1) \
             ON CONFLICT (workspace_id) DO UPDATE SET event_seq = workspace_sequences.event_seq + 1 \
             RETURNING event_seq AS n"
        );
        let next: Option<Count> = self.one(next, Vec::new()).await?;
        let seq = next.ok_or(RecordError::unreadable("event_seq"))?.0;
        let sql = tenant_sql!(
            "INSERT INTO events (workspace_id, seq, id, kind, project_id, document_id, task_id, card_id, \
             actor_user_id, data, created_at_ms, team_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        );
        let values = args![
            seq,
            new.id,
            new.kind,
            new.project_id,
            new.document_id,
            new.task_id,
            new.card,
            new.actor,
            new.data,
            new.now_ms,
            new.team_id
        ];
        self.execute(sql, values).await?;
        self.tx().note_events();
        Ok(seq)
    }

    /// Events of the workspace, whoever may see them: each says which project and document it is about.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn events(
        &mut self,
        filter: &EventFilter<'_>,
        span: EventSpan,
    ) -> Result<Vec<Event>, RecordError> {
        let sql = if span.is_reversed {
            statement!(filter, descending, from_all)
        } else {
            statement!(filter, ascending, from_all)
        };
        self.all(sql, filter.values(span)).await
    }

    /// Events of the workspace that `user` sees.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn events_seen(
        &mut self,
        user: Uuid,
        filter: &EventFilter<'_>,
        span: EventSpan,
    ) -> Result<Vec<Event>, RecordError> {
        let sql = if span.is_reversed {
            statement!(filter, descending, from_seen)
        } else {
            statement!(filter, ascending, from_seen)
        };
        let mut values = filter.values(span);
        values.extend(args![user]);
        self.all(sql, values).await
    }

    /// An event of the workspace.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn event(&mut self, id: Uuid) -> Result<Option<Event>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            " FROM events e WHERE e.workspace_id = $1 AND e.id = $2"
        );
        self.one(sql, args![id]).await
    }

    /// An event of the workspace, if `user` sees it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn event_seen(&mut self, user: Uuid, id: Uuid) -> Result<Option<Event>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            from_seen!(),
            " AND e.id = $2 AND ($3 IS NULL AND $4 IS NULL AND $5 IS NULL AND $6 IS NULL AND $7 IS NULL)"
        );
        let nothing: Option<Uuid> = None;
        self.one(sql, args![id, nothing, nothing, nothing, nothing, nothing, user])
            .await
    }

    /// The place of the last event; 0 if there is none.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn last_event_seq(&mut self) -> Result<i64, RecordError> {
        let sql = tenant_sql!("SELECT event_seq AS n FROM workspace_sequences WHERE workspace_id = $1");
        let last: Option<Count> = self.one(sql, Vec::new()).await?;
        Ok(last.map_or(0, |last| last.0))
    }

    /// Empties what events say of a comment that was deleted, by what they have it as in their data; their places stay.
    pub(super) async fn silence_comment(&mut self, document: Uuid, comment: Uuid) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "UPDATE events SET data = '{}' WHERE workspace_id = $1 AND document_id = $2 \
             AND kind IN ('comment.created', 'comment.updated') AND data LIKE $3"
        );
        let named = format!("%\"comment_id\":\"{comment}\"%");
        self.execute(sql, args![document, named]).await.map(|_| ())
    }

    /// Empties what events say about something that is removed for good; their places stay.
    pub(super) async fn silence_events(&mut self, document: Uuid) -> Result<(), RecordError> {
        let sql: TenantSql = tenant_sql!(
            "UPDATE events SET data = '{}' WHERE workspace_id = $1 AND document_id = $2 AND data <> '{}'"
        );
        self.execute(sql, args![document]).await.map(|_| ())
    }
}
