//! Presence: one room in which nobody writes; some show where they are, all watch.
//!
//! Invariant: a state counts at a watcher when it, or a later one of the same client, is seen there for the first time.
//! A server may leave out states that were overtaken, but at the end everybody must know the last one of everybody.

use crate::cli::{Common, Presence};
use crate::report::Outcome;
use crate::role::Rooms;
use crate::scenario::rooms::run_rooms;
use crate::scenario::{Round, Scenario};

impl Scenario for Presence {
    const NAME: &'static str = "presence";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.clients
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let presenters = self.presenters.unwrap_or(self.clients).min(self.clients);
        let rooms = Rooms {
            rooms: 1,
            per_room: self.clients,
            writers: 0,
            rate: 0.0,
            padding: 0,
            presenters,
            presence: self.rate,
            slow: 0,
        };
        run_rooms(round, rooms, |outcome, worked| {
            let window = &worked.window;
            let due = presenters as f64 * self.rate * (self.clients - 1) as f64;
            // What was overtaken does not arrive by itself; it is what should have been known that costs.
            outcome.cost(
                "CPU ms per 1,000 states due",
                window.cpu_ms_per(due * window.wall_s / 1_000.0),
            );
            outcome.as_headline();
            outcome.tell("states due per second", due);
            outcome.tell("states seen per second", worked.presence_seen / window.wall_s);
            let names = ["latency", "latency ms p50", "latency ms p95", "latency ms p99"];
            outcome.latencies(names, worked.presence_latencies.clone());
            let seen = (due * window.wall_s).max(1.0);
            outcome.cost("frames per state due", window.traffic.frames_in as f64 / seen);
            outcome.cost("bytes per state due", window.traffic.bytes_in as f64 / seen);
        })
        .await
    }
}
