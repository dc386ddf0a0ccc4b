//! Scenarios, one file each: what the swarm does and which figures come of it.
//!
//! To add one: a file here with a struct that implements [`Scenario`], its numbers in `cli`, one arm in `main`.
//! Invariant: every scenario ends with the check of the content, also when it was slow or cut short. None may keep
//! state from one round to the next.

pub mod ack_latency;
pub mod cold_open;
pub mod editing;
pub mod fanout;
pub mod hot_room;
pub mod idle;
pub mod many_documents;

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::cli::Common;
use crate::measure::process::{Process, Usage};
use crate::measure::progress::Progress;
use crate::measure::report::{Entry, Outcome, Report};
use crate::member::Counters;
use crate::swarm::Swarm;
use crate::target::Target;

/// One kind of load.
pub trait Scenario {
    /// What tables call it.
    const NAME: &'static str;

    /// The arguments that all scenarios share.
    fn common(&self) -> &Common;

    /// One round against one target.
    fn round(&self, round: &Round<'_>) -> impl Future<Output = Outcome>;
}

/// One round: whom it is against and where it is shown.
#[derive(Debug)]
pub struct Round<'a> {
    /// The server.
    pub target: &'a Target,
    /// Its process, if it was found.
    pub server: Option<Process>,
    /// Where progress is shown.
    pub progress: &'a Progress,
    /// Part of every document's name, so that no round meets what another left behind.
    pub tag: String,
    /// How long to measure.
    pub measured: Duration,
    /// How long to load before that.
    pub warm_up: Duration,
}

/// Runs all rounds of a scenario, interleaved: each round visits every target before the next begins.
///
/// # Errors
/// If an argument is wrong; what servers do wrong is in the report.
pub async fn run<S: Scenario>(scenario: &S) -> anyhow::Result<Report> {
    let common = scenario.common();
    let targets = common.targets()?;
    let run: u32 = rand::random();
    let mut report = Report {
        arguments: std::env::args().collect(),
        entries: Vec::new(),
    };
    for round in 1..=common.rounds {
        for target in &targets {
            let progress = Progress::new(format!("{} {} {round}/{}", S::NAME, target.label, common.rounds));
            let server = target
                .pid
                .map(Process::of_pid)
                .or_else(|| Process::listening_on(target.address));
            let outcome = scenario
                .round(&Round {
                    target,
                    server,
                    progress: &progress,
                    tag: format!("load-{run:08x}-{}-{round}-{}", S::NAME, target.label),
                    measured: Duration::from_secs(common.seconds),
                    warm_up: Duration::from_secs(common.warm_up),
                })
                .await;
            report.entries.push(Entry {
                scenario: S::NAME,
                target: target.label.clone(),
                round,
                outcome,
            });
        }
    }
    Ok(report)
}

/// What happened between two moments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// How long it was, in seconds.
    pub wall_s: f64,
    /// CPU time of the server.
    pub cpu_s: Option<f64>,
    /// CPU time of this load generator.
    pub own_cpu_s: Option<f64>,
    /// The most memory that the server held, in KiB, sampled every second.
    pub peak_kib: Option<f64>,
    /// Edits seen by others.
    pub edits_seen: f64,
    /// Frames received.
    pub frames: f64,
}

/// A window that has begun.
#[derive(Debug)]
pub struct Opened {
    start: Instant,
    server: Option<Usage>,
    own: Option<Usage>,
    edits_seen: u64,
    frames: u64,
}

impl Round<'_> {
    /// CPU and memory of the server now.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.server.and_then(Process::usage)
    }

    /// Begins a window.
    #[must_use]
    pub fn open(&self, counters: Option<&Counters>) -> Opened {
        Opened {
            start: Instant::now(),
            server: self.usage(),
            own: Process::own().usage(),
            edits_seen: counters.map_or(0, |counters| counters.edits_seen.load(Ordering::Relaxed)),
            frames: counters.map_or(0, |counters| counters.frames.load(Ordering::Relaxed)),
        }
    }

    /// Ends a window.
    #[must_use]
    pub fn close(&self, opened: &Opened, counters: Option<&Counters>) -> Window {
        let now = self.open(counters);
        let spent = |before: Option<Usage>, after: Option<Usage>| Some(after?.cpu_s - before?.cpu_s);
        Window {
            wall_s: (now.start - opened.start).as_secs_f64(),
            cpu_s: spent(opened.server, now.server),
            own_cpu_s: spent(opened.own, now.own),
            peak_kib: now.server.map(|usage| usage.resident_kib),
            edits_seen: (now.edits_seen - opened.edits_seen) as f64,
            frames: (now.frames - opened.frames) as f64,
        }
    }

    /// Warms up, then measures for as long as the round says, with latencies of that time alone.
    pub async fn measure(&self, swarm: &Swarm) -> Window {
        let counters = swarm.counters();
        self.progress.wait("warming up", self.warm_up).await;
        counters.latencies.clear();
        counters.ack_latencies.clear();
        counters.lag.clear();
        let opened = self.open(Some(counters));
        self.progress.phase("measuring", self.measured.as_secs());
        let mut peak_kib = None;
        while opened.start.elapsed() < self.measured {
            let left = self.measured.saturating_sub(opened.start.elapsed());
            sleep(left.min(Duration::from_secs(1))).await;
            let now_kib = self.usage().map(|usage| usage.resident_kib);
            peak_kib = [peak_kib, now_kib].into_iter().flatten().reduce(f64::max);
            self.progress.step();
        }
        Window {
            peak_kib,
            ..self.close(&opened, Some(counters))
        }
    }
}

impl Window {
    /// CPU milliseconds of the server for each of `count` things.
    #[must_use]
    pub fn cpu_ms_per(&self, count: f64) -> Option<f64> {
        self.cpu_s.map(|cpu_s| cpu_s * 1_000.0 / count.max(1.0))
    }

    /// CPU of the server as a percentage of one core.
    #[must_use]
    pub fn cpu_percent(&self) -> Option<f64> {
        self.cpu_s.map(|cpu_s| cpu_s * 100.0 / self.wall_s)
    }

    /// CPU of this load generator as a percentage of one core: near 100 it measures itself.
    #[must_use]
    pub fn own_cpu_percent(&self) -> Option<f64> {
        self.own_cpu_s.map(|cpu_s| cpu_s * 100.0 / self.wall_s)
    }
}
