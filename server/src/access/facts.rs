//! What connects whoever asks with a workspace, a team or a project, as permission wants to know it.
//!
//! Invariant: what does not exist looks exactly like what belongs to strangers, so that no answer tells the two apart.
//! Facts are read in the transaction that acts on them: in one that writes they stay true until it commits.

use std::str::FromStr;

use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{ProjectStanding, RecordError, Tenant, Tx, WorkspaceStanding};

use super::{Identity, Subject};
use crate::auth::permission::{ContentState, Facts, Resource, WorkspaceRole};

/// Something that permission is asked about, and where it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The workspace that owns it; the nil id if it does not exist, which no permission gets past.
    pub(crate) workspace: WorkspaceId,
    /// What to ask [`may`](crate::auth::permission::may) about.
    pub(crate) resource: Resource,
}

/// Owns what does not exist.
const NOWHERE: WorkspaceId = WorkspaceId(Uuid::nil());

/// A workspace. In the trash it is as good as gone; see [`trashed_workspace`].
///
/// # Errors
/// A failure of the database.
pub(crate) async fn workspace(tx: &mut Tx, who: &Identity, id: Uuid) -> Result<Place, RecordError> {
    let standing = tx.workspace(WorkspaceId(id)).await?.standing(who.user()).await?;
    let live = standing.filter(|standing| !standing.is_trashed);
    Ok(workspace_place(who, id, live.as_ref()))
}

/// A workspace in the trash, as only its owners see it.
///
/// # Errors
/// A failure of the database.
pub(crate) async fn trashed_workspace(tx: &mut Tx, who: &Identity, id: Uuid) -> Result<Place, RecordError> {
    let standing = tx.workspace(WorkspaceId(id)).await?.standing(who.user()).await?;
    let owned = standing.filter(|standing| {
        standing.is_trashed && role::<WorkspaceRole>(standing.role.as_deref()) == Some(WorkspaceRole::Owner)
    });
    Ok(workspace_place(who, id, owned.as_ref()))
}

fn workspace_place(who: &Identity, id: Uuid, standing: Option<&WorkspaceStanding>) -> Place {
    let workspace = WorkspaceId(id);
    let named = standing.and_then(|standing| role(standing.role.as_deref()));
    Place {
        workspace,
        resource: Resource::Workspace {
            id,
            role: named.or_else(|| standing.and_then(|_| of_client(who, workspace))),
        },
    }
}

/// A team, wherever it is. In the trash it is as good as gone.
///
/// # Errors
/// A failure of the database.
pub(crate) async fn team(tx: &mut Tx, who: &Identity, id: Uuid) -> Result<Place, RecordError> {
    let Some(workspace) = tx.workspace_of_team(id).await? else {
        return Ok(nowhere_team());
    };
    let mut tenant = tx.workspace(workspace).await?;
    let standing = tenant.team_standing(who.user(), id).await?;
    let Some(standing) = standing.filter(|standing| !standing.is_trashed) else {
        return Ok(nowhere_team());
    };
    let is_live = tenant
        .standing(None)
        .await?
        .is_some_and(|found| !found.is_trashed);
    let client = of_client(who, workspace).filter(|_| is_live);
    Ok(Place {
        workspace,
        resource: Resource::Team {
            workspace_id: workspace.0,
            workspace: role(standing.workspace_role.as_deref()).or(client),
            role: role(standing.team_role.as_deref()),
        },
    })
}

fn nowhere_team() -> Place {
    Place {
        workspace: NOWHERE,
        resource: Resource::Team {
            workspace_id: NOWHERE.0,
            workspace: None,
            role: None,
        },
    }
}

/// A project, wherever it is.
///
/// # Errors
/// A failure of the database.
pub(crate) async fn project(tx: &mut Tx, who: &Identity, id: Uuid) -> Result<Place, RecordError> {
    let facts = match tx.workspace_of_project(id).await? {
        Some(workspace) => project_facts(&mut tx.workspace(workspace).await?, who, id).await?,
        None => Facts::stranger(NOWHERE.0),
    };
    Ok(Place {
        workspace: WorkspaceId(facts.workspace_id),
        resource: Resource::Project(facts),
    })
}

/// What connects `who` with a project of this workspace. A document's facts are these, its share, its link, and
/// what is stricter of the two states.
///
/// # Errors
/// A failure of the database.
pub(crate) async fn project_facts(
    tenant: &mut Tenant<'_>,
    who: &Identity,
    id: Uuid,
) -> Result<Facts, RecordError> {
    let workspace = tenant.id();
    let Some(standing) = tenant.project_standing(who.user(), id).await? else {
        return Ok(Facts::stranger(NOWHERE.0));
    };
    let client = match of_client(who, workspace) {
        Some(client)
            if tenant
                .standing(None)
                .await?
                .is_some_and(|found| !found.is_trashed) =>
        {
            Some(client)
        }
        _ => None,
    };
    let found: Option<WorkspaceRole> = role(standing.workspace_role.as_deref());
    Ok(Facts {
        workspace: found.or(client),
        team: role(standing.team_role.as_deref()),
        project: role(standing.project_role.as_deref()),
        state: project_state(&standing),
        ..Facts::stranger(workspace.0)
    })
}

/// Where a project is in its life.
pub(crate) fn project_state(standing: &ProjectStanding) -> ContentState {
    match (standing.is_trashed, standing.status.as_str()) {
        (true, _) => ContentState::Trashed,
        (false, "archived") => ContentState::Archived,
        (false, _) => ContentState::Live,
    }
}

/// A client that acts for itself was made by an administrator of the one workspace that it is confined to. It stands
/// there as one, as far as its scopes reach.
pub(super) fn of_client(who: &Identity, workspace: WorkspaceId) -> Option<WorkspaceRole> {
    let is_confined_here = who.facts.confined_to == Some(workspace.0);
    (matches!(who.subject, Subject::Client(_)) && is_confined_here).then_some(WorkspaceRole::Admin)
}

/// A role out of the database; its `CHECK` knows the same names.
pub(super) fn role<R: FromStr>(text: Option<&str>) -> Option<R> {
    text.and_then(|text| text.parse().ok())
}
