//! The accept loop: one bounded set of connections, each with a deadline for what it has to say.
//!
//! A permit is taken *before* a connection is accepted and lives as long as its socket, also after an upgrade; when
//! there is none left, further connections wait in the kernel. A head that comes too slowly or is too large costs its
//! sender the connection. The loop itself never ends on an error.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tower::ServiceExt;

use crate::config::LimitsConfig;

/// A connection that was not upgraded ends after so long, so that nobody holds a socket by reading for ever.
const PLAIN_CONNECTION_LIFE: Duration = Duration::from_secs(300);
/// An answer under way may take so long once the connection is asked to end.
const LAST_ANSWER_PATIENCE: Duration = Duration::from_secs(3);
/// Pause after an error that more attempts would only repeat, such as too many open files.
const ACCEPT_ERROR_PAUSE: Duration = Duration::from_millis(100);

/// Bounds of the accept loop.
#[derive(Debug, Clone, Copy)]
pub struct ServeSettings {
    /// Open sockets at a time.
    pub max_sockets: usize,
    /// How long the head of a request may take, also the first one and also between two requests.
    pub header_timeout: Duration,
    /// Largest head of a request, in bytes; at least 8 KiB.
    pub max_header_bytes: usize,
}

impl From<&LimitsConfig> for ServeSettings {
    fn from(limits: &LimitsConfig) -> Self {
        Self {
            max_sockets: limits.max_sockets,
            header_timeout: limits.header_timeout(),
            max_header_bytes: limits.max_header_bytes,
        }
    }
}

/// The address from which a request came; an extension of every request.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub SocketAddr);

/// Serves `router` on `listener` until `shutdown`; then accepts nothing more, lets answers under way finish, and
/// returns. Sockets, upgraded ones too, stay tracked by `tracker` until they are dropped.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: ServeSettings,
    shutdown: CancellationToken,
    tracker: TaskTracker,
) {
    let permits = Arc::new(Semaphore::new(settings.max_sockets));
    let http = http(settings);
    let accepting = async {
        loop {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                break;
            };
            let (stream, peer) = accept(&listener).await;
            let socket = Socket {
                stream,
                _permit: permit,
                _tracked: tracker.token(),
            };
            tracker.spawn(connection(
                http.clone(),
                socket,
                peer,
                router.clone(),
                shutdown.clone(),
            ));
        }
    };
    shutdown.run_until_cancelled(accepting).await;
}

fn http(settings: ServeSettings) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_header_size(settings.max_header_bytes)
        .max_buf_size(settings.max_header_bytes.max(8 * 1024));
    http
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Edits are small and must not wait for each other; without it everything still works.
                let _ = stream.set_nodelay(true);
                return (stream, peer);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections, trying again");
                tokio::time::sleep(ACCEPT_ERROR_PAUSE).await;
            }
        }
    }
}

/// Whether only the connection that was about to be accepted is affected.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn connection(
    http: http1::Builder,
    socket: Socket,
    peer: SocketAddr,
    router: Router,
    shutdown: CancellationToken,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(PeerAddress(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let mut serving = pin!(
        http.serve_connection(TokioIo::new(socket), service)
            .with_upgrades()
    );
    let result = tokio::select! {
        result = serving.as_mut() => Some(result),
        () = shutdown.cancelled() => None,
        () = tokio::time::sleep(PLAIN_CONNECTION_LIFE) => None,
    };
    let result = match result {
        Some(result) => result,
        None => {
            serving.as_mut().graceful_shutdown();
            tokio::time::timeout(LAST_ANSWER_PATIENCE, serving)
                .await
                .unwrap_or(Ok(()))
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection ended early");
    }
}

/// A stream that keeps its place among the sockets, and the tracker's attention, until it is dropped.
struct Socket {
    stream: TcpStream,
    _permit: OwnedSemaphorePermit,
    _tracked: TaskTrackerToken,
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
