//! Stands between the storage and Postgres and swallows what Postgres answers to a commit, as a network that fails at the
//! worst moment does.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// The name that Postgres gives to its socket.
const SOCKET: &str = ".s.PGSQL.5432";
/// `CommandComplete` of a commit.
const COMMITTED: &[u8] = b"C\0\0\0\x0bCOMMIT\0";

/// Beginning of what `CommandComplete` says of an insert.
const INSERTED: &[u8] = b"INSERT 0 ";

/// A running proxy; it ends with this.
pub(crate) struct Proxy {
    directory: tempfile::TempDir,
    /// Whether commits of transactions that have inserted something are cut off.
    pub(crate) cuts: Arc<AtomicBool>,
    _stop: DropGuard,
}

impl Proxy {
    /// Starts a proxy for the server whose socket is in `server`.
    pub(crate) fn start(server: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join(SOCKET)).unwrap();
        let (cuts, stop, server) = (
            Arc::<AtomicBool>::default(),
            CancellationToken::new(),
            server.join(SOCKET),
        );
        let (cutting, stopped, tasks) = (Arc::clone(&cuts), stop.clone(), TaskTracker::new());
        let connections = tasks.clone();
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&server).await.unwrap();
                let relay = relay(client, server, Arc::clone(&cutting));
                connections.spawn(stopped.clone().run_until_cancelled_owned(relay));
            }
        }));
        Self {
            directory,
            cuts,
            _stop: stop.drop_guard(),
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// Passes everything on until one side ends or a commit is cut off.
async fn relay(client: UnixStream, server: UnixStream, cuts: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = tokio::io::copy(&mut from_client, &mut to_server);
    let down = async {
        let mut buffer = vec![0; 1 << 16];
        let mut has_inserted = false;
        loop {
            let length = from_server.read(&mut buffer).await.unwrap_or(0);
            let answer = &buffer[..length];
            let says = |what: &[u8]| answer.windows(what.len()).any(|part| part == what);
            has_inserted |= says(INSERTED);
            let is_commit = says(COMMITTED);
            if length == 0 || (is_commit && has_inserted && cuts.load(Ordering::SeqCst)) {
                break;
            }
            has_inserted &= !is_commit;
            if to_client.write_all(answer).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        _ = up => {}
        () = down => {}
    }
}
