//! Notifications as they travel.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::{Notification, NotificationCount, NotificationState, NotificationSubject};

use crate::http::rest::Timestamp;
use crate::notifications::{Kind, Rendered};

/// What a notification can be about.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NotificationSubjectKind)]
enum SubjectKind {
    Task,
    Document,
    Workspace,
    Project,
    Team,
    WebhookEndpoint,
    Account,
}

/// What a notification is about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationSubject)]
struct SubjectView {
    kind: SubjectKind,
    id: Uuid,
    /// What it is called; null if it is not there any more.
    title: Option<String>,
    project_id: Option<Uuid>,
    /// The document; the board of a task.
    document_id: Option<Uuid>,
}

/// Somebody whose doing it was.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationActor)]
struct ActorView {
    user_id: Uuid,
    /// Empty if the account is gone.
    display_name: String,
}

/// What you are told of one thread: a task, a thread of comments, a project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub(super) struct NotificationView {
    id: Uuid,
    workspace_id: Uuid,
    /// What happened last.
    #[serde(rename = "type")]
    kind: Kind,
    subject: SubjectView,
    /// The comment that was written last, if it is about one.
    comment_id: Option<Uuid>,
    /// Whose doing it was, the last one first.
    #[schema(max_items = 5)]
    actors: Vec<ActorView>,
    /// How much happened since you read it.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    count: i64,
    /// One sentence, in plain text.
    #[schema(max_length = 1_000)]
    title: String,
    /// How the comment begins, in plain text; empty if it is about none.
    #[schema(max_length = 280)]
    body: String,
    /// The place of the event in what happened in the workspace; null if it was none.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    last_sequence: Option<i64>,
    created_at: Timestamp,
    /// When something last happened.
    updated_at: Timestamp,
    seen_at: Option<Timestamp>,
    read_at: Option<Timestamp>,
    archived_at: Option<Timestamp>,
    /// Until when you put it off.
    snoozed_until: Option<Timestamp>,
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
}

impl NotificationView {
    /// A row, and what it says. A row of a type that this server does not know counts as a comment.
    pub(super) fn new(row: &Notification, said: Rendered) -> Self {
        let (kind, id) = match row.subject {
            NotificationSubject::Task(id) => (SubjectKind::Task, id),
            NotificationSubject::Document(id) => (SubjectKind::Document, id),
            NotificationSubject::Workspace(id) => (SubjectKind::Workspace, id),
            NotificationSubject::Project(id) => (SubjectKind::Project, id),
            NotificationSubject::Team(id) => (SubjectKind::Team, id),
            NotificationSubject::WebhookEndpoint(id) => (SubjectKind::WebhookEndpoint, id),
            NotificationSubject::Account(id) => (SubjectKind::Account, id),
        };
        let actors = said.actors.into_iter();
        Self {
            id: row.id,
            workspace_id: row.workspace.0,
            kind: Kind::parse(&row.kind).unwrap_or(Kind::CommentOnWatched),
            subject: SubjectView {
                kind,
                id,
                title: said.subject,
                project_id: row.project_id,
                document_id: row.document_id,
            },
            comment_id: row.comment_id,
            actors: actors
                .map(|(user_id, display_name)| ActorView {
                    user_id,
                    display_name,
                })
                .collect(),
            count: row.happened,
            title: said.title,
            body: said.body,
            last_sequence: row.last_seq,
            created_at: Timestamp(row.created_at_ms),
            updated_at: Timestamp(row.updated_at_ms),
            seen_at: row.marks.seen_at_ms.map(Timestamp),
            read_at: row.marks.read_at_ms.map(Timestamp),
            archived_at: row.marks.archived_at_ms.map(Timestamp),
            snoozed_until: row.marks.snoozed_until_ms.map(Timestamp),
            version: row.version,
        }
    }
}

/// Which notifications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NotificationState)]
pub(super) enum StateName {
    /// Neither archived nor put off.
    #[default]
    Inbox,
    /// Of these the unread ones.
    Unread,
    /// Archived ones.
    Archived,
    /// Those that are put off.
    Snoozed,
}

impl From<StateName> for NotificationState {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Inbox => Self::Inbox,
            StateName::Unread => Self::Unread,
            StateName::Archived => Self::Archived,
            StateName::Snoozed => Self::Snoozed,
        }
    }
}

/// How much is new in a workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkspaceNotificationCounts)]
struct WorkspaceCounts {
    workspace_id: Uuid,
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    unread: i64,
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    unseen: i64,
}

/// How much is new: rows of your inbox that you have not read, and those that you have not even seen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationCounts)]
pub(super) struct CountsView {
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    unread: i64,
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    unseen: i64,
    /// The workspaces in which something is.
    workspaces: Vec<WorkspaceCounts>,
}

impl From<Vec<NotificationCount>> for CountsView {
    fn from(counts: Vec<NotificationCount>) -> Self {
        Self {
            unread: counts.iter().map(|count| count.unread).sum(),
            unseen: counts.iter().map(|count| count.unseen).sum(),
            workspaces: counts
                .iter()
                .map(|count| WorkspaceCounts {
                    workspace_id: count.workspace.0,
                    unread: count.unread,
                    unseen: count.unseen,
                })
                .collect(),
        }
    }
}
