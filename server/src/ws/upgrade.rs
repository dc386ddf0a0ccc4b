//! How clients get in: the two WebSocket endpoints.
//!
//! A refusal is a WebSocket that opens and closes with a code, because browsers show code that connects nothing of an
//! HTTP status; only an origin that may not connect at all, and a full server, get a status.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use weft_protocol::close::CloseReason;
use weft_protocol::id::DocumentName;

use super::admission::Admitted;
use super::connection::{Connection, Protocol, close_socket};
use super::hocuspocus::Hocuspocus;
use super::membership::Post;
use super::ywebsocket::YWebsocket;
use super::{Gateway, Unauthenticated};

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
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if let Err(problem) = gateway.origins.check(&headers) {
        return problem.into_response();
    }
    let token = token_of(query.as_deref(), &headers);
    let admitted = match Unauthenticated::enter(&gateway) {
        Some(_unauthenticated) => admit(&gateway, &document, token.as_deref()).await,
        None => Err(CloseReason::ServerFull),
    };
    configure(upgrade, &gateway, &headers).on_upgrade(move |socket| async move {
        match admitted {
            Ok((name, admitted)) => {
                let mut post = Post::new();
                let protocol = YWebsocket::join(&gateway, &name, &admitted, &mut post);
                start(gateway, socket, protocol, post);
            }
            Err(reason) => turn_away(&gateway, socket, reason),
        }
    })
}

/// Hocuspocus: documents are named by messages.
async fn collab(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if let Err(problem) = gateway.origins.check(&headers) {
        return problem.into_response();
    }
    configure(upgrade, &gateway, &headers).on_upgrade(move |socket| async move {
        match Unauthenticated::enter(&gateway) {
            Some(unauthenticated) => start(gateway, socket, Hocuspocus::new(unauthenticated), Post::new()),
            None => turn_away(&gateway, socket, CloseReason::ServerFull),
        }
    })
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

/// The token: from the query, because a browser's y-websocket can put it nowhere else, or from the header.
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
    };
    bearer.or_else(from_query).filter(|token| !token.is_empty())
}

fn configure(upgrade: WebSocketUpgrade, gateway: &Gateway, headers: &HeaderMap) -> WebSocketUpgrade {
    let limit = gateway.limits.max_message_bytes;
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BATCH_BYTES)
        .max_write_buffer_size(usize::MAX)
        // Somewhat more than the limit is read, so that the client can be told why.
        .max_message_size(limit.saturating_mul(2))
        .max_frame_size(limit.saturating_mul(2));
    // Browsers fail a connection whose offer of subprotocols is ignored.
    match headers
        .get(SEC_WEBSOCKET_PROTOCOL)
        .and_then(|value| value.to_str().ok())
        .and_then(|offer| offer.split(',').next())
    {
        Some(first) => upgrade.protocols([first.trim().to_owned()]),
        None => upgrade,
    }
}

fn start(gateway: Arc<Gateway>, socket: WebSocket, protocol: impl Protocol + 'static, post: Post) {
    let connections = gateway.connections.clone();
    connections.spawn(Connection::new(gateway, socket, protocol, post).run());
}

/// Closes a socket that was never let in.
fn turn_away(gateway: &Gateway, mut socket: WebSocket, reason: CloseReason) {
    gateway.metrics.ws_closed.with(reason.as_str()).add(1);
    gateway
        .connections
        .spawn(async move { close_socket(&mut socket, VecDeque::new(), reason).await });
}
