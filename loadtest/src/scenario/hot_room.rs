//! Hot room: everybody in one room writes and shows presence.
//!
//! Invariant: frames are counted with presence and acknowledgements, edits only as often as somebody new sees them.

use crate::cli::{Common, HotRoom};
use crate::measure::report::Outcome;
use crate::scenario::editing::Editing;
use crate::scenario::{Round, Scenario};

impl Scenario for HotRoom {
    const NAME: &'static str = "hot-room";

    fn common(&self) -> &Common {
        &self.common
    }

    async fn round(&self, round: &Round<'_>) -> Outcome {
        let editing = Editing {
            rooms: 1,
            per_room: self.clients,
            writers_per_room: self.clients,
            rate: self.rate,
            presence: self.presence,
        };
        editing
            .round(round, |outcome, window, counters| {
                outcome.push("edits seen per second", window.edits_seen / window.wall_s);
                outcome.push(
                    "CPU ms per 1,000 edits seen",
                    window.cpu_ms_per(window.edits_seen / 1_000.0),
                );
                outcome.push("latency ms p50", counters.latencies.quantile_ms(0.5));
                outcome.push("latency ms p95", counters.latencies.quantile_ms(0.95));
                outcome.push("latency ms p99", counters.latencies.quantile_ms(0.99));
                outcome.push("frames per edit seen", window.frames / window.edits_seen.max(1.0));
                outcome.push("acknowledged ms p50", counters.ack_latencies.quantile_ms(0.5));
                outcome.push("acknowledged ms p99", counters.ack_latencies.quantile_ms(0.99));
            })
            .await
    }
}
