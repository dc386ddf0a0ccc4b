//! What two sequences have in common.
//!
//! All of it is bounded: a search that gets too long is given up for a coarser one. A coarser answer is still right,
//! it only calls more things changed.

mod align;
mod words;

use std::collections::HashMap;
use std::hash::Hash;

pub(super) use self::align::{Item, Step, align, fingerprint};
pub(super) use self::words::{Edit, edits};

/// How many insertions and deletions the exact search may find before it is given up. Its memory is the square of it.
const MAX_EDITS: usize = 600;

/// Pairs of positions whose elements are equal, growing in both: a longest such list where the sequences are similar,
/// otherwise a good one.
pub(super) fn common<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let prefix = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
    let suffix = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let old_middle = &old_rest[..old_rest.len() - suffix];
    let new_middle = &new_rest[..new_rest.len() - suffix];

    let mut pairs: Vec<_> = (0..prefix).map(|at| (at, at)).collect();
    if !old_middle.is_empty() && !new_middle.is_empty() {
        let middle = shortest(old_middle, new_middle).unwrap_or_else(|| unique(old_middle, new_middle));
        pairs.extend(middle.into_iter().map(|(old, new)| (prefix + old, prefix + new)));
    }
    pairs.extend(
        (0..suffix)
            .rev()
            .map(|at| (old.len() - 1 - at, new.len() - 1 - at)),
    );
    pairs
}

/// The greedy search of Myers: the fewest insertions and deletions, if they are at most [`MAX_EDITS`].
fn shortest<T: Eq>(old: &[T], new: &[T]) -> Option<Vec<(usize, usize)>> {
    let limit = MAX_EDITS.min(old.len() + new.len());
    // For each number of edits the furthest position in `old` on each diagonal, from -edits to edits in steps of two.
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    for edits in 0..=limit {
        let mut reached = Vec::with_capacity(edits + 1);
        for step in 0..=edits {
            let start = match rounds.last() {
                None => 0,
                Some(before) => furthest(before, step, edits),
            };
            let mut x = start;
            let mut y = start + edits - 2 * step;
            // A diagonal may leave the table; then nothing matches on it.
            while x < old.len() && y < new.len() && old[x] == new[y] {
                x += 1;
                y += 1;
            }
            reached.push(x);
            if x == old.len() && y == new.len() {
                rounds.push(reached);
                return Some(walk_back(&rounds, old.len(), new.len()));
            }
        }
        rounds.push(reached);
    }
    None
}

/// Where diagonal number `step` of a round begins, given the round before: the diagonals of round `edits` are
/// `x - y = 2 * step - edits`.
fn furthest(before: &[usize], step: usize, edits: usize) -> usize {
    // From the diagonal above (delete: x grows) or below (insert: y grows).
    let by_deleting = step.checked_sub(1).map(|at| before[at] + 1);
    let by_inserting = (step < edits).then(|| before[step]);
    by_deleting.max(by_inserting).unwrap_or_default()
}

fn walk_back(rounds: &[Vec<usize>], old_len: usize, new_len: usize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let (mut x, mut y) = (old_len, new_len);
    for edits in (0..rounds.len()).rev() {
        let step = (x + edits - y) / 2;
        let start = match edits.checked_sub(1) {
            None => 0,
            Some(before) => furthest(&rounds[before], step, edits),
        };
        while x > start {
            x -= 1;
            y -= 1;
            pairs.push((x, y));
        }
        let Some(before) = edits.checked_sub(1) else { break };
        if step
            .checked_sub(1)
            .is_some_and(|at| rounds[before][at] + 1 == start)
        {
            x -= 1;
        } else {
            y -= 1;
        }
    }
    pairs.reverse();
    pairs
}

/// A longest growing list of elements that occur exactly once in both sequences.
fn unique<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let old_once = positions_of_unique(old);
    let new_once = positions_of_unique(new);
    let mut pairs: Vec<_> = old_once
        .iter()
        .filter_map(|(element, old)| Some((*old, *new_once.get(element)?)))
        .collect();
    pairs.sort_unstable();

    // Patience sorting: the last pair of the best list of each length, and who came before whom.
    let mut piles: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, (_, new)) in pairs.iter().enumerate() {
        let pile = piles.partition_point(|top: &usize| pairs[*top].1 < *new);
        before.push(pile.checked_sub(1).map(|pile| piles[pile]));
        if pile == piles.len() {
            piles.push(index);
        } else {
            piles[pile] = index;
        }
    }
    let mut chosen = Vec::with_capacity(piles.len());
    let mut next = piles.last().copied();
    while let Some(index) = next {
        chosen.push(pairs[index]);
        next = before[index];
    }
    chosen.reverse();
    chosen
}

fn positions_of_unique<T: Eq + Hash>(list: &[T]) -> HashMap<&T, usize> {
    let mut positions: HashMap<&T, Option<usize>> = HashMap::with_capacity(list.len());
    for (position, element) in list.iter().enumerate() {
        positions
            .entry(element)
            .and_modify(|seen| *seen = None)
            .or_insert(Some(position));
    }
    positions
        .into_iter()
        .filter_map(|(element, position)| Some((element, position?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    fn longest(old: &[u8], new: &[u8]) -> usize {
        let mut table = vec![vec![0; new.len() + 1]; old.len() + 1];
        for x in 0..old.len() {
            for y in 0..new.len() {
                table[x + 1][y + 1] = if old[x] == new[y] {
                    table[x][y] + 1
                } else {
                    table[x][y + 1].max(table[x + 1][y])
                };
            }
        }
        table[old.len()][new.len()]
    }

    fn assert_sound(old: &[u8], new: &[u8], pairs: &[(usize, usize)]) {
        assert!(
            pairs.iter().all(|(x, y)| old[*x] == new[*y]),
            "{old:?} {new:?} {pairs:?}"
        );
        assert!(
            pairs
                .windows(2)
                .all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1),
            "{pairs:?}"
        );
    }

    #[test]
    fn the_longest_common_list_is_found() {
        let seed = rand::rng().random();
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..3000 {
            let letters = random.random_range(1..5);
            let mut word = |length| {
                (0..length)
                    .map(|_| random.random_range(0..=letters))
                    .collect::<Vec<u8>>()
            };
            let (old, new) = (word(12), word(9));
            let pairs = common(&old, &new);
            assert_sound(&old, &new, &pairs);
            assert_eq!(pairs.len(), longest(&old, &new), "{old:?} {new:?} {pairs:?}");
        }
    }

    #[test]
    fn long_searches_are_given_up_for_landmarks() {
        let old: Vec<u32> = (0..20_000).collect();
        let new: Vec<u32> = (0..20_000)
            .map(|n| if n % 3 == 0 { n } else { n + 100_000 })
            .collect();
        assert!(shortest(&old, &new).is_none());
        let pairs = common(&old, &new);
        assert_eq!(pairs.len(), 6667);
        assert!(common(&vec![1; 50_000], &vec![2; 50_000]).is_empty());
    }
}
