//! Latencies of a whole swarm in one histogram.
//!
//! Invariant: recording neither allocates nor fails; what is above the top counts as the top. It must never be locked
//! over an await.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram;

/// The longest latency that is told apart, in microseconds (10 minutes).
const TOP_US: u64 = 600_000_000;

/// Latencies in microseconds, shared by the clients of a swarm.
#[derive(Debug)]
pub struct Latencies {
    /// A std mutex: held for nanoseconds, never over an await. Absent only if the bounds were invalid.
    histogram: Mutex<Option<Histogram<u64>>>,
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

    /// Forgets everything recorded so far.
    pub fn clear(&self) {
        if let Some(histogram) = self.lock().as_mut() {
            histogram.reset();
        }
    }

    /// The latency in milliseconds that a share `quantile` (0 to 1) stays under; `None` if nothing was recorded.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let histogram = self.lock();
        let histogram = histogram.as_ref().filter(|histogram| !histogram.is_empty())?;
        Some(histogram.value_at_quantile(quantile) as f64 / 1_000.0)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Histogram<u64>>> {
        self.histogram.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
