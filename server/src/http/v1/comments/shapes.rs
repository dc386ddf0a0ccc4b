//! Comments as they travel.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::{Comment, CommentFilter, Reaction, ReactionCount};

use super::anchor::Anchor;
use crate::content;
use crate::http::rest::{Change, Clearable, Filters, Text, Timestamp};

/// The longest comment, in characters; it is not more than so many bytes either.
const MAX_BODY: usize = 32_768;

/// A comment, or a reply to one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comment)]
pub(super) struct CommentView {
    id: Uuid,
    workspace_id: Uuid,
    /// The document that it is about; of a comment on a task its board.
    document_id: Uuid,
    /// The task that it is about, if it is one.
    task_id: Option<Uuid>,
    /// The comment that it replies to.
    parent_id: Option<Uuid>,
    /// Whose it is; null if an application or a link has let them in.
    author_user_id: Option<Uuid>,
    /// What those without an account call themselves.
    #[schema(max_length = 256)]
    author_name: Option<String>,
    /// The Markdown of it, as it was written; empty once it is deleted.
    #[schema(max_length = 32_768)]
    body: String,
    /// The same as HTML in which nothing runs.
    body_html: String,
    /// Who is mentioned, in the text or besides.
    #[schema(max_items = 20)]
    mentions: Vec<Uuid>,
    anchor: Option<Anchor>,
    #[schema(max_items = 20)]
    reactions: Vec<ReactionSummary>,
    #[schema(minimum = 0)]
    reply_count: i64,
    created_at: Timestamp,
    /// When its text was last changed; null if it never was.
    edited_at: Option<Timestamp>,
    /// When it was deleted. It is shown only as long as there are replies to it.
    deleted_at: Option<Timestamp>,
    /// When its thread was resolved; null if it is open.
    resolved_at: Option<Timestamp>,
    resolved_by: Option<Uuid>,
}

/// How many reacted to a comment with one emoji.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReactionSummary {
    #[schema(min_length = 1, max_length = 64)]
    emoji: String,
    #[schema(minimum = 1)]
    count: i64,
    /// Whether you are among them.
    reacted: bool,
}

/// Somebody's reaction to a comment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reaction)]
pub(super) struct ReactionView {
    #[schema(min_length = 1, max_length = 64)]
    emoji: String,
    user_id: Uuid,
    created_at: Timestamp,
}

impl From<&Reaction> for ReactionView {
    fn from(reaction: &Reaction) -> Self {
        Self {
            emoji: reaction.emoji.clone(),
            user_id: reaction.user_id,
            created_at: Timestamp(reaction.created_at_ms),
        }
    }
}

impl CommentView {
    /// A comment with the reactions to it.
    pub(super) fn new(comment: &Comment, reactions: Vec<ReactionCount>) -> Self {
        // It was read when it was stored. A limit that became stricter shows nothing rather than too much.
        let body_html = content::comment(&comment.body)
            .map(|said| said.html)
            .unwrap_or_default();
        let summary = |count: ReactionCount| ReactionSummary {
            emoji: count.emoji,
            count: count.count,
            reacted: count.is_own,
        };
        Self {
            id: comment.id,
            workspace_id: comment.workspace.0,
            document_id: comment.topic.document_id,
            task_id: comment.topic.task_id,
            parent_id: comment.parent_id,
            author_user_id: comment.author.user_id,
            author_name: comment.author.name.clone(),
            body: comment.body.clone(),
            body_html,
            mentions: comment.mentions.clone(),
            anchor: comment.anchor.as_deref().and_then(Anchor::of_stored),
            reactions: reactions.into_iter().map(summary).collect(),
            reply_count: comment.replies,
            created_at: Timestamp(comment.created_at_ms),
            edited_at: comment.edited_at_ms.map(Timestamp),
            deleted_at: comment.deleted_at_ms.map(Timestamp),
            resolved_at: comment.resolved_at_ms.map(Timestamp),
            resolved_by: comment.resolved_by,
        }
    }
}

/// Reactions by the comments that they are to.
pub(super) fn by_comment(counts: Vec<ReactionCount>) -> HashMap<Uuid, Vec<ReactionCount>> {
    let mut all: HashMap<Uuid, Vec<ReactionCount>> = HashMap::new();
    for count in counts {
        all.entry(count.comment_id).or_default().push(count);
    }
    all
}

/// A new comment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewComment {
    /// Markdown of at most 32 KiB. Somebody is mentioned as `@[name](user:id)`.
    #[schema(value_type = String, min_length = 1, max_length = 32_768)]
    pub(super) body: Text<MAX_BODY>,
    /// The comment that it replies to. Replies have no replies of their own.
    pub(super) parent_id: Option<Uuid>,
    /// Who else is mentioned.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub(super) mentions: Vec<Uuid>,
    /// The part of the document that it is about; for documents, and not for replies.
    pub(super) anchor: Option<Anchor>,
}

/// What shall change of a comment.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CommentPatch {
    /// As in a new comment.
    #[schema(value_type = String, min_length = 1, max_length = 32_768)]
    pub(super) body: Change<Text<MAX_BODY>>,
    /// Who is mentioned besides those in the text. If the text changes and this is left out, they are no longer.
    #[schema(value_type = Vec<Uuid>, max_items = 20)]
    pub(super) mentions: Change<Vec<Uuid>>,
    /// Where it stands by now.
    pub(super) anchor: Clearable<Anchor>,
}

/// Which comments to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CommentFilters {
    /// Only replies to this comment.
    parent_id: Option<Uuid>,
    /// Only replies, or only comments that are none.
    replies: Option<bool>,
    /// Only comments whose thread is resolved, or is not; no replies.
    resolved: Option<bool>,
}

impl From<&CommentFilters> for CommentFilter {
    fn from(filters: &CommentFilters) -> Self {
        Self {
            parent_id: filters.parent_id,
            is_root: filters.replies.map(|replies| !replies),
            is_resolved: filters.resolved,
        }
    }
}

impl Filters for CommentFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}
