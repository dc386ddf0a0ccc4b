//! What happened between two moments: time, the server's CPU and memory, this generator's CPU, frames and bytes.
//!
//! Invariant: both moments are read in the same order, and the server's peak is that of the window alone where the
//! kernel can start it anew. It must not know what the figures are for.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use crate::measure::process::{Process, Usage};
use crate::measure::progress::Progress;
use crate::measure::traffic::{Counted, Traffic};

/// How often the course of a window is sampled.
const SAMPLED_EVERY: Duration = Duration::from_secs(1);

/// What happened between two moments.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// How long it was, in seconds.
    pub wall_s: f64,
    /// CPU time of the server.
    pub cpu_s: Option<f64>,
    /// CPU time of this load generator.
    pub own_cpu_s: Option<f64>,
    /// The server's resident memory when it began, in KiB.
    pub began_kib: Option<f64>,
    /// The server's resident memory when it ended, in KiB.
    pub ended_kib: Option<f64>,
    /// The most memory that the server held, in KiB.
    pub peak_kib: Option<f64>,
    /// What went over the wire.
    pub traffic: Counted,
    /// Its course, second by second; empty unless it was sampled.
    pub course: Vec<Sample>,
}

/// One second of a course.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// Seconds since the window began.
    pub at_s: f64,
    /// CPU of the server during this second, as a percentage of one core.
    pub cpu_percent: f64,
    /// Resident memory of the server, in MiB.
    pub resident_mib: f64,
    /// Frames received during this second.
    pub frames: f64,
}

/// A window that has begun.
#[derive(Debug)]
pub struct Opened<'a> {
    start: Instant,
    process: Option<Process>,
    server: Option<Usage>,
    own: Option<Usage>,
    traffic: &'a Traffic,
    counted: Counted,
}

impl<'a> Opened<'a> {
    /// Begins a window in which `server` is watched.
    #[must_use]
    pub fn new(server: Option<Process>, traffic: &'a Traffic) -> Self {
        if let Some(process) = server {
            process.start_peak_anew();
        }
        Self {
            process: server,
            server: server.and_then(Process::usage),
            own: Process::own().usage(),
            traffic,
            counted: traffic.counted(),
            start: Instant::now(),
        }
    }

    /// Ends it.
    #[must_use]
    pub fn close(&self) -> Window {
        let end = Instant::now();
        let now = self.process.and_then(Process::usage);
        let spent = |before: Option<Usage>, after: Option<Usage>| Some(after?.cpu_s - before?.cpu_s);
        Window {
            wall_s: (end - self.start).as_secs_f64(),
            cpu_s: spent(self.server, now),
            own_cpu_s: spent(self.own, Process::own().usage()),
            began_kib: self.server.map(|usage| usage.resident_kib),
            ended_kib: now.map(|usage| usage.resident_kib),
            peak_kib: now.map(|usage| usage.peak_kib),
            traffic: self.traffic.counted().since(self.counted),
            course: Vec::new(),
        }
    }

    /// Lets `duration` go by, sampling each second, then ends the window.
    pub async fn watch(self, duration: Duration, progress: &Progress) -> Window {
        progress.phase("measuring", duration.as_secs());
        let mut course = Vec::new();
        let (mut at, mut usage, mut counted) = (Duration::ZERO, self.server, self.counted);
        while at < duration {
            let step = SAMPLED_EVERY.min(duration - at);
            at += step;
            sleep_until(self.start + at).await;
            let now = self.process.and_then(Process::usage);
            let now_counted = self.traffic.counted();
            if let (Some(now), Some(before)) = (now, usage) {
                course.push(Sample {
                    at_s: at.as_secs_f64(),
                    cpu_percent: (now.cpu_s - before.cpu_s) * 100.0 / step.as_secs_f64(),
                    resident_mib: now.resident_kib / 1_024.0,
                    frames: now_counted.since(counted).frames_in as f64 / step.as_secs_f64(),
                });
            }
            (usage, counted) = (now, now_counted);
            progress.step();
        }
        Window {
            course,
            ..self.close()
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

    /// The most memory that the server held, in MiB.
    #[must_use]
    pub fn peak_mib(&self) -> Option<f64> {
        self.peak_kib.map(|kib| kib / 1_024.0)
    }

    /// How far the server's memory rose above where it began, in MiB, at its highest.
    #[must_use]
    pub fn peak_growth_mib(&self) -> Option<f64> {
        Some((self.peak_kib? - self.began_kib?) / 1_024.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_window_holds_what_happened_in_it_and_nothing_else() {
        let traffic = Traffic::default();
        traffic.received(100);
        let opened = Opened::new(Some(Process::own()), &traffic);
        traffic.received(10);
        traffic.sent(10);
        let window = opened.close();
        assert_eq!((window.traffic.frames_in, window.traffic.bytes_in), (1, 12));
        assert_eq!(window.traffic.frames_out, 1);
        assert!(window.peak_mib().expect("it runs") > 0.0);
        let idle = Opened::new(None, &traffic).close();
        assert_eq!((idle.cpu_s, idle.peak_kib), (None, None), "nobody was watched");
    }
}
