//! Which views somebody may do something to.

use uuid::Uuid;
use weft_storage::records::{SavedView, Tx};

use super::shapes::Visibility;
use crate::access::facts;
use crate::auth::permission::{Action, Facts, Resource};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::v1::caller::Caller;

/// Finds a view that the caller sees.
///
/// # Errors
/// 401, 403, 404.
pub(super) async fn find(tx: &mut Tx, caller: &Caller, id: Uuid) -> Result<SavedView, Problem> {
    let Some(view) = tx.saved_view(id).await? else {
        // As for one of strangers.
        let nowhere = Resource::Project(Facts::stranger(Uuid::nil()));
        caller.require(Action::ViewProject, &nowhere)?;
        return Err(NOT_FOUND);
    };
    let place = facts::project(tx, &caller.0, view.project_id).await?;
    caller.require(Action::ViewProject, &place.resource)?;
    let is_shared = Visibility::of(&view.content.visibility) == Visibility::Project;
    if is_shared || caller.0.user() == Some(view.owner_user_id) {
        Ok(view)
    } else {
        Err(NOT_FOUND)
    }
}

/// Finds a view that the caller may change: their own, or the project's if they may change the project.
///
/// # Errors
/// 401, 403, 404.
pub(super) async fn find_own(tx: &mut Tx, caller: &Caller, id: Uuid) -> Result<SavedView, Problem> {
    let view = find(tx, caller, id).await?;
    if caller.0.user() != Some(view.owner_user_id) {
        require_shared(tx, caller, view.project_id).await?;
    }
    Ok(view)
}

/// Lets those through who may change what everybody in a project sees.
///
/// # Errors
/// 401, 403, 404.
pub(super) async fn require_shared(tx: &mut Tx, caller: &Caller, project: Uuid) -> Result<(), Problem> {
    let place = facts::project(tx, &caller.0, project).await?;
    caller.require(Action::UpdateProject, &place.resource)
}
