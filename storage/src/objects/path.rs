//! The folders that lead to an object, the same in a directory and in a bucket. Nothing but ids becomes part of a path.

use uuid::Uuid;

use super::{ObjectKey, ObjectOwner};
use crate::model::WorkspaceId;

/// The folder of what belongs to accounts.
pub(super) const USERS: &str = "users";
/// The folder of what belongs to workspaces.
pub(super) const WORKSPACES: &str = "workspaces";

/// The folders that lead to an object, and its name.
pub(super) fn steps(key: ObjectKey) -> [String; 4] {
    let (kind, owner) = match key.owner {
        ObjectOwner::User(id) => (USERS, id),
        ObjectOwner::Workspace(id) => (WORKSPACES, id.0),
    };
    let id = key.id.to_string();
    let shelf = id.get(id.len() - 2..).unwrap_or_default().to_owned();
    [kind.to_owned(), owner.to_string(), shelf, id]
}

/// The object that these folders lead to, if they are ours.
pub(super) fn key_of(kind: &str, owner: &str, id: &str) -> Option<ObjectKey> {
    let owner = Uuid::try_parse(owner).ok()?;
    let id = Uuid::try_parse(id).ok()?;
    let owner = match kind {
        USERS => ObjectOwner::User(owner),
        WORKSPACES => ObjectOwner::Workspace(WorkspaceId(owner)),
        _ => return None,
    };
    Some(ObjectKey { owner, id })
}
