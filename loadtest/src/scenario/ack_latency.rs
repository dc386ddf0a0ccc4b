//! Acknowledgement latency: lone writers, each in a room of its own.
//!
//! Invariant: the time is from before the edit is handed to the socket until its acknowledgement was read. Against a
//! server that acknowledges nothing there is no figure.

use crate::cli::{AckLatency, Common};
use crate::measure::report::Outcome;
use crate::scenario::editing::Editing;
use crate::scenario::{Round, Scenario};

impl Scenario for AckLatency {
    const NAME: &'static str = "ack-latency";

    fn common(&self) -> &Common {
        &self.common
    }

    async fn round(&self, round: &Round<'_>) -> Outcome {
        let editing = Editing {
            rooms: self.clients,
            per_room: 1,
            writers_per_room: 1,
            rate: self.rate,
            presence: 0.0,
        };
        editing
            .round(round, |outcome, _, counters| {
                outcome.push("acknowledged ms p50", counters.ack_latencies.quantile_ms(0.5));
                outcome.push("acknowledged ms p99", counters.ack_latencies.quantile_ms(0.99));
                outcome.push("acknowledged ms p99.9", counters.ack_latencies.quantile_ms(0.999));
            })
            .await
    }
}
