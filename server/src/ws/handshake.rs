//! The WebSocket handshake of RFC 6455, and the sockets that come of it.
//!
//! It gives the library's own sockets, because a large message has to leave in pieces, which the framework's cannot say.

use axum::extract::FromRequestParts;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_util::task::TaskTracker;

use crate::http::Problem;

const NO_WEBSOCKET: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "WEBSOCKET_EXPECTED",
    "this address is for WebSockets: the request is no handshake of RFC 6455",
);

/// A socket of a client.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A request that asks for a WebSocket.
pub(super) struct Handshake {
    upgraded: OnUpgrade,
    answer: Response,
}

impl<S: Send + Sync> FromRequestParts<S> for Handshake {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut request = Request::new(());
        request.method_mut().clone_from(&parts.method);
        *request.version_mut() = parts.version;
        request.headers_mut().clone_from(&parts.headers);
        let answer = create_response_with_body(&request, axum::body::Body::empty);
        let upgraded = parts.extensions.remove::<OnUpgrade>();
        match (upgraded, answer) {
            (Some(upgraded), Ok(answer)) => Ok(Self { upgraded, answer }),
            _ => Err(NO_WEBSOCKET),
        }
    }
}

impl Handshake {
    /// Chooses one of the subprotocols that the client offers.
    pub(super) fn choose(mut self, subprotocol: Option<&str>) -> Self {
        if let Some(chosen) = subprotocol.and_then(|chosen| HeaderValue::from_str(chosen).ok()) {
            self.answer.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, chosen);
        }
        self
    }

    /// Answers, and hands the socket to `then` once the client has it. Nothing happens if the connection ends before.
    pub(super) fn accept(
        self,
        config: WebSocketConfig,
        tasks: &TaskTracker,
        then: impl FnOnce(Socket) + Send + 'static,
    ) -> Response {
        let Self { upgraded, answer } = self;
        tasks.spawn(async move {
            match upgraded.await {
                Ok(upgraded) => {
                    let stream = TokioIo::new(upgraded);
                    then(WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await);
                }
                Err(error) => tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "a client went while its socket was opened"
                ),
            }
        });
        answer.into_response()
    }
}
