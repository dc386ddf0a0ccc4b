//! How much of its log a room has that no snapshot holds, and showing it.

use std::sync::Arc;

use crate::metrics::Metrics;

/// The part of the log that no snapshot holds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tail {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// This room's share of `weft_log_tail_rows`; gone with it.
#[derive(Debug)]
pub(super) struct ShownTail {
    metrics: Arc<Metrics>,
    rows: i64,
}

impl ShownTail {
    /// Nothing yet.
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, rows: 0 }
    }

    /// It is `tail` now.
    pub(super) fn show(&mut self, tail: Tail) {
        let rows = i64::try_from(tail.rows).unwrap_or(i64::MAX);
        if rows != self.rows {
            self.metrics.log.tail_rows.add(rows - self.rows);
            self.rows = rows;
        }
    }
}

impl Drop for ShownTail {
    fn drop(&mut self) {
        self.metrics.log.tail_rows.sub(self.rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_the_sum_of_those_that_are_open() {
        let metrics = Arc::new(Metrics::new());
        let tail = |rows| Tail { rows, bytes: 0 };
        let [mut one, mut two] = [(); 2].map(|()| ShownTail::new(Arc::clone(&metrics)));
        one.show(tail(5));
        two.show(tail(3));
        one.show(tail(1));
        assert_eq!(metrics.log.tail_rows.get(), 4);
        drop(two);
        assert_eq!(metrics.log.tail_rows.get(), 1);
        drop(one);
        assert_eq!(metrics.log.tail_rows.get(), 0);
    }
}
