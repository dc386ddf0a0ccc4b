//! Which old item becomes which new one.
//!
//! Equal items are found first; in the gaps between them the most similar items of the same kind are paired, so that
//! what is changed is changed in place. A gap that is too large for comparing all with all is paired in order.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::common;
use super::words::words;

/// How many comparisons one gap may take.
const MAX_COMPARISONS: usize = 20_000;

/// How many words of an item are compared.
const MAX_WORDS: usize = 200;

/// How far the pairing in order looks ahead.
const LOOK_AHEAD: usize = 16;

/// One step through the old and the new items, in the order of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Old and new are equal.
    Keep(usize),
    /// The old item becomes the new one.
    Change(usize, usize),
    /// The old item goes.
    Delete(usize),
    /// The new item comes here.
    Insert(usize),
}

/// What can be aligned.
pub(crate) trait Item {
    /// Equal items have equal fingerprints, others hardly ever.
    fn fingerprint(&self) -> u64;
    /// Only items of the same kind become one another.
    fn kind(&self) -> &str;
    /// What similar items have in common.
    fn text(&self) -> String;
}

/// `value` in 64 bits.
pub(crate) fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The steps that turn `old` into `new`. `same` decides where fingerprints agree.
pub(crate) fn align<O: Item, N: Item>(old: &[O], new: &[N], same: impl Fn(&O, &N) -> bool) -> Vec<Step> {
    let old_prints: Vec<_> = old.iter().map(Item::fingerprint).collect();
    let new_prints: Vec<_> = new.iter().map(Item::fingerprint).collect();
    let mut steps = Vec::with_capacity(old.len().max(new.len()));
    let (mut old_at, mut new_at) = (0, 0);
    for (x, y) in common(&old_prints, &new_prints) {
        if !same(&old[x], &new[y]) {
            continue;
        }
        fill(&old[old_at..x], &new[new_at..y], (old_at, new_at), &mut steps);
        steps.push(Step::Keep(x));
        (old_at, new_at) = (x + 1, y + 1);
    }
    fill(&old[old_at..], &new[new_at..], (old_at, new_at), &mut steps);
    steps
}

/// The steps of a gap without equal items, whose items begin at `offset`.
fn fill<O: Item, N: Item>(old: &[O], new: &[N], offset: (usize, usize), steps: &mut Vec<Step>) {
    let pairs = if old.len() * new.len() <= MAX_COMPARISONS {
        most_similar(old, new)
    } else {
        in_order(old, new)
    };
    let (mut old_at, mut new_at) = (0, 0);
    let ends = std::iter::once((old.len(), new.len()));
    for (x, y) in pairs.into_iter().chain(ends) {
        steps.extend((old_at..x).map(|at| Step::Delete(offset.0 + at)));
        steps.extend((new_at..y).map(|at| Step::Insert(offset.1 + at)));
        if x < old.len() {
            steps.push(Step::Change(offset.0 + x, offset.1 + y));
        }
        (old_at, new_at) = (x + 1, y + 1);
    }
}

/// The pairs, growing in both, whose similarity adds up to the most.
fn most_similar<O: Item, N: Item>(old: &[O], new: &[N]) -> Vec<(usize, usize)> {
    if old.is_empty() || new.is_empty() {
        return Vec::new();
    }
    let old_words: Vec<_> = old.iter().map(bag).collect();
    let new_words: Vec<_> = new.iter().map(bag).collect();
    let width = new.len() + 1;
    let mut worth = vec![0_u32; (old.len() + 1) * width];
    let mut gain = vec![0_u32; old.len() * new.len()];
    for x in (0..old.len()).rev() {
        for y in (0..new.len()).rev() {
            let similar = if old[x].kind() == new[y].kind() {
                similarity(&old_words[x], &new_words[y])
            } else {
                0
            };
            gain[x * new.len() + y] = similar;
            let paired = if similar > 0 {
                similar + worth[(x + 1) * width + y + 1]
            } else {
                0
            };
            worth[x * width + y] = paired
                .max(worth[(x + 1) * width + y])
                .max(worth[x * width + y + 1]);
        }
    }
    let mut pairs = Vec::new();
    let (mut x, mut y) = (0, 0);
    while x < old.len() && y < new.len() {
        let best = worth[x * width + y];
        let similar = gain[x * new.len() + y];
        if similar > 0 && best == similar + worth[(x + 1) * width + y + 1] {
            pairs.push((x, y));
            (x, y) = (x + 1, y + 1);
        } else if best == worth[(x + 1) * width + y] {
            x += 1;
        } else {
            y += 1;
        }
    }
    pairs
}

/// Pairs of the same kind, taken as they come.
fn in_order<O: Item, N: Item>(old: &[O], new: &[N]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let mut next = 0;
    for (y, item) in new.iter().enumerate() {
        let ahead = old[next..]
            .iter()
            .take(LOOK_AHEAD)
            .position(|old| old.kind() == item.kind());
        if let Some(ahead) = ahead {
            pairs.push((next + ahead, y));
            next += ahead + 1;
        }
    }
    pairs
}

/// The words of an item, sorted.
fn bag<I: Item>(item: &I) -> Vec<u64> {
    let text = item.text();
    let mut bag: Vec<_> = words(&text)
        .into_iter()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(MAX_WORDS)
        .map(|word| fingerprint(&word))
        .collect();
    bag.sort_unstable();
    bag
}

/// From 1 (nothing in common, but of one kind) to 1001 (the same words).
fn similarity(old: &[u64], new: &[u64]) -> u32 {
    let total = old.len() + new.len();
    if total == 0 {
        return 1001;
    }
    let (mut x, mut y, mut shared) = (0, 0, 0);
    while x < old.len() && y < new.len() {
        match old[x].cmp(&new[y]) {
            std::cmp::Ordering::Less => x += 1,
            std::cmp::Ordering::Greater => y += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                (x, y) = (x + 1, y + 1);
            }
        }
    }
    u32::try_from(2000 * shared / total).unwrap_or_default() + 1
}
