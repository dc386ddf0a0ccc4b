//! Latencies of a whole swarm in one histogram, and histograms of several rounds in one.
//!
//! Invariant: recording neither allocates nor fails; what is above the top counts as the top. Merging adds counts, so a
//! percentile of several rounds is that of all their latencies, never a mean of percentiles. It must never be locked
//! over an await.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram;

/// The longest latency that is told apart, in microseconds (10 minutes).
const TOP_US: u64 = 600_000_000;
/// The shares at which a curve is told; the tail is what matters.
const CURVE: &[f64] = &[
    0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1.0,
];

/// Latencies in microseconds, shared by the clients of a swarm.
#[derive(Debug)]
pub struct Latencies {
    /// A std mutex: held for nanoseconds, never over an await. Absent only if the bounds were invalid.
    histogram: Mutex<Option<Histogram<u64>>>,
}

/// A finished histogram; what a report keeps of a round.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    histogram: Option<Histogram<u64>>,
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            histogram: Mutex::new(Histogram::new_with_bounds(1, TOP_US, 3).ok()),
        }
    }
}

impl Latencies {
    /// Adds latencies, in microseconds.
    pub fn record(&self, latencies_us: impl IntoIterator<Item = u64>) {
        if let Some(histogram) = self.lock().as_mut() {
            for latency_us in latencies_us {
                histogram.saturating_record(latency_us.max(1));
            }
        }
    }

    /// Adds the time that went by.
    pub fn record_duration(&self, elapsed: std::time::Duration) {
        self.record([u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)]);
    }

    /// Forgets everything recorded so far.
    pub fn clear(&self) {
        if let Some(histogram) = self.lock().as_mut() {
            histogram.reset();
        }
    }

    /// The latency in milliseconds that a share `quantile` (0 to 1) stays under; `None` if nothing was recorded.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        quantile_ms(self.lock().as_ref(), quantile)
    }

    /// A copy of everything recorded so far.
    #[must_use]
    pub fn recorded(&self) -> Recorded {
        Recorded {
            histogram: self.lock().clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Histogram<u64>>> {
        self.histogram.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorded {
    /// All of these in one.
    #[must_use]
    pub fn merged<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sum: Option<Histogram<u64>> = None;
        for one in all.into_iter().filter_map(|one| one.histogram.as_ref()) {
            match &mut sum {
                None => sum = Some(one.clone()),
                // They all have the same bounds, so everything fits.
                Some(sum) => drop(sum.add(one)),
            }
        }
        Self { histogram: sum }
    }

    /// As [`Latencies::quantile_ms`].
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        quantile_ms(self.histogram.as_ref(), quantile)
    }

    /// How many latencies.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.as_ref().map_or(0, Histogram::len)
    }

    /// Shares and latencies in milliseconds, from the shortest to the longest; empty if nothing was recorded.
    #[must_use]
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let point = |quantile: &f64| Some((*quantile, self.quantile_ms(*quantile)?));
        CURVE.iter().filter_map(point).collect()
    }
}

fn quantile_ms(histogram: Option<&Histogram<u64>>, quantile: f64) -> Option<f64> {
    let histogram = histogram.filter(|histogram| !histogram.is_empty())?;
    Some(histogram.value_at_quantile(quantile) as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(latencies_us: impl IntoIterator<Item = u64>) -> Recorded {
        let latencies = Latencies::default();
        latencies.record(latencies_us);
        latencies.recorded()
    }

    fn near(value: Option<f64>, wanted: f64) -> bool {
        value.is_some_and(|value| (value - wanted).abs() <= wanted / 500.0)
    }

    #[test]
    fn percentiles_of_several_rounds_are_those_of_all_their_latencies() {
        // One slow round of few latencies among fast ones of many: a mean of the rounds' p99 would be 500 ms.
        let fast = recorded((0..9_900).map(|_| 1_000));
        let slow = recorded((0..100).map(|_| 999_000));
        let merged = Recorded::merged([&fast, &slow]);
        assert_eq!(merged.count(), 10_000);
        assert!(near(merged.quantile_ms(0.5), 1.0), "{merged:?}");
        assert!(near(merged.quantile_ms(0.99), 1.0), "{merged:?}");
        assert!(near(merged.quantile_ms(0.991), 999.0), "{merged:?}");
        assert!(near(merged.quantile_ms(1.0), 999.0), "{merged:?}");
        let all = recorded((0..9_900).map(|_| 1_000).chain((0..100).map(|_| 999_000)));
        assert_eq!(all.curve(), merged.curve());
    }

    #[test]
    fn nothing_recorded_has_no_percentiles_and_adds_nothing() {
        let nothing = recorded([]);
        assert_eq!((nothing.quantile_ms(0.5), nothing.curve().len()), (None, 0));
        let merged = Recorded::merged([&nothing, &Recorded::default(), &recorded([5_000])]);
        assert!(near(merged.quantile_ms(0.99), 5.0));
    }

    #[test]
    fn the_longest_latency_counts_as_the_top_and_the_shortest_as_one() {
        let extremes = recorded([0, u64::MAX]);
        assert_eq!(extremes.count(), 2);
        assert!(near(extremes.quantile_ms(1.0), TOP_US as f64 / 1_000.0));
        assert_eq!(extremes.quantile_ms(0.1), Some(0.001));
    }
}
