//! Which dependencies count.
//!
//! People can add dependencies at the same time that only together go in circles. They are replayed in the order of
//! their logical clocks, and of names among equals; one that would close a cycle is marked and does not count.
//!
//! Invariant: those not marked have no cycle. Time is linear for those that no cycle can go through, and quadratic for
//! at most [`limit::TANGLED_LINKS`] others; all further ones are marked unseen.

use std::collections::{BTreeMap, BTreeSet};

use crate::board::id::CardId;
use crate::board::raw::LinkId;
use crate::board::schema::limit;

/// Where a link comes from and where it goes, as numbers of cards.
type Edge = (usize, usize);

/// Positions of those among `links` (of one kind, in the order of their names, with their clocks) that close a cycle.
pub(in crate::board) fn cyclic(links: &[(&LinkId, u64)]) -> BTreeSet<usize> {
    let (edges, cards) = numbered(links);
    let mut tangled = tangled(&edges, cards);
    tangled.sort_by_key(|at| (links[*at].1, *at));
    let mut marked: BTreeSet<usize> = tangled.iter().skip(limit::TANGLED_LINKS).copied().collect();
    let mut walk = Walk {
        after: vec![Vec::new(); cards],
        seen: vec![usize::MAX; cards],
    };
    for at in tangled.into_iter().take(limit::TANGLED_LINKS) {
        let (from, to) = edges[at];
        if walk.leads(to, from, at) {
            marked.insert(at);
        } else {
            walk.after[from].push(to);
        }
    }
    marked
}

/// The links as numbers of cards, and how many cards there are.
fn numbered(links: &[(&LinkId, u64)]) -> (Vec<Edge>, usize) {
    let mut numbers: BTreeMap<&CardId, usize> = BTreeMap::new();
    let mut number = |id| {
        let next = numbers.len();
        *numbers.entry(id).or_insert(next)
    };
    let edges = links
        .iter()
        .map(|(link, _)| (number(&link.from), number(&link.to)))
        .collect();
    (edges, numbers.len())
}

/// The links that count so far.
struct Walk {
    after: Vec<Vec<usize>>,
    /// The last walk that came by a card.
    seen: Vec<usize>,
}

impl Walk {
    /// Whether one can walk from `start` to `end`. Each walk has another `name`.
    fn leads(&mut self, start: usize, end: usize, name: usize) -> bool {
        let mut open = vec![start];
        self.seen[start] = name;
        while let Some(at) = open.pop() {
            if at == end {
                return true;
            }
            for next in &self.after[at] {
                if self.seen[*next] != name {
                    self.seen[*next] = name;
                    open.push(*next);
                }
            }
        }
        false
    }
}

/// Positions of links that a cycle might go through: what is left when cards that nothing leads to, and cards that
/// lead nowhere, are taken away again and again.
fn tangled(edges: &[Edge], cards: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..edges.len()).collect();
    for turn in [|edge: Edge| edge, |(from, to): Edge| (to, from)] {
        let mut coming = vec![0_usize; cards];
        let mut going: Vec<Vec<usize>> = vec![Vec::new(); cards];
        for at in &left {
            let (from, to) = turn(edges[*at]);
            coming[to] += 1;
            going[from].push(to);
        }
        let mut free: Vec<usize> = (0..cards).filter(|card| coming[*card] == 0).collect();
        let mut taken = vec![false; cards];
        while let Some(card) = free.pop() {
            taken[card] = true;
            for to in &going[card] {
                coming[*to] -= 1;
                if coming[*to] == 0 {
                    free.push(*to);
                }
            }
        }
        left.retain(|at| !taken[turn(edges[*at]).0]);
    }
    left
}
