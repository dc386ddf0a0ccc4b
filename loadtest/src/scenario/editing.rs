//! Rooms in which some write and all read: what fan-out, hot room and acknowledgement latency have in common.
//!
//! Invariant: everybody is synced before the first edit, so that each edit has the same number of receivers. It must
//! not know which figures a scenario makes of it.

use std::time::Duration;

use rand::Rng;

use crate::measure::report::Outcome;
use crate::member::{Counters, Phase, Role, Sampled};
use crate::scenario::{Round, Window};
use crate::swarm::Swarm;

/// Rooms whose replicas are kept and compared at the end.
const SAMPLED_ROOMS: usize = 5;

/// The load.
#[derive(Clone, Copy, Debug)]
pub struct Editing {
    /// Rooms.
    pub rooms: usize,
    /// Clients in each.
    pub per_room: usize,
    /// Of these, how many write.
    pub writers_per_room: usize,
    /// Edits per second of each writer.
    pub rate: f64,
    /// Presence messages per second of each client; 0 for none.
    pub presence: f64,
}

impl Editing {
    /// Gathers, loads, measures, checks; the scenario adds its figures with `figures`.
    pub async fn round(
        &self,
        round: &Round<'_>,
        figures: impl FnOnce(&mut Outcome, &Window, &Counters),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let swarm = Swarm::gather(round.target, self.roles(round), round.progress).await;
        swarm.enter(Phase::Work);
        let window = round.measure(&swarm).await;
        figures(&mut outcome, &window, swarm.counters());
        outcome.push("peak resident MiB", window.peak_kib.map(|kib| kib / 1_024.0));
        outcome.push("server CPU %", window.cpu_percent());
        outcome.push("load generator CPU %", window.own_cpu_percent());
        outcome.push(
            "load generator lag ms p99",
            swarm.counters().lag.quantile_ms(0.99),
        );
        if window.edits_seen == 0.0 && self.per_room > 1 {
            outcome
                .problems
                .push("no edit reached anybody while it was measured".to_owned());
        }
        let (_, problems) = swarm.finish(round.progress).await;
        outcome.problems.extend(problems);
        outcome
    }

    fn roles(&self, round: &Round<'_>) -> Vec<Role> {
        let mut random = rand::rng();
        let period = |rate: f64| (rate > 0.0).then(|| Duration::from_secs_f64(1.0 / rate));
        let mut roles = Vec::with_capacity(self.rooms * self.per_room);
        for room in 0..self.rooms {
            // At most 65,536 writers fit into a marker; beyond that numbers repeat and the check says so.
            let first_writer = (room * self.writers_per_room) as u16;
            for member in 0..self.per_room {
                let writes = period(self.rate)
                    .filter(|_| member < self.writers_per_room)
                    .map(|period| (first_writer + member as u16, period));
                let is_sample = room < SAMPLED_ROOMS && (member == 0 || member + 1 == self.per_room);
                roles.push(Role {
                    document: format!("{}-{room}", round.tag),
                    client: client_id(roles.len()),
                    writes,
                    presence: period(self.presence),
                    room_writers: (first_writer, self.writers_per_room),
                    replica: if is_sample { Sampled::Yes } else { Sampled::No },
                    offset: random.random(),
                    acknowledgement: round.target.acknowledgement,
                });
            }
        }
        roles
    }
}

/// Yjs client ids as long as real ones: 32 bits.
#[must_use]
pub fn client_id(index: usize) -> u64 {
    0x8000_0000 + 7_919 * index as u64
}
