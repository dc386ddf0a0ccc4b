//! Acknowledgement latency: lone writers, each in a room of its own.
//!
//! Invariant: the time is from before the edit is handed to the socket until its acknowledgement was read. Against a
//! server that acknowledges nothing there is no figure.

use crate::cli::{AckLatency, Common};
use crate::report::Outcome;
use crate::role::Rooms;
use crate::scenario::rooms::work;
use crate::scenario::{Round, Scenario};
use crate::swarm::Swarm;
use crate::target::Asking;

impl Scenario for AckLatency {
    const NAME: &'static str = "ack-latency";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.clients
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let rooms = Rooms {
            rooms: self.clients,
            per_room: 1,
            writers: 1,
            rate: self.rate,
            padding: 0,
            presenters: 0,
            presence: 0.0,
            slow: 0,
        };
        let mut roles = rooms.roles(round.target, &round.tag, &mut round.random);
        for role in &mut roles {
            role.asking = Asking::EachEdit;
        }
        let swarm = Swarm::gather(round.target, roles, round.progress).await;
        let worked = work(round, &swarm).await;
        let acknowledged = &worked.ack_latencies;
        let names = [
            "acknowledged",
            "acknowledged ms p50",
            "acknowledged ms p95",
            "acknowledged ms p99",
        ];
        outcome.latencies(names, acknowledged.clone());
        outcome.as_headline();
        outcome.cost("acknowledged ms p99.9", acknowledged.quantile_ms(0.999));
        let edits = self.clients as f64 * self.rate * worked.window.wall_s;
        outcome.cost(
            "CPU ms per 1,000 edits",
            worked.window.cpu_ms_per(edits / 1_000.0),
        );
        round.tell_window(&mut outcome, &worked.window);
        let (_, problems) = swarm.finish(round.progress).await;
        outcome.problems.extend(problems);
        outcome
    }
}
