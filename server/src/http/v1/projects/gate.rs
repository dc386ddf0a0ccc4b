//! Permission for a project, and what its state says about that.

use axum::http::StatusCode;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{Project, Tx};

use crate::access::facts;
use crate::auth::permission::{Action, ContentState, Facts, Resource, may};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::v1::caller::Caller;

/// The project is kept as it is.
const ARCHIVED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "PROJECT_ARCHIVED",
    "the project is archived: restore it first",
);

/// A project that somebody may do something to.
#[derive(Debug)]
pub(super) struct Opened {
    /// Where it is.
    pub(super) workspace: WorkspaceId,
    /// What connects them with it.
    pub(super) facts: Facts,
    /// The project.
    pub(super) project: Project,
}

/// Finds the project `id` for `action`. In the trash it is only seen, restored, and not found for anything else.
///
/// # Errors
/// 401, 403, 404; 409 if it is archived and could be changed were it not.
pub(super) async fn open(tx: &mut Tx, caller: &Caller, id: Uuid, action: Action) -> Result<Opened, Problem> {
    let place = facts::project(tx, &caller.0, id).await?;
    let Resource::Project(facts) = place.resource else {
        return Err(NOT_FOUND);
    };
    let is_for_trash = matches!(action, Action::ViewProject | Action::RestoreProject);
    if facts.state == ContentState::Trashed && !is_for_trash {
        // Whoever does not see it is told the same.
        caller.require(Action::ViewProject, &place.resource)?;
        return Err(NOT_FOUND);
    }
    if let Err(problem) = caller.require(action, &place.resource) {
        return Err(if is_only_archived(caller, action, facts) {
            ARCHIVED
        } else {
            problem
        });
    }
    let project = tx.workspace(place.workspace).await?.project(id).await?;
    Ok(Opened {
        workspace: place.workspace,
        facts,
        project: project.ok_or(NOT_FOUND)?,
    })
}

/// Whether nothing but the archive stands in the way.
fn is_only_archived(caller: &Caller, action: Action, facts: Facts) -> bool {
    let live = Facts {
        state: ContentState::Live,
        ..facts
    };
    facts.state == ContentState::Archived
        && may(&caller.0.facts, action, &Resource::Project(live)).is_allowed()
}
