//! The order in which messages came first.
//!
//! Invariant: the server begins first attempts in the order of the events and has a few under way at once, so when a
//! message comes only so many before it may still be missing.

use std::collections::BTreeSet;

/// How many attempts at an endpoint the server has under way at once, by default.
const UNDER_WAY: usize = 4;

/// How many messages came while more of those before them were missing than can have been under way.
pub(super) fn too_early(sequences: impl Iterator<Item = i64>) -> usize {
    let came: Vec<i64> = sequences.collect();
    let mut missing: BTreeSet<i64> = came.iter().copied().collect();
    let mut early = 0;
    for sequence in came {
        missing.remove(&sequence);
        // One more than may be is enough to know.
        early += usize::from(missing.range(..sequence).take(UNDER_WAY).count() >= UNDER_WAY);
    }
    early
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_may_overtake_only_what_is_under_way_with_them() {
        assert_eq!(too_early([1, 2, 5, 9].into_iter()), 0);
        assert_eq!(too_early([4, 3, 2, 1, 8, 5, 6, 7].into_iter()), 0);
        assert_eq!(too_early([5, 1, 2, 3, 4].into_iter()), 1);
        assert_eq!(too_early([1, 9, 8, 2, 3, 4, 5].into_iter()), 2);
        assert_eq!(too_early([].into_iter()), 0);
    }
}
