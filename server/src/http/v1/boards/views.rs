//! Boards as they travel.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::DocumentRow;

use crate::auth::permission::DocumentRole;
use crate::boards::templates::Template;
use crate::http::rest::{AnyCase, Change, Filters, Line, Timestamp};

/// A board, without what stands on it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Board)]
pub(in crate::http::v1) struct BoardView {
    /// Its id, which is also the name under which live clients open it.
    id: Uuid,
    workspace_id: Uuid,
    project_id: Uuid,
    #[schema(min_length = 1, max_length = 255)]
    title: String,
    owner_user_id: Uuid,
    created_by: Uuid,
    /// The caller's role for it, from wherever they have it.
    role: Option<DocumentRole>,
    created_at: Timestamp,
    /// When its title or place was last changed; edits of what stands on it do not count.
    updated_at: Timestamp,
    /// When it was archived; null if it is not.
    archived_at: Option<Timestamp>,
    /// When it was put in the trash; null if it is not there.
    deleted_at: Option<Timestamp>,
    /// How many changes of what stands on it were ever made durable.
    changes: u64,
    /// Whether it is out of service.
    quarantined: bool,
}

impl BoardView {
    /// For somebody with this role.
    pub(in crate::http::v1) fn of(document: &DocumentRow, role: Option<DocumentRole>) -> Self {
        Self {
            id: document.id,
            workspace_id: document.workspace.0,
            project_id: document.project_id,
            title: document.title.clone(),
            owner_user_id: document.owner_user_id,
            created_by: document.created_by,
            role,
            created_at: Timestamp(document.created_at_ms),
            updated_at: Timestamp(document.updated_at_ms),
            archived_at: document.archived_at_ms.map(Timestamp),
            deleted_at: document.deleted_at_ms.map(Timestamp),
            changes: u64::try_from(document.changes).unwrap_or(0),
            quarantined: document.is_quarantined,
        }
    }
}

/// A template that every workspace has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum BoardTemplate {
    /// To do, in progress, done.
    Kanban,
    /// A backlog and the columns of a sprint.
    Scrum,
    /// From a report to its fix.
    Bugs,
    /// Nothing.
    Empty,
}

impl From<BoardTemplate> for Template {
    fn from(template: BoardTemplate) -> Self {
        match template {
            BoardTemplate::Kanban => Self::Kanban,
            BoardTemplate::Scrum => Self::Scrum,
            BoardTemplate::Bugs => Self::Bugs,
            BoardTemplate::Empty => Self::Empty,
        }
    }
}

/// A board to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBoard {
    pub(super) title: Line<255>,
    /// What it begins with; `kanban` if both this and `template_board_id` are left out.
    #[schema(value_type = Option<BoardTemplate>)]
    pub(super) template: Option<AnyCase<BoardTemplate>>,
    /// A board of the same workspace to begin with what that has: columns, lanes, labels, custom fields. Not together
    /// with `template`.
    pub(super) template_board_id: Option<Uuid>,
    /// Whether the open cards of `template_board_id` are copied too. They are not if it is left out.
    pub(super) with_cards: Option<bool>,
}

/// How to duplicate a board.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BoardDuplication {
    /// The title of the copy; that of the board if it is left out.
    pub(super) title: Option<Line<255>>,
    /// The project of the same workspace that the copy is made in; that of the board if it is left out.
    pub(super) project_id: Option<Uuid>,
    /// Whether open cards are copied too. They are if it is left out.
    pub(super) with_cards: Option<bool>,
}

/// What shall change of a board.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BoardPatch {
    pub(super) title: Change<Line<255>>,
    /// The project of the same workspace that it moves to. Its tasks get numbers of that project.
    pub(super) project_id: Change<Uuid>,
}

/// Which boards of a project to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct BoardFilters {
    /// Only those with this in their title.
    pub(super) search: Option<Line<100>>,
    /// Only those whose title or place was changed at this time or later.
    pub(super) updated_since: Option<Timestamp>,
    /// Only those that are archived, or that are not.
    pub(super) archived: Option<bool>,
    /// Also those in the trash that you own.
    pub(super) include_deleted: Option<bool>,
}

impl Filters for BoardFilters {
    const SORTS: &'static [&'static str] = &["created_at", "title", "updated_at"];
}
