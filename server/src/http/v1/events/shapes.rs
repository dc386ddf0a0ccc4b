//! Events as they travel.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::Event;

use crate::http::rest::{Commas, Line, Timestamp};

/// The largest place in a sequence.
pub(super) const MAX_SEQUENCE: i64 = 9_007_199_254_740_991;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventView {
    id: Uuid,
    /// Its place in what happened in the workspace. Places are given in the order of the commits, each once.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    sequence: i64,
    /// What happened; `/v1/event-types` has all of them.
    #[serde(rename = "type")]
    #[schema(min_length = 3, max_length = 64, pattern = "^[a-z_]+\\.[a-z_]+$")]
    kind: String,
    /// When.
    created_at: Timestamp,
    workspace_id: Uuid,
    /// The team that it is about, if it is about no project.
    team_id: Option<Uuid>,
    /// The project that it is about, or was the document's then.
    project_id: Option<Uuid>,
    /// The document or board that it is about.
    document_id: Option<Uuid>,
    /// The task that it is about.
    task_id: Option<Uuid>,
    /// Whose doing it was, as far as they have an account.
    actor_user_id: Option<Uuid>,
    /// What else is to be said. Empty once what it is about was removed for good.
    data: Map<String, Value>,
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id,
            sequence: event.seq,
            kind: event.kind.clone(),
            created_at: Timestamp(event.created_at_ms),
            workspace_id: event.workspace.0,
            team_id: event.team_id,
            project_id: event.project_id,
            document_id: event.document_id,
            task_id: event.task_id,
            actor_user_id: event.actor,
            data: data_of(event),
        }
    }
}

/// What else an event says.
pub(super) fn data_of(event: &Event) -> Map<String, Value> {
    serde_json::from_str(&event.data).unwrap_or_default()
}

/// Events, and how far was read for them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventList {
    #[schema(max_items = 100)]
    pub(super) data: Vec<EventView>,
    pub(super) meta: EventListMeta,
}

/// How far was read.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventListMeta {
    #[schema(minimum = 1, maximum = 100)]
    pub(super) limit: u32,
    /// Go on with `after` this: everything up to it that you may see was told.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(super) last_sequence: i64,
    /// Whether there may be more already.
    pub(super) has_more: bool,
}

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct EventParams {
    /// The workspace; a credential for one workspace needs to name none.
    pub(super) workspace_id: Option<Uuid>,
    /// Only what happened after this place; from the beginning if it is left out.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(super) after: Option<i64>,
    /// How many to give at most; above 100 is taken as 100.
    #[param(minimum = 1)]
    pub(super) limit: Option<u32>,
    /// Only these types.
    #[param(value_type = Option<Vec<String>>, style = Form, explode = false)]
    pub(super) types: Option<Commas<Line<64>>>,
    /// Only what is about this project and what is in it.
    pub(super) project_id: Option<Uuid>,
    /// Only what is about this document or board and what is in it.
    pub(super) document_id: Option<Uuid>,
    /// Only what is about this task.
    pub(super) task_id: Option<Uuid>,
}

/// Which events to stream.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct EventStreamParams {
    /// The workspace; a credential for one workspace needs to name none.
    pub(super) workspace_id: Option<Uuid>,
    /// Only what happened after this place; only what happens from now on if it is left out. `Last-Event-ID` goes first.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(super) after: Option<i64>,
    /// Only these types.
    #[param(value_type = Option<Vec<String>>, style = Form, explode = false)]
    pub(super) types: Option<Commas<Line<64>>>,
    /// Only what is about this project and what is in it.
    pub(super) project_id: Option<Uuid>,
    /// Only what is about this document or board and what is in it.
    pub(super) document_id: Option<Uuid>,
    /// Only what is about this task.
    pub(super) task_id: Option<Uuid>,
    /// What `POST /v1/events/tickets` answered, for whoever can set no header. A token in `Authorization` goes first.
    pub(super) ticket: Option<Line<64>>,
}

/// Where an event is.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct EventPlace {
    /// The workspace; a credential for one workspace needs to name none.
    pub(super) workspace_id: Option<Uuid>,
}
