//! Idle: synced connections that only renew their presence.
//!
//! Invariant: memory is read after every connection has renewed once, so that the server holds everybody's presence;
//! connecting is measured without presence.

use std::time::Duration;

use rand::Rng;

use crate::cli::{Common, Idle};
use crate::measure::report::Outcome;
use crate::member::{Phase, Role, Sampled};
use crate::scenario::editing::client_id;
use crate::scenario::{Round, Scenario};
use crate::swarm::Swarm;

impl Scenario for Idle {
    const NAME: &'static str = "idle";

    fn common(&self) -> &Common {
        &self.common
    }

    async fn round(&self, round: &Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let before_kib = round.usage().map(|usage| usage.resident_kib);
        let opened = round.open(None);
        let swarm = Swarm::gather(round.target, self.roles(round), round.progress).await;
        let connecting = round.close(&opened, None);
        swarm.enter(Phase::Work);
        round
            .progress
            .wait("first renewals", Duration::from_secs_f64(self.renewal))
            .await;
        let idle = round.measure(&swarm).await;
        let clients = self.clients as f64;
        let after_kib = round.usage().map(|usage| usage.resident_kib);
        let growth_kib = after_kib.zip(before_kib).map(|(after, before)| after - before);
        outcome.push("resident KiB per connection", growth_kib.map(|kib| kib / clients));
        outcome.push(
            "resident before the first client, MiB",
            before_kib.map(|kib| kib / 1_024.0),
        );
        outcome.push("connects per second", clients / swarm.gathered_s);
        outcome.push("CPU ms per connect", connecting.cpu_ms_per(clients));
        outcome.push(
            "load generator CPU % while connecting",
            connecting.own_cpu_percent(),
        );
        outcome.push("idle CPU %", idle.cpu_percent());
        outcome.push("presence frames per second", idle.frames / idle.wall_s);
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

impl Idle {
    fn roles(&self, round: &Round<'_>) -> Vec<Role> {
        let mut random = rand::rng();
        let role = |index: usize| Role {
            document: format!("{}-{}", round.tag, index / self.per_room.max(1)),
            client: client_id(index),
            writes: None,
            presence: Some(Duration::from_secs_f64(self.renewal)),
            room_writers: (0, 0),
            replica: Sampled::No,
            offset: random.random(),
            acknowledgement: round.target.acknowledgement,
        };
        (0..self.clients).map(role).collect()
    }
}
