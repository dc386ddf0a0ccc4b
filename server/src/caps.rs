//! How many of something (sockets, streams) one account or one address may have at a time.
//!
//! Invariant: a place is given back when it is dropped, however what it was for ended; who has none is not remembered.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of everybody.
#[derive(Debug)]
pub(crate) struct Caps<K> {
    max: usize,
    taken: Mutex<HashMap<K, usize>>,
}

/// One of somebody's places.
pub(crate) struct Place<K: Copy + Eq + Hash> {
    caps: Arc<Caps<K>>,
    key: K,
}

impl<K: Copy + Eq + Hash> fmt::Debug for Place<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Place").finish_non_exhaustive()
    }
}

impl<K: Copy + Eq + Hash> Caps<K> {
    /// Everybody has `max` places.
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            taken: Mutex::default(),
        })
    }

    /// One more place for `key`, or `None` if all are taken.
    pub(crate) fn take(self: &Arc<Self>, key: K) -> Option<Place<K>> {
        let mut taken = self.lock();
        let count = taken.entry(key).or_insert(0);
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(Place {
            caps: Arc::clone(self),
            key,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        // Nothing that could unwind runs under the lock.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Place<K> {
    /// Whose it is.
    pub(crate) fn key(&self) -> K {
        self.key
    }
}

impl<K: Copy + Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.caps.lock().entry(self.key) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_for_each_and_given_back() {
        let caps = Caps::new(2);
        let first = caps.take("ann").unwrap();
        let second = caps.take("ann").unwrap();
        assert!(caps.take("ann").is_none());
        assert!(caps.take("ben").is_some(), "somebody else is not affected");
        drop(first);
        let third = caps.take("ann").unwrap();
        assert!(caps.take("ann").is_none());
        drop((second, third));
        assert!(caps.lock().is_empty(), "nobody is remembered");
    }
}
