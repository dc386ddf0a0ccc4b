//! Tasks as lists show them.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::Task;

/// A task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub(in crate::http::v1) struct TaskView {
    id: Uuid,
    board_id: Uuid,
    title: String,
}

impl From<&Task> for TaskView {
    fn from(task: &Task) -> Self {
        Self {
            id: task.identity.id,
            board_id: task.board_id,
            title: task.shown.title.clone(),
        }
    }
}
