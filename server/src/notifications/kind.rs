//! The types of notifications.
//!
//! Invariant: names never change after a release: they are in rows, in preferences and in clients.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A type of notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NotificationType)]
pub(crate) enum Kind {
    /// Somebody mentioned you in a comment.
    Mentioned,
    /// You work on a task from now on.
    Assigned,
    /// You work on a task no longer.
    Unassigned,
    /// You wanted to hear of a task at this time.
    Reminder,
    /// A task of yours is due in a day, or in an hour.
    DueSoon,
    /// A task of yours should be done by now.
    Overdue,
    /// Somebody commented on what you watch.
    CommentOnWatched,
    /// Somebody answered a comment of yours.
    Reply,
    /// A thread of comments was resolved.
    CommentResolved,
    /// A task of yours is in another column.
    StatusChanged,
    /// A task of yours is done.
    TaskCompleted,
    /// Nothing blocks a task of yours any longer.
    DependencyUnblocked,
    /// A document was shared with you.
    DocumentShared,
    /// Somebody changed a document that you watch.
    DocumentChanged,
    /// Somebody asks to see a document that you may share.
    AccessRequested,
    /// You are in a workspace, a team or a project from now on.
    Invited,
    /// You have another role.
    RoleChanged,
    /// A webhook endpoint is told nothing more.
    WebhookDisabled,
}

impl Kind {
    /// Every type.
    pub(crate) const ALL: [Self; 18] = [
        Self::Mentioned,
        Self::Assigned,
        Self::Unassigned,
        Self::Reminder,
        Self::DueSoon,
        Self::Overdue,
        Self::CommentOnWatched,
        Self::Reply,
        Self::CommentResolved,
        Self::StatusChanged,
        Self::TaskCompleted,
        Self::DependencyUnblocked,
        Self::DocumentShared,
        Self::DocumentChanged,
        Self::AccessRequested,
        Self::Invited,
        Self::RoleChanged,
        Self::WebhookDisabled,
    ];

    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Mentioned => "mentioned",
            Self::Assigned => "assigned",
            Self::Unassigned => "unassigned",
            Self::Reminder => "reminder",
            Self::DueSoon => "due_soon",
            Self::Overdue => "overdue",
            Self::CommentOnWatched => "comment_on_watched",
            Self::Reply => "reply",
            Self::CommentResolved => "comment_resolved",
            Self::StatusChanged => "status_changed",
            Self::TaskCompleted => "task_completed",
            Self::DependencyUnblocked => "dependency_unblocked",
            Self::DocumentShared => "document_shared",
            Self::DocumentChanged => "document_changed",
            Self::AccessRequested => "access_requested",
            Self::Invited => "invited",
            Self::RoleChanged => "role_changed",
            Self::WebhookDisabled => "webhook_disabled",
        }
    }

    /// The type of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether nobody can turn it off: it says that somebody's rights changed.
    pub(crate) fn is_fixed(self) -> bool {
        matches!(self, Self::RoleChanged)
    }

    /// Whether it is also sent by mail and push to whoever has said nothing about it: what is said to one person, and what
    /// should not wait until they come by.
    pub(crate) fn is_sent_by_default(self) -> bool {
        !matches!(
            self,
            Self::Unassigned
                | Self::CommentOnWatched
                | Self::CommentResolved
                | Self::StatusChanged
                | Self::TaskCompleted
                | Self::DependencyUnblocked
                | Self::DocumentChanged
        )
    }

    /// What mails of this type are about, for people.
    pub(crate) fn topic(self) -> &'static str {
        match self {
            Self::Mentioned => "mentions",
            Self::Assigned => "tasks that are given to you",
            Self::Unassigned => "tasks that are taken from you",
            Self::Reminder => "reminders",
            Self::DueSoon => "tasks that are due soon",
            Self::Overdue => "tasks that are overdue",
            Self::CommentOnWatched => "comments on what you watch",
            Self::Reply => "answers to you",
            Self::CommentResolved => "resolved threads",
            Self::StatusChanged => "tasks that are moved",
            Self::TaskCompleted => "tasks that are done",
            Self::DependencyUnblocked => "tasks that are not blocked any longer",
            Self::DocumentShared => "what is shared with you",
            Self::DocumentChanged => "changes of documents that you watch",
            Self::AccessRequested => "people who ask to see what you may share",
            Self::Invited => "what you are added to",
            Self::RoleChanged => "your roles",
            Self::WebhookDisabled => "webhook endpoints",
        }
    }

    /// Whether it is said to one person about themselves, whom muting a topic does not keep from hearing it.
    pub(crate) fn is_personal(self) -> bool {
        !matches!(
            self,
            Self::CommentOnWatched
                | Self::Reply
                | Self::CommentResolved
                | Self::StatusChanged
                | Self::TaskCompleted
                | Self::DependencyUnblocked
                | Self::DocumentChanged
                | Self::DueSoon
                | Self::Overdue
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_in_rows_and_in_json() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("nothing"), None);
    }
}
