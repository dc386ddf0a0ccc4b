//! Soak: for as long as asked, documents open and close, clients come and go, requests and edits go on; then the
//! verdict whether anything of the server grows that should not.
//!
//! Time is divided into turns. Each has rooms of its own, whose content is checked at the end of the turn, so that no
//! document grows for hours and hides what leaks. Beside them, churners open documents, look whether everything is as
//! they left it, write, and leave, some of them without goodbye.
//! Invariant: what was written is checked all along, not only at the end. Growth is judged by the slope of a straight
//! line and its error, after the first fifth of the time.

mod churn;
mod documents;
mod samples;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::churn::Churner;
use self::documents::Documents;
use self::samples::Sampler;
use crate::cli::{Common, Soak};
use crate::member::Phase;
use crate::problems::Problems;
use crate::report::Outcome;
use crate::role::Rooms;
use crate::scenario::{Round, Scenario};
use crate::swarm::Swarm;

/// How long a turn of the rooms takes.
const TURN: Duration = Duration::from_secs(60);
/// How long the server is left alone at the end, so that documents are unloaded.
const REST: Duration = Duration::from_secs(45);

impl Scenario for Soak {
    const NAME: &'static str = "soak";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.rooms * self.per_room + self.churners + 16
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.measure(round, &mut outcome).await {
            outcome.problems.push(format!("{error:#}"));
        }
        outcome
    }
}

impl Soak {
    async fn measure(&self, round: &mut Round<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        let total = if self.common.smoke {
            round.measured
        } else {
            Duration::from_secs_f64(self.minutes * 60.0)
        };
        let rest = if self.common.smoke { Duration::ZERO } else { REST };
        let documents = Arc::new(Documents::open(round).await?);
        let metrics = self.metrics(&round.target.label)?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let began = Instant::now();
        let sampler = tasks.spawn(Sampler::new(round.process, metrics).run(stop.clone()));
        let churners: Vec<_> = (0..self.churners)
            .map(|number| {
                let churner = Churner::new(Arc::clone(&documents), number, self.common.seed);
                tasks.spawn(churner.run(stop.clone()))
            })
            .collect();
        let requests = tasks.spawn(Arc::clone(&documents).keep_asking(stop.clone()));
        let mut problems = Problems::default();
        let (mut turns, mut edits) = (0.0, 0.0);
        while began.elapsed() < total {
            let left = total.saturating_sub(began.elapsed());
            edits += self
                .turn(round, &documents, TURN.min(left), &mut problems)
                .await?;
            turns += 1.0;
        }
        // Growth is judged while there is work; afterwards it is only looked at what remains.
        let worked_s = began.elapsed().as_secs_f64();
        stop.cancel();
        let mut visits = 0.0;
        for churner in churners {
            let done = churner.await?;
            visits += done.visits;
            done.problems
                .iter()
                .for_each(|problem| problems.note("churn", problem));
        }
        let (asked, failed) = requests.await?;
        if let Some(failed) = failed {
            problems.note("requests", &failed);
        }
        let samples = sampler.await?;
        round.progress.wait("resting", rest).await;
        outcome.tell("minutes", worked_s / 60.0);
        outcome.tell("turns of rooms", turns);
        outcome.tell("edits seen in rooms", edits);
        outcome.tell("documents opened by churners", visits);
        outcome.tell("requests", asked);
        samples.judge(outcome, &mut problems);
        let ended = Sampler::new(round.process, metrics).sample(0.0).await;
        outcome.tell("resident MiB after the rest", ended.resident_mib);
        outcome.tell("open files after the rest", ended.descriptors);
        outcome.problems.extend(problems.into_list());
        Ok(())
    }

    /// Fresh rooms that work for a while and are checked; how many edits were seen in them.
    async fn turn(
        &self,
        round: &mut Round<'_>,
        documents: &Documents,
        length: Duration,
        problems: &mut Problems,
    ) -> anyhow::Result<f64> {
        let rooms = Rooms {
            rooms: self.rooms,
            per_room: self.per_room,
            writers: 2.min(self.per_room),
            rate: 2.0,
            padding: 0,
            presenters: self.per_room,
            presence: 0.2,
            slow: 0,
        };
        let mut roles = rooms.roles(round.target, &round.tag, &mut round.random);
        for room in roles.chunks_mut(self.per_room.max(1)) {
            let name = documents.fresh().await?;
            for role in room {
                role.document.clone_from(&name);
            }
        }
        let target = documents.target();
        let swarm = Swarm::gather(&target, roles, round.progress).await;
        swarm.enter(Phase::Work);
        round.progress.wait("a turn", length).await;
        let (accounts, found) = swarm.finish(round.progress).await;
        found.iter().for_each(|problem| problems.note("rooms", problem));
        Ok(accounts.iter().map(|account| account.tally.seen() as f64).sum())
    }

    fn metrics(&self, label: &str) -> anyhow::Result<Option<std::net::SocketAddr>> {
        let own = format!("{label}=");
        let address = self
            .metrics
            .iter()
            .find_map(|argument| argument.strip_prefix(&own));
        let Some(address) = address else {
            return Ok(None);
        };
        let parsed: std::net::SocketAddr = address.parse()?;
        anyhow::ensure!(parsed.ip().is_loopback(), "{address} is not a loopback address");
        Ok(Some(parsed))
    }
}
