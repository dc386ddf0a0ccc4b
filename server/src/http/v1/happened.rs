//! Events of what the operations here change: written in their transaction, as its last write.

use serde_json::Value;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{NewWorkspaceEvent, RecordError, Tx};

use super::caller::Caller;

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

/// Writes that something happened. To be called right before the commit.
///
/// # Errors
/// A failure of the database.
pub(super) async fn record(
    tx: &mut Tx,
    workspace: WorkspaceId,
    caller: &Caller,
    happened: Happened<'_>,
    now_ms: i64,
) -> Result<(), RecordError> {
    let data = match happened.data {
        Value::Null => "{}".to_owned(),
        data => data.to_string(),
    };
    let event = NewWorkspaceEvent {
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
    tx.workspace(workspace)
        .await?
        .record_event(event)
        .await
        .map(|_| ())
}
