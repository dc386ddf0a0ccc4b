//! Crash: a writer at work, the server killed in the middle, started again on its data, and a fresh client reads.
//!
//! Invariant: an edit that was acknowledged before the kill and is missing afterwards is a failed check. Edits that
//! were only seen by others are counted; nobody had promised them. Afterwards the writer returns with everything it
//! wrote, as its real counterpart does, and then nothing may be missing.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use rand::Rng;
use tokio::time::{Instant, sleep};

use crate::cli::{Common, Crash};
use crate::connection::Connection;
use crate::marker::scan;
use crate::member::{Account, Phase};
use crate::replica::Replica;
use crate::report::Outcome;
use crate::role::{Role, Rooms, Sampled};
use crate::scenario::{Round, Scenario};
use crate::swarm::Swarm;
use crate::target::{Acknowledgement, Asking, Content};
use crate::verify::load;

impl Scenario for Crash {
    const NAME: &'static str = "crash";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        4
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.measure(round, &mut outcome).await {
            outcome.problems.push(format!("{error:#}"));
        }
        outcome
    }
}

/// What all kills of a round came to.
#[derive(Default)]
struct Sum {
    sent: usize,
    acknowledged: usize,
    seen: usize,
    acknowledged_lost: usize,
    seen_lost: usize,
    restart_s: f64,
    open_s: f64,
}

impl Crash {
    async fn measure(&self, round: &mut Round<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        anyhow::ensure!(
            round.target.content == Content::Kept,
            "{} keeps nothing that a crash could lose",
            round.target.label
        );
        let mut sum = Sum::default();
        for number in 0..self.kills {
            self.kill_once(round, number, &mut sum).await?;
        }
        let acknowledges = round.target.acknowledgement != Acknowledgement::None;
        outcome.tell("edits sent", sum.sent as f64);
        outcome.tell(
            "edits acknowledged",
            acknowledges.then_some(sum.acknowledged as f64),
        );
        outcome.tell("edits that another client had seen", sum.seen as f64);
        outcome.cost(
            "acknowledged edits lost",
            acknowledges.then_some(sum.acknowledged_lost as f64),
        );
        outcome.cost("edits that another client had seen, lost", sum.seen_lost as f64);
        let kills = f64::from(self.kills.max(1));
        outcome.cost("accepts again after, s", sum.restart_s / kills);
        outcome.cost("document readable again after, s", sum.open_s / kills);
        if sum.acknowledged_lost > 0 {
            outcome
                .problems
                .push(format!("{} acknowledged edits are lost", sum.acknowledged_lost));
        }
        Ok(())
    }

    async fn kill_once(&self, round: &mut Round<'_>, number: u32, sum: &mut Sum) -> anyhow::Result<()> {
        let roles = self.roles(round, number);
        let document = roles[0].document.clone();
        let swarm = Swarm::gather(round.target, roles, round.progress).await;
        swarm.enter(Phase::Work);
        let share = round.random.random_range(0.8..1.2);
        round
            .progress
            .wait("writing", Duration::from_secs_f64(self.after).mul_f64(share))
            .await;
        let server = round
            .server
            .as_mut()
            .context("only a server that was started here (--start) can be killed")?;
        server.kill()?;
        // What is still in the sockets arrives at clients whatever happens to the server.
        sleep(Duration::from_millis(200)).await;
        let accounts = swarm.disband().await;
        anyhow::ensure!(
            accounts.len() == 2,
            "the writer and the reader could not both connect"
        );
        let begun = Instant::now();
        sum.restart_s += server.start_again().await?;
        round.process = Some(server.process());
        let state = load(round.target, &document).await?;
        sum.open_s += begun.elapsed().as_secs_f64();
        let found = sequences(&state)?;
        let (writer, reader) = (&accounts[0], &accounts[1]);
        let missing = |of: u32| (0..of).filter(|sequence| !found.contains(sequence)).count();
        sum.sent += writer.sent as usize;
        sum.acknowledged += writer.acknowledged as usize;
        sum.acknowledged_lost += missing(writer.acknowledged);
        sum.seen += reader.tally.latest(0) as usize;
        sum.seen_lost += missing(reader.tally.latest(0));
        self.return_with_everything(round, &document, writer).await
    }

    /// The writer comes back, says what it has, and everything is there.
    async fn return_with_everything(
        &self,
        round: &Round<'_>,
        document: &str,
        writer: &Account,
    ) -> anyhow::Result<()> {
        let mut connection = Connection::open(round.target, document).await?;
        let (_, earlier) = connection.synced().await?;
        connection
            .pour_edits(&writer.updates, earlier)
            .await
            .context("the writer returns")?;
        connection.close().await;
        let found = sequences(&load(round.target, document).await?)?;
        anyhow::ensure!(
            found.len() == writer.sent as usize,
            "{} of {} edits are there after the writer has returned",
            found.len(),
            writer.sent
        );
        Ok(())
    }

    fn roles(&self, round: &mut Round<'_>, number: u32) -> Vec<Role> {
        let pair = Rooms {
            rooms: 1,
            per_room: 2,
            writers: 1,
            rate: self.rate,
            padding: 0,
            presenters: 0,
            presence: 0.0,
            slow: 0,
        };
        let tag = format!("{}-kill-{number}", round.tag);
        let mut roles = pair.roles(round.target, &tag, &mut round.random);
        for role in &mut roles {
            role.asking = Asking::EachEdit;
            role.replica = Sampled::Yes;
        }
        roles
    }
}

/// Which of the one writer's edits a state holds.
fn sequences(state: &[bytes::Bytes]) -> anyhow::Result<BTreeSet<u32>> {
    let text = Replica::from_updates(state)?.text();
    Ok(scan(text.as_bytes()).map(|marker| marker.sequence).collect())
}
