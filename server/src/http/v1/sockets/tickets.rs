//! `POST /v1/ws-tickets`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::tickets::{Door, TICKET_SECONDS, issue};
use crate::http::Problem;
use crate::http::rest::Timestamp;
use crate::http::rest::respond::json;
use crate::http::v1::Api;
use crate::http::v1::caller::{Caller, UNAVAILABLE};

/// A ticket for one socket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SocketTicket)]
struct TicketView {
    /// What to show: instead of a token, or among the subprotocols as `weft.ticket.<ticket>`.
    ticket: String,
    /// Until when: thirty seconds from now.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Makes a ticket that opens one socket.
///
/// It is good once, for thirty seconds, and for whatever the credential that asks for it is good for. Clients that can
/// show a token nowhere but in an address use it instead, so that no log holds a token that lasts.
#[utoipa::path(
    post, path = "/v1/ws-tickets", tag = "Sockets",
    responses((status = 201, body = TicketView)),
)]
pub(super) async fn create_socket_ticket(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Response, Problem> {
    caller.user()?;
    let now_ms = api.clock.now_ms();
    let ticket = issue(&api.records, &caller.0, Door::Documents, now_ms).await;
    let ticket = ticket.ok().flatten().ok_or(UNAVAILABLE)?;
    let view = TicketView {
        ticket: ticket.expose().to_owned(),
        expires_at: Timestamp(now_ms + TICKET_SECONDS * 1000),
    };
    Ok(json(StatusCode::CREATED, &view))
}
