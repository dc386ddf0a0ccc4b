//! Cold open: a long history is taken in, the server restarts, the first client opens the document, then a second.
//!
//! Invariant: the history counts as taken in when the server has acknowledged all of it; both clients must get exactly
//! what a local replica makes of it.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::cli::{ColdOpen, Common};
use crate::connection::{Connection, ConnectionError};
use crate::history::history;
use crate::measure::process::Process;
use crate::measure::report::Outcome;
use crate::replica::Replica;
use crate::scenario::{Round, Scenario};
use crate::target::{Acknowledgement, Target};
use crate::wire::Inbound;

/// How long a restarted server may take to accept connections.
const RESTART_TIMEOUT: Duration = Duration::from_secs(30);

impl Scenario for ColdOpen {
    const NAME: &'static str = "cold-open";

    fn common(&self) -> &Common {
        &self.common
    }

    async fn round(&self, round: &Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.measure(round, &mut outcome).await {
            outcome.problems.push(format!("{error:#}"));
        }
        outcome
    }
}

impl ColdOpen {
    async fn measure(&self, round: &Round<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        let (target, document) = (round.target, format!("{}-history", round.tag));
        round.progress.phase("making the history", 0);
        let updates = history(self.operations, self.writers);
        let expected = Replica::from_updates(&updates)?.text();
        round.progress.phase("taking the history in", 0);
        let opened = round.open(None);
        pour(target, &document, &updates)
            .await
            .context("taking the history in")?;
        let intake = round.close(&opened, None);
        outcome.push("time to take the history in, s", intake.wall_s);
        outcome.push(
            "CPU ms per 1,000 operations",
            intake.cpu_ms_per(updates.len() as f64 / 1_000.0),
        );
        let server = self.restart(round).await?;
        let usage = || server.and_then(Process::usage);
        let before = usage();
        let (mut held, mut state_bytes) = (Vec::new(), 0.0);
        for (name, cpu) in [
            ("cold open, ms", "cold open, CPU ms"),
            ("second open, ms", "second open, CPU ms"),
        ] {
            let (start, cpu_before) = (Instant::now(), usage());
            let mut connection = Connection::open(target, &document).await?;
            let (state, _) = connection.synced().await?;
            outcome.push(name, start.elapsed().as_secs_f64() * 1_000.0);
            let spent = usage()
                .zip(cpu_before)
                .map(|(after, before)| (after.cpu_s - before.cpu_s) * 1_000.0);
            outcome.push(cpu, spent);
            state_bytes = state.len() as f64;
            held.push((connection, state));
        }
        let growth = usage()
            .zip(before)
            .map(|(after, before)| after.resident_kib - before.resident_kib);
        outcome.push(
            "resident growth while opening, MiB",
            growth.map(|kib| kib / 1_024.0),
        );
        outcome.push("state MiB", state_bytes / 1_048_576.0);
        for (connection, state) in held {
            check(&state, &expected)?;
            connection.close().await;
        }
        Ok(())
    }

    /// Restarts the server with the command given for it, if one was, and finds its new process.
    async fn restart(&self, round: &Round<'_>) -> anyhow::Result<Option<Process>> {
        let own = format!("{}=", round.target.label);
        let Some(command) = self
            .restart
            .iter()
            .find_map(|argument| argument.strip_prefix(&own))
        else {
            round
                .progress
                .wait("resting", Duration::from_secs(self.rest))
                .await;
            return Ok(round.server);
        };
        round.progress.phase("restarting", 0);
        let status = Command::new("sh")
            .args(["-c", command])
            .stdout(Stdio::null())
            .status()?;
        anyhow::ensure!(status.success(), "`{command}` failed: {status}");
        let deadline = Instant::now() + RESTART_TIMEOUT;
        while TcpStream::connect(round.target.address).await.is_err() {
            anyhow::ensure!(Instant::now() < deadline, "the server did not come back");
            sleep(Duration::from_millis(50)).await;
        }
        Ok(Process::listening_on(round.target.address))
    }
}

/// Sends all updates through one connection and waits until all are acknowledged.
async fn pour(target: &Target, document: &str, updates: &[Vec<u8>]) -> Result<(), ConnectionError> {
    let mut connection = Connection::open(target, document).await?;
    let (_, earlier) = connection.synced().await?;
    let wire = connection.wire().clone();
    let last = match target.acknowledgement {
        Acknowledgement::SyncStatus => None,
        Acknowledgement::Version => Some(wire.version(1)),
        Acknowledgement::None => Some(wire.step1()),
    };
    let frames = updates.iter().map(|update| wire.update(update)).chain(last);
    let mut outstanding = updates.len() + earlier as usize;
    connection
        .pour(frames, |message| match (target.acknowledgement, message) {
            (Acknowledgement::SyncStatus, Inbound::Status(true)) => {
                outstanding -= 1;
                outstanding == 0
            }
            (Acknowledgement::Version, Inbound::Version(_)) => true,
            (Acknowledgement::None, Inbound::Step2(_)) => true,
            _ => false,
        })
        .await?;
    connection.close().await;
    Ok(())
}

fn check(state: &Bytes, expected: &str) -> anyhow::Result<()> {
    let text = Replica::from_updates([state])?.text();
    anyhow::ensure!(
        text == expected,
        "the opened document has {} of {} characters, or others",
        text.len(),
        expected.len()
    );
    Ok(())
}
