//! Teams and their members as they travel.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::{Person, Team, TeamSeen};

use crate::auth::permission::TeamRole;
use crate::http::rest::{Change, Filters, Line, Text, Timestamp};
use crate::http::v1::tenancy::{PersonView, team_role};

/// A team.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Team)]
pub(super) struct TeamView {
    id: Uuid,
    workspace_id: Uuid,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(max_length = 2000)]
    description: String,
    /// Who made it.
    owner_user_id: Uuid,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<&Team> for TeamView {
    fn from(team: &Team) -> Self {
        Self {
            id: team.id,
            workspace_id: team.workspace.0,
            name: team.name.clone(),
            description: team.description.clone(),
            owner_user_id: team.owner_user_id,
            created_at: Timestamp(team.created_at_ms),
            updated_at: Timestamp(team.updated_at_ms),
        }
    }
}

/// A team in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyTeam)]
pub(super) struct MyTeamView {
    #[serde(flatten)]
    team: TeamView,
    /// The caller's role in it; null if they are not in it.
    role: Option<TeamRole>,
}

impl From<&TeamSeen> for MyTeamView {
    fn from(seen: &TeamSeen) -> Self {
        Self {
            team: (&seen.team).into(),
            role: seen.role.as_deref().map(team_role),
        }
    }
}

/// A new team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTeam {
    pub(super) workspace_id: Uuid,
    /// No other team of the workspace has it, in any case.
    pub(super) name: Line<100>,
    #[serde(default)]
    #[schema(value_type = Option<Text<2000>>)]
    pub(super) description: Text<2000>,
}

/// All that may be changed of a team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamForm {
    pub(super) name: Line<100>,
    #[serde(default)]
    #[schema(value_type = Option<Text<2000>>)]
    pub(super) description: Text<2000>,
}

/// What shall change of a team.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TeamPatch {
    pub(super) name: Change<Line<100>>,
    pub(super) description: Change<Text<2000>>,
}

/// Which teams to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamFilters {
    /// Only those of this workspace.
    pub(super) workspace_id: Option<Uuid>,
    /// Only those that you are in; else managers, administrators and owners see all teams of their workspaces.
    pub(super) mine: Option<bool>,
}

impl Filters for TeamFilters {
    const SORTS: &'static [&'static str] = &["created_at", "name"];
}

/// Somebody who is in a team.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamMember)]
pub(super) struct TeamMemberView {
    #[serde(flatten)]
    person: PersonView,
    role: TeamRole,
}

impl From<&Person> for TeamMemberView {
    fn from(person: &Person) -> Self {
        Self {
            person: person.into(),
            role: team_role(&person.member.role),
        }
    }
}

/// What may be changed of a membership.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamMemberForm {
    pub(super) role: TeamRole,
}

/// What shall change of a membership.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TeamMemberPatch {
    pub(super) role: Change<TeamRole>,
}

/// The list of members has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamMemberFilters {}

impl Filters for TeamMemberFilters {
    const SORTS: &'static [&'static str] = &["joined_at"];
}
