//! What the server counts, and its text form for Prometheus.
//!
//! Counting is one atomic addition and never waits. Labels take values from fixed lists, so no client can make the
//! number of series grow; names of users and documents are never labels.

mod deliveries;
mod kinds;
mod log;

use std::fmt::Write as _;

use weft_protocol::close::CloseReason;

pub use self::deliveries::DeliveryCounters;
pub use self::kinds::{Counter, CounterFamily, Gauge, Histogram};
pub use self::log::LogMetrics;

/// Every metric of the process. Shared in an `Arc`.
#[derive(Debug)]
pub struct Metrics {
    /// Open WebSockets.
    pub ws_connections: Gauge,
    /// WebSocket messages by direction: `in`, `out`.
    pub ws_messages: CounterFamily,
    /// Bytes of WebSocket messages by direction: `in`, `out`.
    pub ws_bytes: CounterFamily,
    /// Ended WebSockets by reason.
    pub ws_closed: CounterFamily,
    /// Sockets without a valid token yet.
    pub ws_unauthenticated: Gauge,
    /// Other nodes that are heard of over the bus.
    pub bus_nodes: Gauge,
    /// 1 while the bus works, 0 while there is one that does not.
    pub bus_connected: Gauge,
    /// Documents in memory.
    pub doc_open: Gauge,
    /// Documents put aside because they could not be loaded or applied.
    pub doc_quarantined: Counter,
    /// Documents built anew because an edit made them fail in memory.
    pub doc_recovered: Counter,
    /// Boards made anew because they had outgrown what they show.
    pub doc_renewed: Counter,
    /// Time to load a document, in seconds.
    pub doc_load_seconds: Histogram,
    /// Time a room takes to apply what waits and to send it on, in seconds.
    pub doc_apply_seconds: Histogram,
    /// What is written to the log.
    pub log: LogMetrics,
    /// Times a slow client's queue was replaced by one difference.
    pub slow_consumer: Counter,
    /// Times reading from a client paused because it sent too much (`messages`, `bytes`), or a socket (`sockets`)
    /// or a request (`default`, `address`, `register`) was refused because there were too many, by policy.
    pub ratelimited: CounterFamily,
    /// Time from a change of rights until the sockets that lived by them are changed or closed, in seconds.
    pub revocation_latency_seconds: Histogram,
    /// Refused tokens by kind.
    pub auth_failures: CounterFamily,
    /// Attempts to deliver webhooks by result: `succeeded`, `failed`.
    pub webhook_attempts: CounterFamily,
    /// Time from an event's message until its endpoint took it at the first attempt, in seconds.
    pub webhook_delay_seconds: Histogram,
    /// What came of notifications that left the inbox.
    pub deliveries: DeliveryCounters,
    /// Times the audit log could not be brought up to date with the events; it is tried again.
    pub audit_failures: Counter,
    /// Times an HTTP request was answered, by class of status.
    pub http_requests: CounterFamily,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

const DIRECTIONS: &[&str] = &["in", "out"];

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        Self {
            ws_connections: Gauge::new("weft_ws_connections", "Open WebSockets."),
            ws_messages: CounterFamily::new(
                "weft_ws_messages_total",
                "WebSocket messages.",
                "dir",
                DIRECTIONS,
            ),
            ws_bytes: CounterFamily::new(
                "weft_ws_bytes_total",
                "Bytes of WebSocket messages.",
                "dir",
                DIRECTIONS,
            ),
            ws_closed: CounterFamily::new(
                "weft_ws_closed_total",
                "Ended WebSockets.",
                "reason",
                CLOSE_REASONS,
            ),
            ws_unauthenticated: Gauge::new(
                "weft_ws_unauthenticated",
                "WebSockets without a valid token yet.",
            ),
            bus_nodes: Gauge::new("weft_bus_nodes", "Other nodes that are heard of over the bus."),
            bus_connected: Gauge::new("weft_bus_connected", "Whether the bus between nodes works."),
            doc_open: Gauge::new("weft_doc_open", "Documents in memory."),
            doc_quarantined: Counter::new("weft_doc_quarantined_total", "Documents put aside as damaged."),
            doc_recovered: Counter::new(
                "weft_doc_recovered_total",
                "Documents built anew because an edit made them fail in memory.",
            ),
            doc_renewed: Counter::new("weft_doc_renewed_total", "Boards made anew without their past."),
            doc_load_seconds: Histogram::new("weft_doc_load_seconds", "Time to load a document."),
            doc_apply_seconds: Histogram::new(
                "weft_doc_apply_seconds",
                "Time a room takes to apply what waits and to send it on.",
            ),
            log: LogMetrics::new(),
            slow_consumer: Counter::new(
                "weft_slow_consumer_total",
                "Times a slow client's queue was replaced by one difference.",
            ),
            ratelimited: CounterFamily::new(
                "weft_ratelimited_total",
                "Times a client was slowed down because it sent too much, or refused because it asked too often.",
                "policy",
                &["messages", "bytes", "sockets", "default", "address", "register"],
            ),
            revocation_latency_seconds: Histogram::new(
                "weft_revocation_latency_seconds",
                "Time from a change of rights until a socket that lived by them is changed or closed.",
            ),
            auth_failures: CounterFamily::new(
                "weft_auth_failures_total",
                "Refused tokens.",
                "kind",
                &["missing", "invalid", "expired", "forbidden", "unavailable"],
            ),
            webhook_attempts: CounterFamily::new(
                "weft_webhook_attempts_total",
                "Attempts to deliver webhooks.",
                "result",
                &["succeeded", "failed"],
            ),
            webhook_delay_seconds: Histogram::new(
                "weft_webhook_delay_seconds",
                "Time from an event until an endpoint took its message at the first attempt.",
            ),
            deliveries: DeliveryCounters::new(),
            audit_failures: Counter::new("weft_audit_failures_total", "Failures to write the audit log."),
            http_requests: CounterFamily::new(
                "weft_http_requests_total",
                "Answered HTTP requests.",
                "status_class",
                &["1xx", "2xx", "3xx", "4xx", "5xx"],
            ),
        }
    }

    /// The text format of Prometheus, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(8 * 1024);
        let _ = writeln!(
            text,
            "# HELP weft_build_info The version of the server.\n# TYPE weft_build_info gauge"
        );
        let _ = writeln!(
            text,
            "weft_build_info{{version=\"{}\"}} 1",
            env!("CARGO_PKG_VERSION")
        );
        for gauge in [
            &self.ws_connections,
            &self.ws_unauthenticated,
            &self.bus_nodes,
            &self.bus_connected,
            &self.doc_open,
        ] {
            gauge.render(&mut text);
        }
        for counter in [
            &self.doc_quarantined,
            &self.doc_recovered,
            &self.doc_renewed,
            &self.slow_consumer,
            &self.audit_failures,
        ] {
            counter.render(&mut text);
        }
        for family in [
            &self.ws_messages,
            &self.ws_bytes,
            &self.ws_closed,
            &self.ratelimited,
            &self.auth_failures,
            &self.webhook_attempts,
            &self.deliveries.mails,
            &self.deliveries.pushes,
            &self.deliveries.gateway,
            &self.http_requests,
        ] {
            family.render(&mut text);
        }
        for histogram in [
            &self.doc_load_seconds,
            &self.doc_apply_seconds,
            &self.revocation_latency_seconds,
            &self.webhook_delay_seconds,
        ] {
            histogram.render(&mut text);
        }
        self.log.render(&mut text);
        text
    }
}

/// Why a WebSocket ended, for `weft_ws_closed_total`: the client closed it, or a reason of ours.
const CLOSE_REASONS: &[&str] = &{
    let mut names = ["client"; CloseReason::ALL.len() + 1];
    let mut position = 0;
    while position < CloseReason::ALL.len() {
        names[position + 1] = CloseReason::ALL[position].as_str();
        position += 1;
    }
    names
};

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use weft_storage::{CommitObserver, CommitOutcome};

    use super::*;

    #[test]
    fn every_metric_is_rendered_once_with_help_and_type() {
        let metrics = Metrics::new();
        metrics.ws_connections.add(3);
        metrics.ws_connections.sub(1);
        metrics.ws_messages.with("in").add(5);
        metrics.ws_closed.with("something new").add(1);
        metrics.committed(
            CommitOutcome::Saved { rows: 2, bytes: 9 },
            Duration::from_millis(3),
        );
        metrics.committed(CommitOutcome::Failed, Duration::from_millis(30));
        let text = metrics.render();
        for line in [
            "weft_ws_connections 2",
            "weft_ws_messages_total{dir=\"in\"} 5",
            "weft_ws_messages_total{dir=\"out\"} 0",
            "weft_ws_closed_total{reason=\"other\"} 1",
            "weft_ws_closed_total{reason=\"access-revoked\"} 0",
            "weft_persist_seconds_bucket{le=\"0.0025\"} 0",
            "weft_persist_seconds_bucket{le=\"0.005\"} 1",
            "weft_persist_seconds_bucket{le=\"+Inf\"} 2",
            "weft_persist_seconds_count 2",
            "weft_persist_seconds_sum 0.033",
            "weft_log_commits_total 1",
            "weft_log_rows_total 2",
            "weft_log_bytes_total 9",
            "weft_persist_failures_total 1",
        ] {
            assert!(
                text.lines().any(|candidate| candidate == line),
                "{line} is missing in\n{text}"
            );
        }
        // One field of the struct, one type line: forgetting one in `render` fails here.
        let fields = format!("{metrics:?}").matches("name: \"weft_").count();
        assert_eq!(text.matches("# TYPE").count(), fields + 1);
        assert_eq!(text.matches("# HELP").count(), fields + 1);
    }
}
