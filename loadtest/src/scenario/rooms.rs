//! Rooms in which some write and all read: what fan-out, hot room, presence and slow readers have in common.
//!
//! Invariant: everybody is synced before the first edit, so that each edit has the same number of receivers. It must
//! not know which figures a scenario makes of it.

use std::sync::atomic::Ordering;

use crate::measure::histogram::Recorded;
use crate::measure::window::Window;
use crate::member::{Counters, Phase};
use crate::report::Outcome;
use crate::role::Rooms;
use crate::scenario::Round;
use crate::swarm::Swarm;

/// What was measured while the rooms worked.
#[derive(Debug)]
pub struct Worked {
    /// CPU, memory, traffic.
    pub window: Window,
    /// Edits that somebody else saw during it.
    pub edits_seen: f64,
    /// States of presence that somebody else saw during it.
    pub presence_seen: f64,
    /// From sending an edit until somebody else had it.
    pub latencies: Recorded,
    /// The same for presence.
    pub presence_latencies: Recorded,
    /// From sending an edit until it was acknowledged.
    pub ack_latencies: Recorded,
    /// How late the swarm itself was, 99th percentile, in milliseconds.
    pub lag_ms: Option<f64>,
}

/// Lets a gathered swarm work for as long as the round says.
pub async fn work(round: &Round<'_>, swarm: &Swarm) -> Worked {
    swarm.enter(Phase::Work);
    round.progress.wait("warming up", round.warm_up).await;
    let counters = swarm.counters();
    let seen = |counters: &Counters| {
        (
            counters.edits_seen.load(Ordering::Relaxed),
            counters.presence_seen.load(Ordering::Relaxed),
        )
    };
    counters.clear_latencies();
    let before = seen(counters);
    let window = round.open().watch(round.measured, round.progress).await;
    let after = seen(counters);
    Worked {
        window,
        edits_seen: (after.0 - before.0) as f64,
        presence_seen: (after.1 - before.1) as f64,
        latencies: counters.latencies.recorded(),
        presence_latencies: counters.presence_latencies.recorded(),
        ack_latencies: counters.ack_latencies.recorded(),
        lag_ms: counters.lag.quantile_ms(0.99),
    }
}

/// Gathers, loads, measures, checks; the scenario adds its figures with `figures`.
pub async fn run_rooms(
    round: &mut Round<'_>,
    rooms: Rooms,
    figures: impl FnOnce(&mut Outcome, &Worked),
) -> Outcome {
    let mut outcome = Outcome::default();
    let roles = rooms.roles(round.target, &round.tag, &mut round.random);
    let swarm = Swarm::gather(round.target, roles, round.progress).await;
    let worked = work(round, &swarm).await;
    figures(&mut outcome, &worked);
    round.tell_window(&mut outcome, &worked.window);
    outcome.tell("load generator lag ms p99", worked.lag_ms);
    let edits_expected = rooms.writers > 0 && rooms.rate > 0.0 && rooms.per_room > 1;
    if worked.edits_seen == 0.0 && edits_expected {
        let problem = "no edit reached anybody while it was measured";
        outcome.problems.push(problem.to_owned());
    }
    let (_, problems) = swarm.finish(round.progress).await;
    outcome.problems.extend(problems);
    outcome
}
