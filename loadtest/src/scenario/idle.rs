//! Idle: synced connections that only renew their presence.
//!
//! Invariant: memory is read after every connection has renewed once, so that the server holds everybody's presence;
//! connecting is measured without presence.

use std::time::Duration;

use crate::cli::{Common, Idle};
use crate::member::Phase;
use crate::report::Outcome;
use crate::role::Rooms;
use crate::scenario::{Round, Scenario};
use crate::swarm::Swarm;

impl Scenario for Idle {
    const NAME: &'static str = "idle";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.clients
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let rooms = Rooms {
            rooms: self.clients.div_ceil(self.per_room.max(1)),
            per_room: self.per_room.max(1),
            writers: 0,
            rate: 0.0,
            padding: 0,
            presenters: self.per_room.max(1),
            presence: 1.0 / self.renewal,
            slow: 0,
        };
        let mut roles = rooms.roles(round.target, &round.tag, &mut round.random);
        roles.truncate(self.clients);
        let before_kib = round.usage().map(|usage| usage.resident_kib);
        let opened = round.open();
        let swarm = Swarm::gather(round.target, roles, round.progress).await;
        let connecting = opened.close();
        swarm.enter(Phase::Work);
        round
            .progress
            .wait("first renewals", Duration::from_secs_f64(self.renewal))
            .await;
        let idle = round.measure(&swarm).await;
        let clients = self.clients as f64;
        let after_kib = round.usage().map(|usage| usage.resident_kib);
        let growth_kib = after_kib.zip(before_kib).map(|(after, before)| after - before);
        outcome.cost("resident KiB per connection", growth_kib.map(|kib| kib / clients));
        outcome.as_headline();
        outcome.cost(
            "resident before the first client, MiB",
            before_kib.map(|kib| kib / 1_024.0),
        );
        outcome.gain("connects per second", clients / swarm.gathered_s);
        outcome.cost("CPU ms per connect", connecting.cpu_ms_per(clients));
        outcome.tell(
            "load generator CPU % while connecting",
            connecting.own_cpu_percent(),
        );
        outcome.cost("idle CPU %", idle.cpu_percent());
        outcome.tell(
            "presence frames per second",
            idle.traffic.frames_in as f64 / idle.wall_s,
        );
        let latencies = &swarm.counters().presence_latencies;
        outcome.tell("presence latency ms p99", latencies.quantile_ms(0.99));
        outcome.course.clone_from(&idle.course);
        let (accounts, problems) = swarm.finish(round.progress).await;
        outcome.problems.extend(problems);
        let deaf = accounts.iter().filter(|account| account.frames == 0).count();
        if deaf > 0 && self.per_room > 1 {
            outcome
                .problems
                .push(format!("{deaf} of {} connections heard nothing", accounts.len()));
        }
        outcome
    }
}
