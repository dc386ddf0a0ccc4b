//! Fan-out: many rooms, one writer in each.
//!
//! Invariant: a delivery is one edit at one client other than its writer, however it was framed.

use crate::cli::{Common, Fanout};
use crate::measure::report::Outcome;
use crate::scenario::editing::Editing;
use crate::scenario::{Round, Scenario};

impl Scenario for Fanout {
    const NAME: &'static str = "fanout";

    fn common(&self) -> &Common {
        &self.common
    }

    async fn round(&self, round: &Round<'_>) -> Outcome {
        let editing = Editing {
            rooms: self.rooms,
            per_room: self.per_room,
            writers_per_room: 1,
            rate: self.rate,
            presence: 0.0,
        };
        editing
            .round(round, |outcome, window, counters| {
                outcome.push("deliveries per second", window.edits_seen / window.wall_s);
                outcome.push(
                    "CPU ms per 1,000 deliveries",
                    window.cpu_ms_per(window.edits_seen / 1_000.0),
                );
                outcome.push("latency ms p50", counters.latencies.quantile_ms(0.5));
                outcome.push("latency ms p99", counters.latencies.quantile_ms(0.99));
                outcome.push("acknowledged ms p50", counters.ack_latencies.quantile_ms(0.5));
                outcome.push("acknowledged ms p99", counters.ack_latencies.quantile_ms(0.99));
            })
            .await
    }
}
