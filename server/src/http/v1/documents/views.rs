//! Documents as they travel.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::DocumentSummary;
use weft_storage::records::{DocumentOrder, DocumentRow};

use crate::auth::permission::DocumentRole;
use crate::http::rest::{AnyCase, Change, Commas, Filters, Line, Timestamp};

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DocumentType {
    /// Rich text.
    #[default]
    Text,
    /// A table that calculates.
    Spreadsheet,
    /// Slides.
    Presentation,
    /// A board of cards.
    Board,
}

impl DocumentType {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Spreadsheet => "spreadsheet",
            Self::Presentation => "presentation",
            Self::Board => "board",
        }
    }

    /// A kind out of the database, whose `CHECK` knows the same names.
    pub(super) fn of(text: &str) -> Self {
        match text {
            "spreadsheet" => Self::Spreadsheet,
            "presentation" => Self::Presentation,
            "board" => Self::Board,
            _ => Self::Text,
        }
    }
}

/// A document, without its content.
///
/// Documents that belong to no project have a name and no more; an application's own tokens open them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Document)]
pub(super) struct DocumentView {
    id: Uuid,
    /// The name under which clients open it; of a document of a project its id.
    #[schema(min_length = 1, max_length = 512, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$")]
    name: String,
    workspace_id: Option<Uuid>,
    project_id: Option<Uuid>,
    kind: Option<DocumentType>,
    #[schema(min_length = 1, max_length = 255)]
    title: Option<String>,
    owner_user_id: Option<Uuid>,
    created_by: Option<Uuid>,
    /// The caller's role for it, from wherever they have it.
    role: Option<DocumentRole>,
    created_at: Timestamp,
    /// When its title or place was last changed; edits of its content do not count.
    updated_at: Option<Timestamp>,
    /// When it was archived; null if it is not.
    archived_at: Option<Timestamp>,
    /// When it was put in the trash; null if it is not there.
    deleted_at: Option<Timestamp>,
    /// How many changes of its content were ever made durable.
    changes: u64,
    /// Whether its content is out of service.
    quarantined: bool,
}

impl From<&DocumentSummary> for DocumentView {
    fn from(document: &DocumentSummary) -> Self {
        Self {
            id: document.id.0,
            name: document.name.as_str().to_owned(),
            workspace_id: None,
            project_id: None,
            kind: None,
            title: None,
            owner_user_id: None,
            created_by: None,
            role: None,
            created_at: Timestamp(document.created_at_ms),
            updated_at: None,
            archived_at: None,
            deleted_at: None,
            changes: document.head.get(),
            quarantined: document.quarantine.is_some(),
        }
    }
}

impl DocumentView {
    /// A document of a project, for somebody with this role.
    pub(super) fn of_project(document: &DocumentRow, role: Option<DocumentRole>) -> Self {
        Self {
            id: document.id,
            name: document.id.to_string(),
            workspace_id: Some(document.workspace.0),
            project_id: Some(document.project_id),
            kind: Some(DocumentType::of(&document.kind)),
            title: Some(document.title.clone()),
            owner_user_id: Some(document.owner_user_id),
            created_by: Some(document.created_by),
            role,
            created_at: Timestamp(document.created_at_ms),
            updated_at: Some(Timestamp(document.updated_at_ms)),
            archived_at: document.archived_at_ms.map(Timestamp),
            deleted_at: document.deleted_at_ms.map(Timestamp),
            changes: u64::try_from(document.changes).unwrap_or(0),
            quarantined: document.is_quarantined,
        }
    }
}

/// A format that content can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InitialFormat)]
pub(super) enum InitialFormat {
    Json,
    Markdown,
    Html,
}

/// A document to be made in a project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProjectDocument {
    pub(super) title: Line<255>,
    /// `text` if it is left out.
    #[schema(value_type = Option<DocumentType>)]
    pub(super) kind: Option<AnyCase<DocumentType>>,
    /// What a text is to show at first: a ProseMirror document, or text in `format`. It is empty if this is left out.
    pub(super) content: Option<Value>,
    /// The format of `content`: `json` if it is left out.
    pub(super) format: Option<InitialFormat>,
}

/// What shall change of a document.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DocumentPatch {
    pub(super) title: Change<Line<255>>,
    /// The project of the same workspace that it moves to.
    pub(super) project_id: Change<Uuid>,
}

/// How to duplicate a document.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DocumentDuplication {
    /// The title of the copy; that of the document if it is left out.
    pub(super) title: Option<Line<255>>,
    /// The project of the same workspace that the copy is made in; that of the document if it is left out.
    pub(super) project_id: Option<Uuid>,
}

/// Which documents to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentFilters {
    /// Only those of this workspace.
    pub(super) workspace_id: Option<Uuid>,
    /// Only those of this project.
    pub(super) project_id: Option<Uuid>,
    /// Only those of one of these kinds.
    #[param(inline, value_type = Option<Vec<DocumentType>>, style = Form, explode = false)]
    pub(super) kind: Option<Commas<AnyCase<DocumentType>>>,
    /// Only those with this in their title.
    pub(super) search: Option<Line<100>>,
    /// Only those whose title or place was changed at this time or later.
    pub(super) updated_since: Option<Timestamp>,
    /// Only those that are archived, or that are not.
    pub(super) archived: Option<bool>,
    /// Also those in the trash that you own.
    pub(super) include_deleted: Option<bool>,
    /// Only the document of this name that belongs to no project.
    #[param(min_length = 1, max_length = 512)]
    pub(super) name: Option<String>,
}

/// Which documents of a project to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectDocumentFilters {
    /// Only those of one of these kinds.
    #[param(inline, value_type = Option<Vec<DocumentType>>, style = Form, explode = false)]
    pub(super) kind: Option<Commas<AnyCase<DocumentType>>>,
    /// Only those with this in their title.
    pub(super) search: Option<Line<100>>,
    /// Only those whose title or place was changed at this time or later.
    pub(super) updated_since: Option<Timestamp>,
    /// Only those that are archived, or that are not.
    pub(super) archived: Option<bool>,
    /// Also those in the trash that you own.
    pub(super) include_deleted: Option<bool>,
}

impl Filters for DocumentFilters {
    const SORTS: &'static [&'static str] = &["created_at", "title", "updated_at"];
}

impl Filters for ProjectDocumentFilters {
    const SORTS: &'static [&'static str] = DocumentFilters::SORTS;
}

/// What `sort` means.
pub(super) fn order(sort: &str) -> DocumentOrder {
    match sort {
        "title" => DocumentOrder::Title,
        "updated_at" => DocumentOrder::Updated,
        _ => DocumentOrder::Created,
    }
}
