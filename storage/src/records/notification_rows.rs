//! What a row of an inbox is.
//!
//! Invariant: a row holds ids and places, never texts: what it says is made when it is read.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use crate::model::WorkspaceId;

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationSubject {
    /// A task of a board.
    Task(Uuid),
    /// A document or board.
    Document(Uuid),
    /// The workspace.
    Workspace(Uuid),
    /// A project.
    Project(Uuid),
    /// A team.
    Team(Uuid),
    /// A webhook endpoint.
    WebhookEndpoint(Uuid),
    /// The account itself.
    Account(Uuid),
}

impl NotificationSubject {
    /// Its sort, as rows have it, and its id.
    pub fn key(self) -> (&'static str, Uuid) {
        match self {
            Self::Task(id) => ("task", id),
            Self::Document(id) => ("document", id),
            Self::Workspace(id) => ("workspace", id),
            Self::Project(id) => ("project", id),
            Self::Team(id) => ("team", id),
            Self::WebhookEndpoint(id) => ("webhook_endpoint", id),
            Self::Account(id) => ("account", id),
        }
    }

    fn parse(kind: &str, id: Uuid) -> Option<Self> {
        Some(match kind {
            "task" => Self::Task(id),
            "document" => Self::Document(id),
            "workspace" => Self::Workspace(id),
            "project" => Self::Project(id),
            "team" => Self::Team(id),
            "webhook_endpoint" => Self::WebhookEndpoint(id),
            "account" => Self::Account(id),
            _ => return None,
        })
    }
}

/// What a reader has done with a row; times in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotificationMarks {
    /// When they saw it in a list.
    pub seen_at_ms: Option<i64>,
    /// When they read it.
    pub read_at_ms: Option<i64>,
    /// When they put it away.
    pub archived_at_ms: Option<i64>,
    /// Until when they put it off.
    pub snoozed_until_ms: Option<i64>,
}

/// A row of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// Whose inbox it is in.
    pub user_id: Uuid,
    /// Its type: that of what happened last.
    pub kind: String,
    /// What it is about.
    pub subject: NotificationSubject,
    /// The project of that, or the project itself.
    pub project_id: Option<Uuid>,
    /// The document of that, or the document itself.
    pub document_id: Option<Uuid>,
    /// The comment that was written last, if it is about one.
    pub comment_id: Option<Uuid>,
    /// Whose doing it was: at most five, the last one first.
    pub actors: Vec<Uuid>,
    /// How much happened since it was last read.
    pub happened: i64,
    /// The place of the last event; `None` if it was no event.
    pub last_seq: Option<i64>,
    /// The place of its last change in what its reader hears of.
    pub position: i64,
    /// When it was made.
    pub created_at_ms: i64,
    /// When something last happened.
    pub updated_at_ms: i64,
    /// What its reader has done with it.
    pub marks: NotificationMarks,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// Something that somebody is to be told.
#[derive(Debug, Clone, Copy)]
pub struct NewNotification<'a> {
    /// Whom. A member of the workspace.
    pub user_id: Uuid,
    /// What it belongs to; rows of one person and thread are one.
    pub thread_key: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// What it is about.
    pub subject: NotificationSubject,
    /// The team that decides who sees it, if there is no project.
    pub team_id: Option<Uuid>,
    /// The project of that, or the project itself.
    pub project_id: Option<Uuid>,
    /// The document of that, or the document itself.
    pub document_id: Option<Uuid>,
    /// The comment, if it is about one.
    pub comment_id: Option<Uuid>,
    /// Whose doing it was.
    pub actor: Option<Uuid>,
    /// The place of the event, if it was one.
    pub seq: Option<i64>,
    /// Now.
    pub now_ms: i64,
}

/// Which rows are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationState {
    /// Neither archived nor put off.
    Inbox,
    /// Of these the unread ones.
    Unread,
    /// What was put away.
    Archived,
    /// What was put off.
    Snoozed,
}

impl NotificationState {
    /// Its name, for the statements that list.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Unread => "unread",
            Self::Archived => "archived",
            Self::Snoozed => "snoozed",
        }
    }
}

/// How much is new to somebody in one workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationCount {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Rows that are not read.
    pub unread: i64,
    /// Rows that are not even seen.
    pub unseen: i64,
}

/// Where a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationPlace {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
}

impl FromRow for NotificationPlace {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            user_id: row.get("user_id")?,
        })
    }
}

impl FromRow for NotificationCount {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            unread: row.get("unread")?,
            unseen: row.get("unseen")?,
        })
    }
}

impl FromRow for Notification {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let kind: String = row.get("subject_kind")?;
        let actors: String = row.get("actors")?;
        let subject = NotificationSubject::parse(&kind, row.get("subject_id")?);
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            id: row.get("id")?,
            user_id: row.get("user_id")?,
            kind: row.get("kind")?,
            subject: subject.ok_or(RecordError::unreadable("subject_kind"))?,
            project_id: row.get("project_id")?,
            document_id: row.get("document_id")?,
            comment_id: row.get("comment_id")?,
            actors: actors.split(',').filter_map(|id| id.parse().ok()).collect(),
            happened: row.get("happened")?,
            last_seq: row.get("last_seq")?,
            position: row.get("position")?,
            created_at_ms: row.get("created_at_ms")?,
            updated_at_ms: row.get("updated_at_ms")?,
            marks: NotificationMarks {
                seen_at_ms: row.get("seen_at_ms")?,
                read_at_ms: row.get("read_at_ms")?,
                archived_at_ms: row.get("archived_at_ms")?,
                snoozed_until_ms: row.get("snoozed_until_ms")?,
            },
            version: row.get("version")?,
        })
    }
}

macro_rules! columns {
    () => {
        "n.workspace_id, n.id, n.user_id, n.kind, n.subject_kind, n.subject_id, n.project_id, n.document_id, \
         n.comment_id, n.actors, n.happened, n.last_seq, n.position, n.created_at_ms, n.updated_at_ms, n.seen_at_ms, \
         n.read_at_ms, n.archived_at_ms, n.snoozed_until_ms, n.version"
    };
}
pub(super) use columns as notification_columns;
