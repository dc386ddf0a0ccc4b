//! Which dependencies count.
//!
//! People can add dependencies at the same time that only together go in circles. They are replayed in the order of
//! their logical clocks, and of names among equals; one that would close a cycle is marked and does not count.
//!
//! Invariant: those not marked have no cycle. Time is linear for those that no cycle can go through, and quadratic for
//! at most [`limit::TANGLED_LINKS`] others; all further ones are marked unseen.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::board::id::CardId;
use crate::board::raw::RawLink;
use crate::board::schema::limit;

/// Positions of those among `links` (of one kind, in the order of their names) that close a cycle.
pub(super) fn cyclic(links: &[&RawLink]) -> BTreeSet<usize> {
    let mut tangled = tangled(links);
    tangled.sort_by_key(|at| links.get(*at).map(|link| (link.t, *at)));
    let mut marked: BTreeSet<usize> = tangled.iter().skip(limit::TANGLED_LINKS).copied().collect();
    let mut after: BTreeMap<&CardId, Vec<&CardId>> = BTreeMap::new();
    for at in tangled.into_iter().take(limit::TANGLED_LINKS) {
        let Some(link) = links.get(at) else {
            continue;
        };
        if leads(&after, &link.to, &link.from) {
            marked.insert(at);
        } else {
            after.entry(&link.from).or_default().push(&link.to);
        }
    }
    marked
}

/// Whether one can walk from `start` to `end`.
fn leads<'l>(after: &BTreeMap<&'l CardId, Vec<&'l CardId>>, start: &'l CardId, end: &CardId) -> bool {
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        if at == end {
            return true;
        }
        let next = after.get(at).into_iter().flatten();
        open.extend(next.filter(|next| seen.insert(**next)).copied());
    }
    false
}

/// Positions of links that a cycle might go through: what is left when cards that nothing leads to, and cards that
/// lead nowhere, are taken away again and again.
fn tangled(links: &[&RawLink]) -> Vec<usize> {
    let mut left = vec![true; links.len()];
    for reversed in [false, true] {
        let mut coming: BTreeMap<&CardId, usize> = BTreeMap::new();
        let mut going: BTreeMap<&CardId, Vec<usize>> = BTreeMap::new();
        for (at, link) in links.iter().enumerate().filter(|(at, _)| left[*at]) {
            let (from, to) = ends(link, reversed);
            coming.entry(from).or_default();
            *coming.entry(to).or_default() += 1;
            going.entry(from).or_default().push(at);
        }
        let free = coming.iter().filter(|(_, count)| **count == 0);
        let mut free: VecDeque<&CardId> = free.map(|(card, _)| *card).collect();
        while let Some(card) = free.pop_front() {
            for at in going.remove(card).unwrap_or_default() {
                left[at] = false;
                let (_, to) = ends(links[at], reversed);
                if let Some(count) = coming.get_mut(to) {
                    *count -= 1;
                    if *count == 0 {
                        free.push_back(to);
                    }
                }
            }
        }
    }
    (0..links.len()).filter(|at| left[*at]).collect()
}

/// Where a link comes from and where it goes, seen from its start or from its end.
fn ends(link: &RawLink, reversed: bool) -> (&CardId, &CardId) {
    if reversed {
        (&link.to, &link.from)
    } else {
        (&link.from, &link.to)
    }
}
