//! Cold open: a long history is taken in, the server restarts, the first client opens the document, then a second.
//!
//! Invariant: the history counts as taken in when the server has acknowledged all of it; both clients must get exactly
//! what a local replica makes of it. Memory is looked at when the server has taken an edit in besides, so that nothing is
//! put off.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use tokio::time::Instant;

use crate::cli::{ColdOpen, Common};
use crate::connection::Connection;
use crate::history::{batched, history};
use crate::measure::process::Process;
use crate::measure::progress::Progress;
use crate::replica::Replica;
use crate::report::Outcome;
use crate::role::client_id;
use crate::scenario::{Round, Scenario};
use crate::target::Acknowledgement;
use crate::writer::Writer;

/// A server that spent less than this share of a core for a moment writes no more.
const IDLE_SHARE: f64 = 0.05;
const MOMENT: Duration = Duration::from_secs(2);
/// It is not waited for longer than so many of them.
const MOST_MOMENTS: u32 = 60;

impl Scenario for ColdOpen {
    const NAME: &'static str = "cold-open";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        2
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.measure(round, &mut outcome).await {
            outcome.problems.push(format!("{error:#}"));
        }
        outcome
    }
}

impl ColdOpen {
    async fn measure(&self, round: &mut Round<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        let document = format!("{}-history", round.tag);
        round.progress.phase("making the history", 0);
        let operations = history(self.operations, self.writers);
        let expected = Replica::from_updates(&operations)?.text();
        let updates = if self.per_update > 1 {
            batched(&operations, self.per_update)?
        } else {
            operations
        };
        round.progress.phase("taking the history in", 0);
        let opened = round.open();
        let mut connection = Connection::open(round.target, &document).await?;
        let (_, earlier) = connection.synced().await?;
        connection
            .pour_edits(&updates, earlier)
            .await
            .context("taking the history in")?;
        let intake = opened.close();
        connection.close().await;
        outcome.cost("time to take the history in, s", intake.wall_s);
        outcome.cost(
            "CPU ms per 1,000 operations",
            intake.cpu_ms_per(self.operations as f64 / 1_000.0),
        );
        self.restart(round, outcome).await?;
        let before = round.usage();
        let began = Instant::now();
        let (mut held, mut state_bytes) = (Vec::new(), 0.0);
        for (name, cpu) in [
            ("cold open, ms", "cold open, CPU ms"),
            ("second open, ms", "second open, CPU ms"),
        ] {
            let (start, cpu_before) = (Instant::now(), round.usage());
            let mut connection = Connection::open(round.target, &document).await?;
            let (state, earlier) = connection.loaded().await?;
            outcome.cost(name, start.elapsed().as_secs_f64() * 1_000.0);
            if held.is_empty() {
                outcome.as_headline();
            }
            let spent = round
                .usage()
                .zip(cpu_before)
                .map(|(after, before)| (after.cpu_s - before.cpu_s) * 1_000.0);
            outcome.cost(cpu, spent);
            state_bytes = state.iter().map(|update| update.len()).sum::<usize>() as f64;
            held.push((connection, state, earlier));
        }
        // A server may answer before it is ready for more: an edit waits until it is, and so does its memory.
        if let Some((connection, _, earlier)) = held.first_mut() {
            let edit = Writer::new(client_id(self.writers)).append(b"!");
            let earlier = connection.asked(*earlier).await?;
            connection
                .pour_edits(&[edit], earlier)
                .await
                .context("the first edit")?;
        }
        outcome.cost(
            "first edit acknowledged since the open, ms",
            began.elapsed().as_secs_f64() * 1_000.0,
        );
        let after = round.usage();
        let growth = |of: fn(crate::measure::process::Usage) -> f64| {
            Some((of(after?) - before?.resident_kib) / 1_024.0)
        };
        outcome.cost(
            "resident growth while opening, MiB",
            growth(|usage| usage.resident_kib),
        );
        outcome.cost("the same at its peak, MiB", growth(|usage| usage.peak_kib));
        outcome.tell("state MiB", state_bytes / 1_048_576.0);
        for (connection, state, _) in held {
            check(&state, &expected)?;
            connection.close().await;
        }
        Ok(())
    }

    /// Restarts the server if it was started here; otherwise the document only has time to be unloaded.
    async fn restart(&self, round: &mut Round<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        let rest = Duration::from_secs(self.rest);
        match &mut round.server {
            Some(server) => {
                if round.target.acknowledgement == Acknowledgement::None {
                    settle(server.process(), round.progress).await;
                }
                round.progress.phase("restarting", 0);
                outcome.tell("restart, s", server.start_again().await?);
                round.process = Some(server.process());
            }
            None => round.progress.wait("resting", rest).await,
        }
        if let Some(process) = round.process {
            process.start_peak_anew();
        }
        Ok(())
    }
}

/// Waits until a server that never says when it has written is through with it: until it has been idle for a moment.
async fn settle(process: Process, progress: &Progress) {
    let cpu_s = || process.usage().map_or(0.0, |usage| usage.cpu_s);
    for _ in 0..MOST_MOMENTS {
        let before = cpu_s();
        progress.wait("letting it write", MOMENT).await;
        if cpu_s() - before < IDLE_SHARE * MOMENT.as_secs_f64() {
            return;
        }
    }
}

fn check(state: &[Bytes], expected: &str) -> anyhow::Result<()> {
    let text = Replica::from_updates(state)?.text();
    anyhow::ensure!(
        text == expected,
        "the opened document has {} of {} characters, or others",
        text.len(),
        expected.len()
    );
    Ok(())
}
