//! One server under test as a process: started afresh on its core, killed, started again, ended.
//!
//! Invariant: a server that was started here has ended when its value is dropped, and its data is gone with it. It
//! must never end a process that it did not start.

use std::fs::{self, File, OpenOptions};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::machine::cores::{Pinning, started_on};
use crate::measure::process::Process;

/// How long a server may take to accept connections.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long it may take to end when it is asked to; then it is killed.
const END_TIMEOUT: Duration = Duration::from_secs(30);
/// How long it may go on working after it accepts; what starts still works for a moment.
const REST_TIMEOUT: Duration = Duration::from_secs(10);
/// Lines of its log that are told when it does not start.
const TOLD_LINES: usize = 15;

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Start {
    /// A shell command that stays in the foreground; `{port}` and `{data}` are replaced.
    pub command: String,
    /// Where it will listen.
    pub address: SocketAddr,
    /// Which core it gets.
    pub pinning: Option<Pinning>,
    /// The directory in which each server's data gets a directory of its own.
    pub scratch: PathBuf,
}

/// A server that was started here.
#[derive(Debug)]
pub struct Server {
    start: Start,
    child: Child,
    data: TempDir,
}

impl Server {
    /// Starts a server with an empty data directory and waits until it accepts and rests.
    ///
    /// # Errors
    /// If something listens there already, or the server does not start.
    pub async fn launch(start: &Start) -> anyhow::Result<Self> {
        anyhow::ensure!(
            TcpStream::connect(start.address).await.is_err(),
            "something listens on {} already",
            start.address
        );
        let data = tempfile::Builder::new()
            .prefix("weft-loadtest-")
            .tempdir_in(&start.scratch)
            .with_context(|| format!("cannot make a directory in {}", start.scratch.display()))?;
        let child = spawn(start, &data)?;
        let mut server = Self {
            start: start.clone(),
            child,
            data,
        };
        server.accepts().await?;
        server.rests().await;
        Ok(server)
    }

    /// The process.
    #[must_use]
    pub fn process(&self) -> Process {
        Process::of_pid(self.child.id())
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.data.path().join("data")
    }

    /// Everything it has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        fs::read_to_string(self.data.path().join("log")).unwrap_or_default()
    }

    /// Ends it at this instant, as a crash would, and waits until it is gone.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(&mut self) -> std::io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Starts it again on the same data, after it was killed or, if it still runs, asked to end.
    ///
    /// Returns how long it took from the start until it accepted, in seconds.
    ///
    /// # Errors
    /// If it does not come back.
    pub async fn start_again(&mut self) -> anyhow::Result<f64> {
        self.end().await;
        let began = Instant::now();
        self.child = spawn(&self.start, &self.data)?;
        self.accepts().await?;
        Ok(began.elapsed().as_secs_f64())
    }

    /// Asks it to end and waits for it; after a while it is killed.
    pub async fn end(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
            && matches!(self.child.try_wait(), Ok(None))
        {
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + END_TIMEOUT;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.kill();
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn accepts(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(self.start.address).await.is_err() {
            let ended = self.child.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let said = self.said();
                let lines: Vec<_> = said.lines().collect();
                let last = lines[lines.len().saturating_sub(TOLD_LINES)..].join("\n");
                anyhow::bail!(
                    "`{}` does not listen on {}:\n{last}",
                    self.start.command,
                    self.start.address
                );
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Waits until the process uses no CPU any more.
    async fn rests(&self) {
        let deadline = Instant::now() + REST_TIMEOUT;
        let mut before = f64::MIN;
        while Instant::now() < deadline {
            sleep(Duration::from_millis(300)).await;
            let Some(usage) = self.process().usage() else {
                return;
            };
            if usage.cpu_s - before < 0.005 {
                return;
            }
            before = usage.cpu_s;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whatever could not be ended in time must not outlive the run; there is nobody left to tell.
        let _ = self.kill();
    }
}

fn spawn(start: &Start, data: &TempDir) -> anyhow::Result<Child> {
    let folder = data.path().join("data");
    fs::create_dir_all(&folder)?;
    let log = log_file(data)?;
    let command = start
        .command
        .replace("{port}", &start.address.port().to_string())
        .replace("{data}", &folder.display().to_string());
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("exec {command}")])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let child = match start.pinning {
        Some(pinning) => started_on(pinning.server, || shell.spawn())?,
        None => shell.spawn(),
    };
    child.with_context(|| format!("cannot start `{command}`"))
}

fn log_file(data: &TempDir) -> std::io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(data.path().join("log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(command: &str) -> Start {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        Start {
            command: command.to_owned(),
            address: free.local_addr().expect("bound"),
            pinning: None,
            scratch: std::env::temp_dir(),
        }
    }

    #[tokio::test]
    async fn a_server_that_does_not_start_says_why() {
        let failed = Server::launch(&start("sh -c 'echo no such database >&2; exit 3'")).await;
        let text = failed.expect_err("it ended").to_string();
        assert!(text.contains("no such database"), "{text}");
    }

    #[tokio::test]
    async fn a_place_that_is_taken_is_not_measured() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let start = Start {
            address: taken.local_addr().expect("bound"),
            ..start("sleep 60")
        };
        let text = Server::launch(&start).await.expect_err("taken").to_string();
        assert!(text.contains("already"), "{text}");
    }
}
