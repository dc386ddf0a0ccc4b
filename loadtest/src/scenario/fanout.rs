//! Fan-out: many rooms, one writer in each.
//!
//! Invariant: a delivery is one edit at one client other than its writer, however it was framed.

use crate::cli::{Common, Fanout};
use crate::report::Outcome;
use crate::role::Rooms;
use crate::scenario::rooms::run_rooms;
use crate::scenario::{Round, Scenario};

impl Scenario for Fanout {
    const NAME: &'static str = "fanout";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.rooms * self.per_room
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let rooms = Rooms {
            rooms: self.rooms,
            per_room: self.per_room,
            writers: self.writers,
            rate: self.rate,
            padding: self.padding,
            presenters: 0,
            presence: 0.0,
            slow: 0,
        };
        run_rooms(round, rooms, |outcome, worked| {
            let (seen, window) = (worked.edits_seen, &worked.window);
            outcome.gain("deliveries per second", seen / window.wall_s);
            outcome.cost("CPU ms per 1,000 deliveries", window.cpu_ms_per(seen / 1_000.0));
            outcome.as_headline();
            let names = ["latency", "latency ms p50", "latency ms p95", "latency ms p99"];
            outcome.latencies(names, worked.latencies.clone());
            outcome.tell("acknowledged ms p50", worked.ack_latencies.quantile_ms(0.5));
            outcome.tell("acknowledged ms p99", worked.ack_latencies.quantile_ms(0.99));
            let frames = window.traffic.frames_in as f64 / seen.max(1.0);
            outcome.tell("frames per delivery", frames);
            outcome.cost(
                "bytes per delivery",
                window.traffic.bytes_in as f64 / seen.max(1.0),
            );
        })
        .await
    }
}
