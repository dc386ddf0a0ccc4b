//! A map that holds a bounded number of entries and forgets the one that was quiet longest.
//!
//! Entries stand in a vector and are linked by their places, so nothing is allocated once the map is full.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

const NONE: usize = usize::MAX;

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    value: V,
    newer: usize,
    older: usize,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Lru<K, V> {
    places: HashMap<K, usize>,
    entries: Vec<Entry<K, V>>,
    newest: usize,
    oldest: usize,
    capacity: usize,
}

impl<K: Clone + Eq + Hash, V> Lru<K, V> {
    /// For at most `capacity` entries, at least one.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            places: HashMap::new(),
            entries: Vec::new(),
            newest: NONE,
            oldest: NONE,
            capacity: capacity.max(1),
        }
    }

    /// The value of `key` as it is, without waking it.
    pub(super) fn peek<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.places.get(key).map(|place| &self.entries[*place].value)
    }

    /// The value of `key`, now the newest; made by `make` if there is none, in place of the oldest if it must be.
    pub(super) fn wake(&mut self, key: &K, make: impl FnOnce() -> V) -> &mut V {
        let place = match self.places.get(key) {
            Some(place) => {
                let place = *place;
                self.unlink(place);
                place
            }
            None => self.take_place(key, make()),
        };
        self.link(place);
        &mut self.entries[place].value
    }

    fn take_place(&mut self, key: &K, value: V) -> usize {
        let entry = Entry {
            key: key.clone(),
            value,
            newer: NONE,
            older: NONE,
        };
        let place = if self.entries.len() < self.capacity {
            self.entries.push(entry);
            self.entries.len() - 1
        } else {
            let place = self.oldest;
            self.unlink(place);
            self.places.remove(&self.entries[place].key);
            self.entries[place] = entry;
            place
        };
        self.places.insert(key.clone(), place);
        place
    }

    fn unlink(&mut self, place: usize) {
        let (newer, older) = (self.entries[place].newer, self.entries[place].older);
        match newer {
            NONE => self.newest = older,
            newer => self.entries[newer].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.entries[older].newer = newer,
        }
    }

    fn link(&mut self, place: usize) {
        self.entries[place].newer = NONE;
        self.entries[place].older = self.newest;
        match self.newest {
            NONE => self.oldest = place,
            newest => self.entries[newest].newer = place,
        }
        self.newest = place;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_a_plain_list_through_random_use() {
        use rand::{Rng as _, SeedableRng as _};
        let seed = 0x5eed;
        println!("seed {seed}");
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        for capacity in [1, 2, 3, 17] {
            let mut lru = Lru::new(capacity);
            // Newest first.
            let mut list: Vec<(u8, u32)> = Vec::new();
            for round in 0..3_000 {
                let key: u8 = random.random_range(0..40);
                let known = list
                    .iter()
                    .position(|(other, _)| *other == key)
                    .map(|at| list.remove(at).1);
                assert_eq!(lru.peek(&key).copied(), known);
                let value = known.unwrap_or(round);
                assert_eq!(*lru.wake(&key, || round), value);
                list.insert(0, (key, value));
                list.truncate(capacity);
                assert_eq!(lru.places.len(), list.len());
                assert!(list.iter().all(|(key, value)| lru.peek(key) == Some(value)));
            }
        }
    }
}
