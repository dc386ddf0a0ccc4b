//! Board moves: cards of one board are moved over REST while live clients watch it.
//!
//! Invariant: a move counts as seen when a watcher's own replica shows the card in its new column. At the end the
//! replicas, the board's state over REST and what the movers were told last must all say the same; a board with a card
//! in two columns, in none or in the wrong one has failed.

mod movers;
mod witness;
mod world;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::movers::{Mover, Moves};
use self::witness::Witness;
use self::world::World;
use crate::cli::{BoardMoves, Common};
use crate::connection::{Connection, ConnectionError};
use crate::problems::Problems;
use crate::report::Outcome;
use crate::rest::{Person, RestError};
use crate::scenario::{Round, Scenario};

impl Scenario for BoardMoves {
    const NAME: &'static str = "board-moves";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.movers + self.watchers + self.witnesses + 24
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.measure(round, &mut outcome).await {
            outcome.problems.push(format!("{error:#}"));
        }
        outcome
    }
}

/// Where a mover has put its cards, and why it stopped, if it did.
type Moved = (HashMap<String, String>, Option<RestError>);

/// Everybody who takes part.
struct People {
    witnesses: Vec<JoinHandle<anyhow::Result<Value>>>,
    watchers: Vec<JoinHandle<Option<ConnectionError>>>,
    movers: Vec<JoinHandle<Moved>>,
    stop: CancellationToken,
}

impl BoardMoves {
    async fn measure(&self, round: &mut Round<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        let server = round
            .server
            .as_ref()
            .ok_or_else(|| anyhow::anyhow!("it needs a fresh Weft that is started here (--start)"))?;
        let person = Person::first(server, round.target.address).await?;
        round.progress.phase("making the cards", self.cards as u64);
        let began = Instant::now();
        let world = World::make(&person, self.cards, round.progress).await?;
        let making_ms = began.elapsed().as_secs_f64() * 1_000.0;
        let moves = Arc::new(Moves::new(self.witnesses));
        let people = self.gather(round, &person, &world, &moves).await?;
        round.progress.wait("warming up", round.warm_up).await;
        moves.clear();
        let before = moves.done();
        let window = round.open().watch(round.measured, round.progress).await;
        let done = (moves.done() - before) as f64;
        let (answered, seen) = (moves.answered.recorded(), moves.seen.recorded());
        moves.end();
        outcome.gain("moves per second", done / window.wall_s);
        outcome.cost("CPU ms per move", window.cpu_ms_per(done));
        outcome.as_headline();
        let names = ["moving", "moved ms p50", "moved ms p95", "moved ms p99"];
        outcome.latencies(names, answered);
        outcome.latencies(["seeing", "seen ms p50", "seen ms p95", "seen ms p99"], seen);
        let received = done * (self.watchers + self.witnesses) as f64;
        let bytes = window.traffic.bytes_in as f64 / received.max(1.0);
        outcome.cost("bytes per move and watcher", bytes);
        outcome.cost("ms per card made", making_ms / self.cards.max(1) as f64);
        round.tell_window(outcome, &window);
        round.progress.phase("verifying", 0);
        self.verify((&person, &world), people, &moves, outcome).await
    }

    async fn gather(
        &self,
        round: &Round<'_>,
        person: &Person,
        world: &World,
        moves: &Arc<Moves>,
    ) -> anyhow::Result<People> {
        let mut target = round.target.clone();
        target.token = Some(person.token.clone());
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let mut people = People {
            witnesses: Vec::new(),
            watchers: Vec::new(),
            movers: Vec::new(),
            stop: stop.clone(),
        };
        for number in 0..self.witnesses {
            let witness = Witness::come(&target, &world.board, number, Arc::clone(moves)).await?;
            people.witnesses.push(tasks.spawn(witness.watch(stop.clone())));
        }
        for _ in 0..self.watchers {
            let mut connection = Connection::open(&target, &world.board).await?;
            connection.synced().await?;
            people
                .watchers
                .push(tasks.spawn(read_on(connection, stop.clone())));
        }
        // What is archived is not moved.
        let share = world.tasks.len() / self.movers.max(1);
        for number in 0..self.movers {
            let own = world.tasks[number * share..(number + 1) * share].to_vec();
            let pace = (self.rate, self.common.seed + number as u64);
            let mover = Mover::new(person, world, own, pace).await?;
            people.movers.push(tasks.spawn(mover.run(Arc::clone(moves))));
        }
        Ok(people)
    }

    /// Lets everybody end, and compares what they have.
    async fn verify(
        &self,
        (person, world): (&Person, &World),
        people: People,
        moves: &Moves,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let mut problems = Problems::default();
        let mut placed = world.placed();
        for mover in people.movers {
            let (own, failure) = mover.await?;
            placed.extend(own);
            if let Some(error) = failure {
                problems.note("moving", &error.to_string());
            }
        }
        moves.wait_until_seen().await;
        people.stop.cancel();
        let (state, took_ms) = world.state(person).await?;
        outcome.cost("whole state over REST, ms", took_ms);
        world.check(&state, &placed, &mut problems);
        for witness in people.witnesses {
            match witness.await? {
                Ok(shown) if shown == state => {}
                Ok(_) => problems.note("content", "a watcher's replica differs from the state over REST"),
                Err(error) => problems.note("watching", &error.to_string()),
            }
        }
        for watcher in people.watchers {
            if let Some(error) = watcher.await? {
                problems.note("watching", &error.to_string());
            }
        }
        let unseen = moves.unseen();
        if unseen > 0 {
            problems.note("moves never seen", &unseen.to_string());
        }
        outcome.problems.extend(problems.into_list());
        Ok(())
    }
}

/// Reads and forgets until told to stop; why it could not go on.
async fn read_on(mut connection: Connection, stop: CancellationToken) -> Option<ConnectionError> {
    loop {
        match stop.run_until_cancelled(connection.next()).await {
            None => {
                connection.close().await;
                return None;
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Some(error),
        }
    }
}
