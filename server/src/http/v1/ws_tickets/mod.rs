//! Tickets for sockets: `/v1/ws-tickets`. They go where a token would end up in a log: into the address of a socket.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::caller::{Caller, UNAUTHORIZED};
use crate::access::{Refusal, tickets};
use crate::http::Problem;
use crate::http::rest::{Timestamp, respond};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default().routes(routes!(create_ws_ticket))
}

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WsTicket)]
struct TicketView {
    /// Shown as the token when a socket opens, once.
    #[schema(min_length = 51, max_length = 51, pattern = "^weft_st_[0-9A-Za-z_-]{43}$")]
    ticket: String,
    /// When it ends, used or not.
    expires_at: Timestamp,
}

/// Makes a ticket that opens one socket.
///
/// It counts once and for thirty seconds, and gives what the credential of this request gives. When that ends, so does
/// the socket.
#[utoipa::path(
    post, path = "/v1/ws-tickets", tag = "Sessions",
    responses((status = 201, body = TicketView)),
)]
async fn create_ws_ticket(
    State(api): State<Api>,
    caller: Caller,
) -> Result<axum::response::Response, Problem> {
    caller.user()?;
    let now_ms = api.clock.now_ms();
    let issued = tickets::issue(&api.records, &caller.0, now_ms).await;
    let ticket = match issued {
        Ok(Some(ticket)) => ticket,
        Ok(None) | Err(Refusal::Refused(_)) => return Err(UNAUTHORIZED),
        Err(Refusal::Unavailable) => {
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "STORAGE_UNAVAILABLE",
                "no ticket can be kept now; try again",
            ));
        }
    };
    let view = TicketView {
        ticket: ticket.expose().to_owned(),
        expires_at: Timestamp(now_ms + tickets::TICKET_SECONDS * 1_000),
    };
    Ok(respond::json(StatusCode::CREATED, &view))
}
