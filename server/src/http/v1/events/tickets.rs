//! `POST /v1/events/tickets`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::workspace_of;
use crate::access::tickets::{Door, TICKET_SECONDS, issue};
use crate::http::Problem;
use crate::http::rest::respond::json;
use crate::http::rest::{self, Body, Timestamp};
use crate::http::v1::Api;
use crate::http::v1::caller::{Caller, UNAVAILABLE};

/// Which events a ticket is for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEventTicket {
    /// The workspace; a credential for one workspace needs to name none.
    workspace_id: Option<Uuid>,
}

/// A ticket for one stream of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventTicket)]
struct EventTicketView {
    /// What to show, as the parameter `ticket`.
    ticket: String,
    /// The workspace that it is for.
    workspace_id: Uuid,
    /// Until when a stream can be opened with it: thirty seconds from now.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Makes a ticket that opens one stream of a workspace's events.
///
/// It is for browsers, which can set no `Authorization` on a WebSocket or an `EventSource`: `/v1/events/ws?ticket=…` or
/// `/v1/events/stream?ticket=…`. It is good once, for thirty seconds, there and nowhere else. What it opens tells what the
/// credential that asked for it may see, and ends with it.
#[utoipa::path(
    post, path = "/v1/events/tickets", tag = "Events",
    request_body = NewEventTicket,
    responses(
        (status = 201, body = EventTicketView),
        (status = 404, description = "There is no such workspace for you"),
    ),
)]
pub(super) async fn create_event_ticket(
    State(api): State<Api>,
    caller: Caller,
    Body(form): Body<NewEventTicket>,
) -> Result<Response, Problem> {
    caller.user()?;
    if form.workspace_id.or(caller.0.facts.confined_to).is_none() {
        return Err(rest::json::invalid("workspace_id", "REQUIRED", "must be given"));
    }
    let mut tx = api.records.read().await?;
    let workspace = workspace_of(&mut tx, &caller, form.workspace_id).await?;
    drop(tx);
    let mut identity = Arc::unwrap_or_clone(caller.0);
    identity.facts.confined_to = Some(workspace.0);
    let now_ms = api.clock.now_ms();
    let ticket = issue(&api.records, &identity, Door::Events, now_ms).await;
    let ticket = ticket.ok().flatten().ok_or(UNAVAILABLE)?;
    let view = EventTicketView {
        ticket: ticket.expose().to_owned(),
        workspace_id: workspace.0,
        expires_at: Timestamp(now_ms + TICKET_SECONDS * 1000),
    };
    Ok(json(StatusCode::CREATED, &view))
}
