//! Events of what the operations here change: written in their transaction, as its last write.

use serde_json::{Map, Value, json};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{EpochKind, NewWorkspaceEvent, RecordError, Tx};

use super::Api;
use super::caller::Caller;
use crate::audit;

/// Something that an operation does.
#[derive(Debug, Default)]
pub(super) struct Happened<'a> {
    /// What, such as `comment.created`.
    pub(super) kind: &'static str,
    /// The team that it is about, if it is about no project.
    pub(super) team: Option<Uuid>,
    /// The project that it is about, or the project of the document.
    pub(super) project: Option<Uuid>,
    /// The document.
    pub(super) document: Option<Uuid>,
    /// The task, and its card.
    pub(super) task: Option<(Uuid, &'a str)>,
    /// What else is to be said: an object.
    pub(super) data: Value,
}

/// Where somebody is a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Membership {
    /// Of the workspace.
    Workspace,
    /// Of a team.
    Team(Uuid),
    /// Of a project itself.
    Project(Uuid),
}

impl Happened<'_> {
    /// What it is that somebody's role is another one; nothing if it is not.
    pub(super) fn to_member(
        place: Membership,
        user: Uuid,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Option<Self> {
        let kind = match (before, after) {
            (None, Some(_)) => "member.joined",
            (Some(before), Some(after)) if before != after => "member.role_changed",
            (Some(_), None) => "member.removed",
            _ => return None,
        };
        let (scope, team, project) = match place {
            Membership::Workspace => ("workspace", None, None),
            Membership::Team(id) => ("team", Some(id), None),
            Membership::Project(id) => ("project", None, Some(id)),
        };
        let mut data = json!({ "scope": scope, "user_id": user });
        for (name, role) in [("before", before), ("after", after)] {
            if let Some(role) = role {
                data[name] = json!({ "role": role });
            }
        }
        Some(Self {
            kind,
            team,
            project,
            data,
            ..Self::default()
        })
    }
}

/// `before` and `after` with the members that differ; nothing if none does. Both are objects with the same members.
pub(super) fn difference(before: &Value, after: &Value) -> Option<Value> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return None;
    };
    let differs = |name: &&String| before.get(*name) != after.get(*name);
    let names: Vec<&String> = after.keys().filter(differs).collect();
    let of = |all: &Map<String, Value>| -> Map<String, Value> {
        let members = names
            .iter()
            .filter_map(|name| Some(((*name).clone(), all.get(*name)?.clone())));
        members.collect()
    };
    (!names.is_empty()).then(|| json!({ "before": of(before), "after": of(after) }))
}

/// Writes what happened. To be called right before the commit: from here on, until it ends, edits of boards of the
/// workspace wait for this transaction.
///
/// # Errors
/// A failure of the database.
pub(super) async fn record<'a>(
    tx: &mut Tx,
    workspace: WorkspaceId,
    caller: &Caller,
    happened: impl IntoIterator<Item = Happened<'a>, IntoIter: Send>,
    now_ms: i64,
) -> Result<(), RecordError> {
    for happened in happened {
        let data = match happened.data {
            Value::Null => "{}".to_owned(),
            data => data.to_string(),
        };
        let new = NewWorkspaceEvent {
            id: Uuid::now_v7(),
            kind: happened.kind,
            team_id: happened.team,
            project_id: happened.project,
            document_id: happened.document,
            task_id: happened.task.map(|(id, _)| id),
            card: happened.task.map(|(_, card)| card),
            actor: caller.0.user(),
            data: &data,
            now_ms,
        };
        let seq = tx.workspace(workspace).await?.record_event(new).await?;
        audit::record_event(tx, &new.into_event(workspace, seq)).await?;
    }
    Ok(())
}

/// Commits a change of rights in a workspace with what happened, and has everybody look at it.
///
/// # Errors
/// A failure of the database.
pub(super) async fn commit_rights<'a>(
    api: &Api,
    mut tx: Tx,
    workspace: WorkspaceId,
    caller: &Caller,
    happened: impl IntoIterator<Item = Happened<'a>, IntoIter: Send>,
) -> Result<(), RecordError> {
    let now_ms = api.clock.now_ms();
    tx.raise_epoch(EpochKind::Workspace(workspace), now_ms).await?;
    record(&mut tx, workspace, caller, happened, now_ms).await?;
    tx.commit().await?;
    api.changes.announce();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({ "name": "A", "status": "active", "end": null });
        let after = json!({ "name": "A", "status": "on_hold", "end": "2026-01-01" });
        assert_eq!(
            difference(&before, &after),
            Some(json!({
                "before": { "status": "active", "end": null },
                "after": { "status": "on_hold", "end": "2026-01-01" },
            }))
        );
        assert_eq!(difference(&after, &after), None);
    }

    #[test]
    fn a_role_that_stays_is_nothing() {
        let of = |before, after| {
            Happened::to_member(Membership::Workspace, Uuid::nil(), before, after)
                .map(|happened| happened.kind)
        };
        assert_eq!(of(None, Some("member")), Some("member.joined"));
        assert_eq!(of(Some("member"), Some("admin")), Some("member.role_changed"));
        assert_eq!(of(Some("member"), None), Some("member.removed"));
        assert_eq!(of(Some("member"), Some("member")), None);
    }
}
