//! `GET /v1/webhooks/event-types`.

use crate::http::rest::Found;
use crate::http::v1::events::{EventTypeList, EventTypeView};
use crate::webhooks::TEST;

/// Lists all types of events that an endpoint can be told, with what their `data` looks like.
///
/// A message's own `data` is the event, as `/v1/events/{event_id}` has it; what is described here is the `data` of that.
#[utoipa::path(
    get, path = "/v1/webhooks/event-types", tag = "Webhooks", security(()),
    responses((status = 200, body = EventTypeList)),
)]
pub(super) async fn list_webhook_event_types() -> Found<EventTypeList> {
    let test = EventTypeView::bare(TEST, "Somebody tried the endpoint out. It has no event.");
    Found {
        etag: None,
        body: EventTypeList::with(test),
    }
}
