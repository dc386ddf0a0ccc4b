//! The kinds of metric: counters, gauges, histograms, and counters with one label from a fixed list.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Counts up.
#[derive(Debug)]
pub struct Counter {
    name: &'static str,
    help: &'static str,
    value: Count,
}

/// The number inside of a [`Counter`] or of one label of a [`CounterFamily`].
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds `amount`.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Relaxed);
    }

    /// The sum so far.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Counter {
    pub(super) fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            value: Count::default(),
        }
    }

    /// Adds `amount`.
    pub fn add(&self, amount: u64) {
        self.value.add(amount);
    }

    /// The sum so far.
    pub fn get(&self) -> u64 {
        self.value.get()
    }

    pub(super) fn render(&self, text: &mut String) {
        head(text, self.name, self.help, "counter");
        let _ = writeln!(text, "{} {}", self.name, self.get());
    }
}

/// Goes up and down.
#[derive(Debug)]
pub struct Gauge {
    name: &'static str,
    help: &'static str,
    value: AtomicI64,
}

impl Gauge {
    pub(super) fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            value: AtomicI64::new(0),
        }
    }

    /// Adds `amount`.
    pub fn add(&self, amount: i64) {
        self.value.fetch_add(amount, Relaxed);
    }

    /// Takes `amount` away.
    pub fn sub(&self, amount: i64) {
        self.value.fetch_sub(amount, Relaxed);
    }

    /// Sets the value.
    pub fn set(&self, value: i64) {
        self.value.store(value, Relaxed);
    }

    /// The present value.
    pub fn get(&self) -> i64 {
        self.value.load(Relaxed)
    }

    pub(super) fn render(&self, text: &mut String) {
        head(text, self.name, self.help, "gauge");
        let _ = writeln!(text, "{} {}", self.name, self.get());
    }
}

/// A counter for each of a fixed list of label values, and one for `other`.
#[derive(Debug)]
pub struct CounterFamily {
    name: &'static str,
    help: &'static str,
    label: &'static str,
    values: &'static [&'static str],
    counts: Vec<Count>,
    other: Count,
}

impl CounterFamily {
    pub(super) fn new(
        name: &'static str,
        help: &'static str,
        label: &'static str,
        values: &'static [&'static str],
    ) -> Self {
        let counts = values.iter().map(|_| Count::default()).collect();
        Self {
            name,
            help,
            label,
            values,
            counts,
            other: Count::default(),
        }
    }

    /// The count for `value`; for a value that is not in the list, the one for `other`.
    pub fn with(&self, value: &str) -> &Count {
        let position = self.values.iter().position(|candidate| *candidate == value);
        position
            .and_then(|position| self.counts.get(position))
            .unwrap_or(&self.other)
    }

    pub(super) fn render(&self, text: &mut String) {
        head(text, self.name, self.help, "counter");
        for (value, count) in self.values.iter().zip(&self.counts) {
            let _ = writeln!(
                text,
                "{}{{{}=\"{value}\"}} {}",
                self.name,
                self.label,
                count.get()
            );
        }
        let other = self.other.get();
        if other > 0 {
            let _ = writeln!(text, "{}{{{}=\"other\"}} {other}", self.name, self.label);
        }
    }
}

/// Upper bounds of the buckets of every histogram, in microseconds, and as Prometheus writes them.
const BUCKETS: [(u64, &str); 12] = [
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (100_000, "0.1"),
    (500_000, "0.5"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
];

/// Durations by size.
#[derive(Debug)]
pub struct Histogram {
    name: &'static str,
    help: &'static str,
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    sum_micros: AtomicU64,
}

impl Histogram {
    pub(super) fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            buckets: Default::default(),
            count: AtomicU64::new(0),
            sum_micros: AtomicU64::new(0),
        }
    }

    /// Counts one duration.
    pub fn observe(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        if let Some(position) = BUCKETS.iter().position(|(bound, _)| micros <= *bound) {
            self.buckets[position].fetch_add(1, Relaxed);
        }
        self.count.fetch_add(1, Relaxed);
        self.sum_micros.fetch_add(micros, Relaxed);
    }

    pub(super) fn render(&self, text: &mut String) {
        head(text, self.name, self.help, "histogram");
        // Read first: whatever is counted meanwhile then shows in a bucket, never only in the total.
        let count = self.count.load(Relaxed);
        let mut below = 0;
        for ((_, bound), bucket) in BUCKETS.iter().zip(&self.buckets) {
            below += bucket.load(Relaxed);
            let _ = writeln!(text, "{}_bucket{{le=\"{bound}\"}} {below}", self.name);
        }
        let count = count.max(below);
        let _ = writeln!(text, "{}_bucket{{le=\"+Inf\"}} {count}", self.name);
        let sum = Duration::from_micros(self.sum_micros.load(Relaxed)).as_secs_f64();
        let _ = writeln!(text, "{}_sum {sum}\n{}_count {count}", self.name, self.name);
    }
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}
