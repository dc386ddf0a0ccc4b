//! What happens to projects, as events tell it.

use serde_json::{Value, json};
use weft_storage::records::Project;

use super::shapes::ProjectStatus;
use crate::auth::permission::DocumentRole;
use crate::http::v1::happened::{Happened, Membership, difference};

/// A project was made, and whoever made it is in it.
pub(super) fn made(project: &Project) -> impl Iterator<Item = Happened<'static>> + Send + use<> {
    let role = Some(DocumentRole::Owner.as_str());
    let place = Membership::Project(project.id);
    let joined = Happened::to_member(place, project.owner_user_id, None, role);
    let made = turned("project.created", project);
    [Some(made), joined].into_iter().flatten()
}

/// Something happened to a project as a whole.
pub(super) fn turned(kind: &'static str, project: &Project) -> Happened<'static> {
    let side = if kind == "project.deleted" {
        "before"
    } else {
        "after"
    };
    Happened {
        kind,
        project: Some(project.id),
        data: json!({ side: { "name": project.content.name } }),
        ..Happened::default()
    }
}

/// What is said of a project changed, if it did.
pub(super) fn changed(
    before: &Project,
    after: &Project,
) -> impl Iterator<Item = Happened<'static>> + Send + use<> {
    let updated = difference(&told(before), &told(after)).map(|data| Happened {
        kind: "project.updated",
        project: Some(after.id),
        data,
        ..Happened::default()
    });
    let archived = ProjectStatus::Archived.as_str();
    let is_archived = before.content.status != archived && after.content.status == archived;
    let archived = is_archived.then(|| turned("project.archived", after));
    [updated, archived].into_iter().flatten()
}

fn told(project: &Project) -> Value {
    let content = &project.content;
    json!({
        "name": content.name,
        "description": content.description,
        "status": content.status,
        "start_date": content.start_date,
        "end_date": content.end_date,
        "task_key": content.task_key,
    })
}
