//! Slow readers: some clients of busy rooms stop reading; the others must not notice, and memory must not grow.
//!
//! Invariant: latencies are those of the clients that read. Whoever did not read must have everything once it reads
//! again, or have been cut off; a server may do either.

use crate::cli::{Common, SlowReaders};
use crate::report::Outcome;
use crate::role::{Reading, Rooms};
use crate::scenario::rooms::work;
use crate::scenario::{Round, Scenario};
use crate::swarm::Swarm;

impl Scenario for SlowReaders {
    const NAME: &'static str = "slow-readers";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.rooms * self.per_room
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let rooms = Rooms {
            rooms: self.rooms,
            per_room: self.per_room,
            writers: self.writers,
            rate: self.rate,
            padding: self.padding,
            presenters: 0,
            presence: 0.0,
            slow: self.slow,
        };
        let roles = rooms.roles(round.target, &round.tag, &mut round.random);
        let before_kib = round.usage().map(|usage| usage.resident_kib);
        let swarm = Swarm::gather(round.target, roles, round.progress).await;
        let worked = work(round, &swarm).await;
        let (seen, window) = (worked.edits_seen, &worked.window);
        let names = ["latency", "latency ms p50", "latency ms p95", "latency ms p99"];
        outcome.latencies(names, worked.latencies.clone());
        outcome.cost("CPU ms per 1,000 deliveries", window.cpu_ms_per(seen / 1_000.0));
        outcome.as_headline();
        let growth = window.peak_kib.zip(before_kib);
        outcome.cost(
            "memory above the start, MiB, at the peak",
            growth.map(|(peak, before)| (peak - before) / 1_024.0),
        );
        let held_back = self.rate
            * (self.padding + 24) as f64
            * self.writers as f64
            * (window.wall_s + round.warm_up.as_secs_f64())
            * (self.slow * self.rooms) as f64;
        outcome.tell("sent to those who do not read, MiB", held_back / 1_048_576.0);
        outcome.cost(
            "slow readers have everything, s",
            swarm.quiet(round.progress).await,
        );
        let (accounts, problems) = swarm.finish(round.progress).await;
        let slow = accounts
            .iter()
            .filter(|account| account.role.reading == Reading::NotDuringWork);
        let cut_off = slow.filter(|account| account.failure.is_some()).count();
        outcome.tell("slow readers cut off", cut_off as f64);
        round.tell_window(&mut outcome, window);
        outcome.problems.extend(problems);
        outcome
    }
}
