//! What is watched during a soak, and what may grow by how much.
//!
//! Invariant: judged is what was sampled while the server worked, after the first fifth of the time, and of each minute
//! the least: what comes and goes with the load goes within a minute, what is lost stays. Less than five minutes of
//! samples are shown but not judged: extrapolated to an hour, noise looks like growth.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::Method;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::measure::process::Process;
use crate::measure::slope::{Growth, Line, growth};
use crate::measure::window::Sample;
use crate::problems::Problems;
use crate::report::Outcome;
use crate::rest::Client;
use crate::rest::client::Content;

const SAMPLED_EVERY: Duration = Duration::from_secs(2);
/// The share of the time in which everything finds its place.
const SETTLING: f64 = 0.2;
/// Less than this is not judged, in seconds.
const LEAST_S: f64 = 300.0;

/// Of so many seconds the least is judged.
const STRETCH_S: f64 = 60.0;

/// Allowed growth per hour.
const RESIDENT_MIB: f64 = 10.0;
const DESCRIPTORS: f64 = 20.0;
const THREADS: f64 = 2.0;
const TAIL_ROWS: f64 = 500.0;

/// One look at the server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    at_s: f64,
    cpu_s: f64,
    pub(super) resident_mib: Option<f64>,
    pub(super) descriptors: Option<f64>,
    threads: Option<f64>,
    /// Rows of the log that no snapshot holds, over all documents, if the server tells.
    tail_rows: Option<f64>,
    /// Documents in memory, if the server tells.
    documents: Option<f64>,
}

/// All looks of a soak.
#[derive(Debug, Default)]
pub(super) struct Samples(Vec<Look>);

/// Looks at a server again and again.
#[derive(Debug)]
pub(super) struct Sampler {
    process: Option<Process>,
    metrics: Option<SocketAddr>,
}

impl Sampler {
    pub(super) fn new(process: Option<Process>, metrics: Option<SocketAddr>) -> Self {
        Self { process, metrics }
    }

    /// Looks until told to stop.
    pub(super) async fn run(self, stop: CancellationToken) -> Samples {
        let began = Instant::now();
        let mut looks = Vec::new();
        while stop
            .run_until_cancelled(tokio::time::sleep(SAMPLED_EVERY))
            .await
            .is_some()
        {
            looks.push(self.sample(began.elapsed().as_secs_f64()).await);
        }
        Samples(looks)
    }

    /// One look.
    pub(super) async fn sample(&self, at_s: f64) -> Look {
        let usage = self.process.and_then(Process::usage);
        let metrics = match self.metrics {
            Some(address) => read_metrics(address).await.unwrap_or_default(),
            None => String::new(),
        };
        Look {
            at_s,
            cpu_s: usage.map_or(0.0, |usage| usage.cpu_s),
            resident_mib: usage.map(|usage| usage.resident_kib / 1_024.0),
            descriptors: usage.map(|usage| usage.descriptors),
            threads: usage.map(|usage| usage.threads),
            tail_rows: gauge(&metrics, "weft_log_tail_rows"),
            documents: gauge(&metrics, "weft_doc_open"),
        }
    }
}

async fn read_metrics(address: SocketAddr) -> Option<String> {
    let mut client = Client::connect(address, None).await.ok()?;
    let answer = client.ask(Method::GET, "/metrics", Content::Nothing).await.ok()?;
    String::from_utf8(answer.body.to_vec()).ok()
}

/// The sum of a metric over its labels; `None` if there is none of this name.
fn gauge(metrics: &str, name: &str) -> Option<f64> {
    let values = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let is_whole = rest.starts_with([' ', '{']);
        is_whole.then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
    });
    values.reduce(|sum, value| sum + value)
}

impl Samples {
    /// Tells every slope, and what grows as a problem.
    pub(super) fn judge(&self, outcome: &mut Outcome, problems: &mut Problems) {
        let end_s = self.0.last().map_or(0.0, |look| look.at_s);
        let settled: Vec<_> = self
            .0
            .iter()
            .filter(|look| look.at_s >= end_s * SETTLING)
            .collect();
        type Of = fn(&Look) -> Option<f64>;
        let watched: [(&str, &str, Of, f64); 4] = [
            (
                "resident MiB",
                "resident MiB per hour",
                |look| look.resident_mib,
                RESIDENT_MIB,
            ),
            (
                "open files",
                "open files per hour",
                |look| look.descriptors,
                DESCRIPTORS,
            ),
            ("threads", "threads per hour", |look| look.threads, THREADS),
            (
                "log tail, rows",
                "log tail, rows per hour",
                |look| look.tail_rows,
                TAIL_ROWS,
            ),
        ];
        for (name, per_hour, of, allowed) in watched {
            let points: Vec<_> = settled
                .iter()
                .filter_map(|look| Some((look.at_s, of(look)?)))
                .collect();
            outcome.tell(name, Line::through(&points).map(|line| line.mean));
            let least = least_of_stretches(&points);
            let line = Line::through(&least);
            outcome.cost(per_hour, line.map(|line| line.per_hour()));
            let span_s = end_s * (1.0 - SETTLING);
            if span_s >= LEAST_S && growth(&least, allowed) == Growth::Grows {
                let slope = line.map_or(0.0, |line| line.per_hour());
                problems.note("growth", &format!("{slope:.1} {per_hour}, allowed are {allowed}"));
            }
        }
        // Not judged: other programs take part. But work that costs more and more shows here.
        let spent: Vec<_> = settled.iter().map(|look| (look.at_s, look.cpu_s)).collect();
        let halves = spent.split_at(spent.len() / 2);
        for (name, half) in [
            ("CPU % in the first half", halves.0),
            ("CPU % in the second half", halves.1),
        ] {
            outcome.cost(name, Line::through(half).map(|line| line.slope * 100.0));
        }
        outcome.tell(
            "documents in memory at the end",
            self.0.last().and_then(|look| look.documents),
        );
        outcome.course = self
            .0
            .windows(2)
            .map(|pair| Sample {
                at_s: pair[1].at_s,
                cpu_percent: (pair[1].cpu_s - pair[0].cpu_s) * 100.0 / (pair[1].at_s - pair[0].at_s),
                resident_mib: pair[1].resident_mib.unwrap_or(0.0),
                frames: 0.0,
            })
            .collect();
    }
}

/// The least of each stretch of time, when it was seen.
fn least_of_stretches(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let stretch = |at_s: f64| (at_s / STRETCH_S).floor();
    points
        .chunk_by(|one, next| stretch(one.0) == stretch(next.0))
        .filter_map(|points| {
            points
                .iter()
                .copied()
                .min_by(|one, other| one.1.total_cmp(&other.1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(minutes: usize, resident_mib: impl Fn(f64) -> f64) -> Samples {
        let look = |index: usize| {
            let at_s = index as f64 * 2.0;
            Look {
                at_s,
                resident_mib: Some(resident_mib(at_s)),
                descriptors: Some(100.0 + (index % 7) as f64),
                threads: Some(8.0),
                ..Look::default()
            }
        };
        Samples((0..minutes * 30).map(look).collect())
    }

    fn problems_of(samples: &Samples) -> Vec<String> {
        let (mut outcome, mut problems) = (Outcome::default(), Problems::default());
        samples.judge(&mut outcome, &mut problems);
        assert!(outcome.value("resident MiB per hour").is_some());
        assert_eq!(
            outcome.value("log tail, rows per hour"),
            None,
            "the server tells none"
        );
        problems.into_list()
    }

    #[test]
    fn a_leak_is_found_and_warming_up_is_none() {
        let leak = problems_of(&samples(30, |at_s| 50.0 + at_s / 60.0));
        assert!(leak.len() == 1 && leak[0].contains("resident MiB"), "{leak:?}");
        let warming_up = |at_s: f64| 50.0 + 30.0 * (at_s / 300.0).min(1.0) + at_s % 3.0;
        assert_eq!(problems_of(&samples(30, warming_up)), Vec::<String>::new());
        // More and more work at times, and nothing left of it.
        let bursts = |at_s: f64| 50.0 + if at_s % 60.0 < 40.0 { at_s / 30.0 } else { 0.0 };
        assert_eq!(problems_of(&samples(30, bursts)), Vec::<String>::new());
        let short = problems_of(&samples(5, |at_s| 50.0 + at_s / 60.0));
        assert_eq!(short, Vec::<String>::new(), "too short to judge");
    }

    #[test]
    fn a_gauge_is_the_sum_of_its_labels() {
        let metrics = "# TYPE weft_x gauge\nweft_x{a=\"1\"} 2\nweft_x{a=\"2\"} 3\nweft_xy 7\nweft_z 1\n";
        assert_eq!(gauge(metrics, "weft_x"), Some(5.0));
        assert_eq!(gauge(metrics, "weft_z"), Some(1.0));
        assert_eq!(gauge(metrics, "weft"), None);
    }
}
