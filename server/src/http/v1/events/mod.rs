//! What happened: `/v1/events` for programs, in the order in which it was committed, and activity for people.
//!
//! Invariant: whoever asks is told what they may see at this moment, and nothing else. What is left out leaves holes in
//! the sequence, so the answer says how far was read.

mod activity;
mod catalogue;
pub(crate) mod channel;
mod coalesce;
mod feed;
mod list;
mod reader;
mod shapes;
mod socket;
mod stream;
mod tickets;
mod types;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(super) use self::catalogue::all as event_types;
pub(crate) use self::feed::Feed;
pub(crate) use self::stream::Streams;
pub(super) use self::stream::{GATHER, KEEP_ALIVE, NOT_IN_BATCH, POLL, SLOW, Seat, stream_of};
pub(super) use self::types::{EventTypeList, EventTypeView};

/// Whether there are events of this type.
pub(super) fn is_event_type(name: &str) -> bool {
    event_types().iter().any(|kind| kind.name == name)
}

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_events))
        .routes(routes!(stream::stream_events))
        .routes(routes!(socket::socket_events))
        .routes(routes!(tickets::create_event_ticket))
        .routes(routes!(list::get_event))
        .routes(routes!(types::list_event_types))
        .routes(routes!(activity::list_task_activity))
        .routes(routes!(activity::list_project_activity))
}
