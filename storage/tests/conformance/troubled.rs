//! Stands between the storage and an S3 server, and makes trouble: silence, failures, answers that break off.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// What the proxy does to connections, those that are open included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Everything passes.
    None = 0,
    /// Nothing comes back.
    Silence = 1,
    /// Each request is answered with 500.
    Failure = 2,
    /// Answers break off once, behind their first half megabyte.
    BreakOff = 3,
    /// Connections are closed at once.
    Refusal = 4,
}

/// After so many bytes an answer breaks off.
const BREAK_BYTES: usize = 512 * 1024;
const FAILURE: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";

/// A running proxy; it ends with this.
pub(crate) struct TroubledProxy {
    pub(crate) address: SocketAddr,
    trouble: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    _stop: DropGuard,
}

impl TroubledProxy {
    /// Starts a proxy before `server`.
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (trouble, connections) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (now, count, spawner, stopped) = (
            Arc::clone(&trouble),
            Arc::clone(&connections),
            tasks.clone(),
            stop.clone(),
        );
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let relay = relay(client, server, Arc::clone(&now));
                spawner.spawn(stopped.clone().run_until_cancelled_owned(relay));
            }
        }));
        Self {
            address,
            trouble,
            connections,
            _stop: stop.drop_guard(),
        }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn set(&self, trouble: Trouble) {
        self.trouble.store(trouble as usize, Ordering::SeqCst);
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn relay(client: TcpStream, server: SocketAddr, trouble: Arc<AtomicUsize>) {
    let is = |which: Trouble| trouble.load(Ordering::SeqCst) == which as usize;
    if is(Trouble::Refusal) {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (failing, mut failed) = tokio::sync::mpsc::channel::<()>(1);
    let up = async {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = from_client.read(&mut buffer).await.unwrap_or(0);
            if length == 0 || is(Trouble::Refusal) {
                return;
            }
            if is(Trouble::Failure) {
                // The whole head is in the first read, and bodies of failed requests interest nobody.
                let _ = failing.send(()).await;
                return std::future::pending().await;
            }
            if is(Trouble::Silence) {
                continue;
            }
            if to_server.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    let down = async {
        let (mut buffer, mut passed) = (vec![0; 1 << 16], 0);
        loop {
            let length = tokio::select! {
                length = from_server.read(&mut buffer) => length.unwrap_or(0),
                _ = failed.recv() => {
                    let _ = to_client.write_all(FAILURE).await;
                    return;
                }
            };
            if length == 0 {
                return;
            }
            if is(Trouble::Silence) {
                continue;
            }
            passed += length;
            let breaks_off = is(Trouble::BreakOff) && passed > BREAK_BYTES;
            if breaks_off {
                trouble.store(Trouble::None as usize, Ordering::SeqCst);
                return;
            }
            if to_client.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}
