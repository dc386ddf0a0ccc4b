//! Hot room: everybody in one room writes and shows presence.
//!
//! Invariant: frames are counted with presence and acknowledgements, edits only as often as somebody new sees them.

use crate::cli::{Common, HotRoom};
use crate::report::Outcome;
use crate::role::Rooms;
use crate::scenario::rooms::run_rooms;
use crate::scenario::{Round, Scenario};

impl Scenario for HotRoom {
    const NAME: &'static str = "hot-room";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.clients
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let rooms = Rooms {
            rooms: 1,
            per_room: self.clients,
            writers: self.writers.unwrap_or(self.clients).min(self.clients),
            rate: self.rate,
            padding: 0,
            presenters: self.clients,
            presence: self.presence,
            slow: 0,
        };
        run_rooms(round, rooms, |outcome, worked| {
            let (seen, window) = (worked.edits_seen, &worked.window);
            outcome.gain("edits seen per second", seen / window.wall_s);
            outcome.cost("CPU ms per 1,000 edits seen", window.cpu_ms_per(seen / 1_000.0));
            outcome.as_headline();
            let names = ["latency", "latency ms p50", "latency ms p95", "latency ms p99"];
            outcome.latencies(names, worked.latencies.clone());
            let frames = window.traffic.frames_in as f64 / seen.max(1.0);
            outcome.cost("frames per edit seen", frames);
            outcome.cost(
                "bytes per edit seen",
                window.traffic.bytes_in as f64 / seen.max(1.0),
            );
            let presence = &worked.presence_latencies;
            outcome.tell("presence latency ms p99", presence.quantile_ms(0.99));
            outcome.tell("acknowledged ms p50", worked.ack_latencies.quantile_ms(0.5));
            outcome.tell("acknowledged ms p99", worked.ack_latencies.quantile_ms(0.99));
        })
        .await
    }
}
