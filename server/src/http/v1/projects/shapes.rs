//! Projects and their members as they travel.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::{Person, Project, ProjectContent, ProjectSeen};

use crate::auth::permission::{DocumentRole, Facts, effective_project_role};
use crate::http::Problem;
use crate::http::rest::{AnyCase, Change, Clearable, Commas, Date, Filters, Line, Text, Timestamp, invalid};
use crate::http::v1::tenancy::{PersonView, project_role, team_role, workspace_role};

/// Where a project stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http::v1) enum ProjectStatus {
    /// People work on it.
    #[default]
    Active,
    /// It rests.
    OnHold,
    /// It is done.
    Completed,
    /// It is kept and changed no more.
    Archived,
}

impl ProjectStatus {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::OnHold => "on_hold",
            Self::Completed => "completed",
            Self::Archived => "archived",
        }
    }

    /// A status out of the database, whose `CHECK` knows the same names.
    pub(super) fn of(text: &str) -> Self {
        match text {
            "on_hold" => Self::OnHold,
            "completed" => Self::Completed,
            "archived" => Self::Archived,
            _ => Self::Active,
        }
    }
}

/// A project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Project)]
pub(in crate::http::v1) struct ProjectView {
    id: Uuid,
    workspace_id: Uuid,
    team_id: Uuid,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[schema(max_length = 4000)]
    description: String,
    status: ProjectStatus,
    start_date: Option<Date>,
    /// Never before `start_date`.
    end_date: Option<Date>,
    /// Who made it.
    owner_user_id: Uuid,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// When it was put in the trash; null if it was not.
    deleted_at: Option<Timestamp>,
}

impl From<&Project> for ProjectView {
    fn from(project: &Project) -> Self {
        let content = &project.content;
        Self {
            id: project.id,
            workspace_id: project.workspace.0,
            team_id: project.team_id,
            name: content.name.clone(),
            description: content.description.clone(),
            status: ProjectStatus::of(&content.status),
            start_date: content.start_date.as_deref().and_then(Date::parse),
            end_date: content.end_date.as_deref().and_then(Date::parse),
            owner_user_id: project.owner_user_id,
            created_at: Timestamp(project.created_at_ms),
            updated_at: Timestamp(project.updated_at_ms),
            deleted_at: project.deleted_at_ms.map(Timestamp),
        }
    }
}

/// A project in the list of somebody who may see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyProject)]
pub(in crate::http::v1) struct MyProjectView {
    #[serde(flatten)]
    project: ProjectView,
    /// The caller's role for it, from wherever they have it.
    role: DocumentRole,
}

impl From<&ProjectSeen> for MyProjectView {
    fn from(seen: &ProjectSeen) -> Self {
        let facts = Facts {
            workspace: seen.workspace_role.as_deref().map(workspace_role),
            team: seen.team_role.as_deref().map(team_role),
            project: seen.project_role.as_deref().map(project_role),
            ..Facts::stranger(seen.project.workspace.0)
        };
        Self {
            project: (&seen.project).into(),
            // Who has none does not see it, so it is not in the list.
            role: effective_project_role(&facts).unwrap_or(DocumentRole::Viewer),
        }
    }
}

/// All that may be changed of a project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::v1) struct ProjectForm {
    pub(super) name: Line<200>,
    #[serde(default)]
    #[schema(value_type = Option<Text<4000>>)]
    pub(super) description: Text<4000>,
    /// `active` if it is left out.
    #[schema(value_type = Option<ProjectStatus>)]
    pub(super) status: Option<AnyCase<ProjectStatus>>,
    pub(super) start_date: Option<Date>,
    /// Not before `start_date`.
    pub(super) end_date: Option<Date>,
}

impl ProjectForm {
    /// As it is stored.
    pub(super) fn into_content(self) -> Result<ProjectContent, Problem> {
        let content = ProjectContent {
            name: self.name.into_string(),
            description: self.description.into_string(),
            status: self
                .status
                .map_or(ProjectStatus::Active, |status| status.0)
                .as_str()
                .to_owned(),
            start_date: self.start_date.map(|date| date.to_string()),
            end_date: self.end_date.map(|date| date.to_string()),
            task_key: None,
        };
        check_dates(&content)?;
        Ok(content)
    }
}

/// A new project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProject {
    pub(super) team_id: Uuid,
    pub(super) name: Line<200>,
    #[serde(default)]
    #[schema(value_type = Option<Text<4000>>)]
    pub(super) description: Text<4000>,
    /// `active` if it is left out.
    #[schema(value_type = Option<ProjectStatus>)]
    pub(super) status: Option<AnyCase<ProjectStatus>>,
    pub(super) start_date: Option<Date>,
    /// Not before `start_date`.
    pub(super) end_date: Option<Date>,
}

impl NewProject {
    /// The team, and the rest.
    pub(super) fn split(self) -> (Uuid, ProjectForm) {
        let form = ProjectForm {
            name: self.name,
            description: self.description,
            status: self.status,
            start_date: self.start_date,
            end_date: self.end_date,
        };
        (self.team_id, form)
    }
}

/// What shall change of a project.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ProjectPatch {
    pub(super) name: Change<Line<200>>,
    pub(super) description: Change<Text<4000>>,
    pub(super) status: Change<AnyCase<ProjectStatus>>,
    pub(super) start_date: Clearable<Date>,
    /// Not before `start_date`.
    pub(super) end_date: Clearable<Date>,
}

impl ProjectPatch {
    /// What becomes of `content`.
    pub(super) fn apply(self, content: &ProjectContent) -> Result<ProjectContent, Problem> {
        let mut content = content.clone();
        if let Some(name) = self.name.into_option() {
            content.name = name.into_string();
        }
        if let Some(description) = self.description.into_option() {
            content.description = description.into_string();
        }
        if let Some(status) = self.status.into_option() {
            status.0.as_str().clone_into(&mut content.status);
        }
        if let Some(date) = self.start_date.into_option() {
            content.start_date = date.map(|date| date.to_string());
        }
        if let Some(date) = self.end_date.into_option() {
            content.end_date = date.map(|date| date.to_string());
        }
        check_dates(&content)?;
        Ok(content)
    }
}

/// Dates in this spelling are in the order of their texts.
fn check_dates(content: &ProjectContent) -> Result<(), Problem> {
    match (&content.start_date, &content.end_date) {
        (Some(start), Some(end)) if end < start => Err(invalid(
            "end_date",
            "INVALID_VALUE",
            "must not be before start_date",
        )),
        _ => Ok(()),
    }
}

/// How to duplicate a project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Duplication {
    /// The name of the copy.
    pub(super) name: Line<200>,
    /// Whether those who are in the project itself are in the copy too, in their roles. Only its owners may ask.
    #[serde(default)]
    pub(super) include_members: bool,
}

/// Which projects to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectFilters {
    /// Only those of this workspace.
    pub(super) workspace_id: Option<Uuid>,
    /// Only those of this team.
    pub(super) team_id: Option<Uuid>,
    /// Only those with one of these statuses.
    #[param(inline, value_type = Option<Vec<ProjectStatus>>, style = Form, explode = false)]
    pub(super) status: Option<Commas<AnyCase<ProjectStatus>>>,
    /// Only those with this in their name.
    pub(super) search: Option<Line<100>>,
    /// Also those in the trash that you own.
    pub(super) include_deleted: Option<bool>,
}

/// Which projects of a team to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http::v1) struct TeamProjectFilters {
    /// Only those with one of these statuses.
    #[param(inline, value_type = Option<Vec<ProjectStatus>>, style = Form, explode = false)]
    pub(super) status: Option<Commas<AnyCase<ProjectStatus>>>,
    /// Only those with this in their name.
    pub(super) search: Option<Line<100>>,
    /// Also those in the trash that you own.
    pub(super) include_deleted: Option<bool>,
}

impl Filters for ProjectFilters {
    const SORTS: &'static [&'static str] = &["created_at", "name", "updated_at"];
}

impl Filters for TeamProjectFilters {
    const SORTS: &'static [&'static str] = ProjectFilters::SORTS;
}

/// Somebody who is in a project itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProjectMember)]
pub(super) struct ProjectMemberView {
    #[serde(flatten)]
    person: PersonView,
    role: DocumentRole,
}

impl From<&Person> for ProjectMemberView {
    fn from(person: &Person) -> Self {
        Self {
            person: person.into(),
            role: project_role(&person.member.role),
        }
    }
}

/// What may be changed of a membership.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectMemberForm {
    pub(super) role: DocumentRole,
}

/// What shall change of a membership.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ProjectMemberPatch {
    pub(super) role: Change<DocumentRole>,
}

/// The list of members has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectMemberFilters {}

impl Filters for ProjectMemberFilters {
    const SORTS: &'static [&'static str] = &["joined_at"];
}
