//! What people talk about, watch and attach files to: a document, or a task of a board.
//!
//! Invariant: a task is as open to somebody as its board. What they may not see is told the same as if it did not exist.

use axum::http::StatusCode;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{DocumentRow, Task, Topic, Tx};

use super::caller::Caller;
use super::documents::gate;
use super::happened::Happened;
use crate::auth::permission::{Action, Facts, Resource};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;

/// Nothing new is said about what is in the trash.
const TASK_DELETED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TASK_DELETED",
    "the task is in the trash: restore it first",
);

/// How an address names a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TopicId {
    /// As a document.
    Document(Uuid),
    /// As a task.
    Task(Uuid),
}

impl From<Topic> for TopicId {
    fn from(topic: Topic) -> Self {
        topic
            .task_id
            .map_or(Self::Document(topic.document_id), Self::Task)
    }
}

/// A topic that somebody may do something to.
#[derive(Debug)]
pub(super) struct Opened {
    /// Its workspace.
    pub(super) workspace: WorkspaceId,
    /// What connects them with the document.
    pub(super) facts: Facts,
    /// The document; the board of a task.
    pub(super) document: DocumentRow,
    /// The task, if it is one.
    pub(super) task: Option<Task>,
}

impl Opened {
    /// Which one it is.
    pub(super) fn topic(&self) -> Topic {
        Topic {
            document_id: self.document.id,
            task_id: self.task.as_ref().map(|task| task.identity.id),
        }
    }

    /// Something that happens to it; `data` is an object.
    pub(super) fn happened(&self, kind: &'static str, data: serde_json::Value) -> Happened<'_> {
        Happened {
            kind,
            project: Some(self.document.project_id),
            document: Some(self.document.id),
            task: self
                .task
                .as_ref()
                .map(|task| (task.identity.id, task.shown.card.as_str())),
            data,
            ..Happened::default()
        }
    }
}

/// Finds a topic for `action`, which is one on documents.
///
/// # Errors
/// 401, 403, 404; 409 if only its state stands in the way.
pub(super) async fn open(
    tx: &mut Tx,
    caller: &Caller,
    id: TopicId,
    action: Action,
    now_ms: i64,
) -> Result<Opened, Problem> {
    let task_id = match id {
        TopicId::Document(id) => {
            let opened = gate::open(tx, caller, id, action, now_ms).await?;
            return Ok(Opened {
                workspace: opened.workspace,
                facts: opened.facts,
                document: opened.document,
                task: None,
            });
        }
        TopicId::Task(id) => id,
    };
    let Some(address) = tx.task_address(task_id).await? else {
        // As for a task of strangers.
        caller.require(action, &Resource::Document(Facts::stranger(Uuid::nil())))?;
        return Err(NOT_FOUND);
    };
    let opened = gate::open(tx, caller, address.board_id, action, now_ms).await?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let task = tenant.task(address.board_id, &address.card).await?;
    let task = task.ok_or(NOT_FOUND)?;
    if task.deleted_at_ms.is_some() && !matches!(action, Action::ViewDocument | Action::ReadContent) {
        return Err(TASK_DELETED);
    }
    Ok(Opened {
        workspace: opened.workspace,
        facts: opened.facts,
        document: opened.document,
        task: Some(task),
    })
}
