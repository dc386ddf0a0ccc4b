//! `GET /v1/event-types`.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::catalogue::{self, EventType};
use crate::http::rest::Found;

/// A type of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventType)]
pub(in crate::http::v1) struct EventTypeView {
    #[serde(rename = "type")]
    #[schema(min_length = 3, max_length = 64, pattern = "^[a-z_]+\\.[a-z_]+$")]
    kind: &'static str,
    /// When such an event is told.
    #[schema(min_length = 1, max_length = 400)]
    description: &'static str,
    /// What `data` of such an event looks like, as JSON Schema.
    #[schema(value_type = Object)]
    schema: Map<String, Value>,
    /// The `data` of one.
    #[schema(value_type = Object)]
    example: Map<String, Value>,
}

/// All types of events.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http::v1) struct EventTypeList {
    #[schema(max_items = 200)]
    data: Vec<EventTypeView>,
}

impl EventTypeView {
    /// A type whose `data` is not described.
    pub(in crate::http::v1) fn bare(kind: &'static str, description: &'static str) -> Self {
        Self {
            kind,
            description,
            schema: Map::new(),
            example: Map::new(),
        }
    }
}

impl EventTypeList {
    /// All of them.
    fn all() -> Self {
        Self {
            data: catalogue::all().iter().map(EventTypeView::from).collect(),
        }
    }

    /// All of them, and one more.
    pub(in crate::http::v1) fn with(more: EventTypeView) -> Self {
        let mut all = Self::all();
        all.data.push(more);
        all
    }
}

impl From<&EventType> for EventTypeView {
    fn from(kind: &EventType) -> Self {
        let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
        Self {
            kind: kind.name,
            description: kind.about,
            schema: object(&kind.schema),
            example: object(&kind.example),
        }
    }
}

/// Lists all types of events, with what they look like.
///
/// More may be added, and members to their `data`.
#[utoipa::path(
    get, path = "/v1/event-types", tag = "Events", security(()),
    responses((status = 200, body = EventTypeList)),
)]
pub(super) async fn list_event_types() -> Found<EventTypeList> {
    Found {
        etag: None,
        body: EventTypeList::all(),
    }
}
