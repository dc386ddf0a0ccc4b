//! How clients get in: the two WebSocket endpoints.
//!
//! A refusal is a WebSocket that opens and closes with a code, because browsers show code that connects nothing of an
//! HTTP status; only an origin that may not connect at all, an address with too many sockets, and a full server, get a
//! status.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Extension, Router};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use weft_protocol::close::CloseReason;
use weft_protocol::id::DocumentName;

use super::admission::Admitted;
use super::connection::{Connection, close_socket};
use super::handshake::{Handshake, Socket};
use super::hocuspocus::Hocuspocus;
use super::membership::Post;
use super::protocol::Protocol;
use super::ywebsocket::YWebsocket;
use super::{Gateway, Unauthenticated};
use crate::auth::throttle::AddressKey;
use crate::auth::tokens::api_key::ApiKey;
use crate::caps::Place;
use crate::http::{ClientAddress, Problem};

/// An answer, because whoever has this many sockets would otherwise hold each further one until it is closed.
const TOO_MANY_SOCKETS: Problem = Problem::new(
    StatusCode::TOO_MANY_REQUESTS,
    "TOO_MANY_SOCKETS",
    "there are too many sockets from this address",
);
/// What is read from a socket at once, in bytes: it is held by every connection, busy or not.
const READ_BUFFER_BYTES: usize = 1024;
/// Frames are written together up to this size, in bytes.
const WRITE_BATCH_BYTES: usize = 16 * 1024;

/// The WebSocket endpoints.
pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/v1/sync/{*document}", any(sync))
        .route("/v1/collab", any(collab))
        .with_state(gateway)
}

/// y-websocket: the document is named by the path.
async fn sync(
    State(gateway): State<Arc<Gateway>>,
    Path(document): Path<String>,
    RawQuery(query): RawQuery,
    client: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    handshake: Handshake,
) -> Response {
    let place = match knock(&gateway, &headers, client) {
        Ok(place) => place,
        Err(problem) => return problem.into_response(),
    };
    let token = token_of(query.as_deref(), &headers);
    let admitted = match Unauthenticated::enter(&gateway).await {
        Some(_unauthenticated) => admit(&gateway, &document, token.as_deref()).await,
        None => Err(CloseReason::ServerFull),
    };
    let (config, tasks) = (config(&gateway), gateway.connections.clone());
    let handshake = handshake.choose(subprotocol(&headers));
    handshake.accept(config, &tasks, move |socket| {
        let mut post = Post::new();
        let joined =
            admitted.and_then(|(name, admitted)| YWebsocket::join(&gateway, &name, &admitted, &mut post));
        match joined {
            Ok(protocol) => start(Connection::new(gateway, socket, protocol, post, place)),
            Err(reason) => turn_away(&gateway, socket, reason),
        }
    })
}

/// Hocuspocus: documents are named by messages.
async fn collab(
    State(gateway): State<Arc<Gateway>>,
    client: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    handshake: Handshake,
) -> Response {
    let place = match knock(&gateway, &headers, client) {
        Ok(place) => place,
        Err(problem) => return problem.into_response(),
    };
    let entered = Unauthenticated::enter(&gateway).await;
    let (config, tasks) = (config(&gateway), gateway.connections.clone());
    let handshake = handshake.choose(subprotocol(&headers));
    handshake.accept(config, &tasks, move |socket| match entered {
        Some(unauthenticated) => {
            let protocol = Hocuspocus::new(unauthenticated);
            start(Connection::new(gateway, socket, protocol, Post::new(), place));
        }
        None => turn_away(&gateway, socket, CloseReason::ServerFull),
    })
}

/// What is checked before anything else: the page that a browser comes from, and how many sockets its address has.
fn knock(
    gateway: &Gateway,
    headers: &HeaderMap,
    client: Option<Extension<ClientAddress>>,
) -> Result<Option<Place<AddressKey>>, Problem> {
    gateway.origins.check(headers)?;
    // Behind a proxy on this machine that is not trusted everybody comes from here.
    let address = client.map(|Extension(ClientAddress(client))| client.to_canonical());
    let Some(address) = address.filter(|address| !address.is_loopback()) else {
        return Ok(None);
    };
    match gateway.addresses.take(AddressKey::from(address)) {
        Some(place) => Ok(Some(place)),
        None => {
            gateway.metrics.ratelimited.with("sockets").add(1);
            Err(TOO_MANY_SOCKETS)
        }
    }
}

async fn admit(
    gateway: &Gateway,
    document: &str,
    token: Option<&str>,
) -> Result<(DocumentName, Admitted), CloseReason> {
    let name = DocumentName::parse(document).map_err(|_| CloseReason::InvalidDocumentName)?;
    let admitted = gateway
        .admit(token, &name)
        .await
        .map_err(|refusal| gateway.refusal_reason(refusal))?;
    Ok((name, admitted))
}

/// What a browser puts before a ticket that it shows as one of the subprotocols it offers.
const TICKET_PROTOCOL: &str = "weft.ticket.";

fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|offer| offer.split(','))
        .map(str::trim)
        .filter(|protocol| !protocol.is_empty())
}

/// The token: from the header, from a ticket among the subprotocols, or from the query, because a browser's y-websocket
/// can put it nowhere else.
fn token_of(query: Option<&str>, headers: &HeaderMap) -> Option<String> {
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::to_owned);
    let from_query = || {
        form_urlencoded::parse(query?.as_bytes())
            .find(|(key, _)| key == "token")
            .map(|(_, value)| value.into_owned())
            // A key lives too long for an address, which logs keep.
            .filter(|token| !ApiKey::is_one(token))
    };
    let ticket = || subprotocols(headers).find_map(|protocol| protocol.strip_prefix(TICKET_PROTOCOL));
    bearer
        .or_else(|| ticket().map(str::to_owned))
        .or_else(from_query)
        .filter(|token| !token.is_empty())
}

fn config(gateway: &Gateway) -> WebSocketConfig {
    let limit = gateway.limits.max_message_bytes;
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BATCH_BYTES)
        .max_write_buffer_size(usize::MAX)
        // Somewhat more than the limit is read, so that the client can be told why.
        .max_message_size(Some(limit.saturating_mul(2)))
        .max_frame_size(Some(limit.saturating_mul(2)))
}

/// Which of the offered subprotocols is chosen: browsers fail a connection whose offer is ignored. A ticket is only
/// repeated if there is nothing else to choose; it is used up by then.
fn subprotocol(headers: &HeaderMap) -> Option<&str> {
    let is_plain = |protocol: &&str| !protocol.starts_with(TICKET_PROTOCOL);
    subprotocols(headers)
        .find(is_plain)
        .or_else(|| subprotocols(headers).next())
}

fn start(connection: Connection<impl Protocol + 'static>) {
    let connections = connection.tracker().clone();
    connections.spawn(connection.run());
}

/// Closes a socket that was never let in.
fn turn_away(gateway: &Gateway, mut socket: Socket, reason: CloseReason) {
    gateway.metrics.ws_closed.with(reason.as_str()).add(1);
    gateway
        .connections
        .spawn(async move { close_socket(&mut socket, VecDeque::new(), reason).await });
}
