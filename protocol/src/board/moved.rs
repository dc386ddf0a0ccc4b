//! Which cards were taken elsewhere, seen from what is shown.
//!
//! A card can get another key without having moved: it stood alone, or the keys around it were settled. So not keys are
//! compared but orders: the fewest cards that one has to take elsewhere to come from what was shown to what is.
//!
//! Invariant: the cards that were in a column before and now, without those that moved, are in the same order.

use std::collections::{BTreeMap, BTreeSet};

use super::id::{CardId, ColumnId};
use super::seat::{Rank, Seat};
use super::{Before, Board};

/// A place in the order of a list.
type Spot<'b> = (Rank, &'b CardId);

/// What happened in one column.
#[derive(Default)]
struct Rearranged<'b> {
    /// Cards with another key than before, and that key's rank.
    rekeyed: Vec<(&'b CardId, Rank)>,
    /// Where all cards stand now that have another key or were not here.
    unsettled: Vec<Spot<'b>>,
}

impl Board {
    /// The open cards that stand elsewhere than `before`, and were open then: in another column, or past another card.
    ///
    /// Takes time in the number of cards whose registers changed, times the logarithm of the number of all.
    pub fn moved<'b>(&'b self, before: &'b Before) -> BTreeSet<&'b CardId> {
        let mut moved = BTreeSet::new();
        let mut columns: BTreeMap<Option<&ColumnId>, Rearranged<'b>> = BTreeMap::new();
        for (id, old) in &before.cards {
            let Some(rank) = self.index.rank(id) else { continue };
            let column = self.view.cards.get(id).and_then(|card| card.column.as_ref());
            let old = old.as_ref().and_then(|old| old.seat.as_ref());
            if self.is_in_place(id, old) {
                continue;
            }
            let rearranged = columns.entry(column).or_default();
            rearranged.unsettled.push((rank.clone(), id));
            match old {
                Some(old) if old.column.as_ref() == column => rearranged.rekeyed.push((id, rank_of(old))),
                Some(_) => {
                    moved.insert(id);
                }
                None => {}
            }
        }
        for (column, mut rearranged) in columns {
            rearranged.unsettled.sort_unstable();
            moved.extend(self.out_of_order(column, &rearranged));
        }
        moved
    }

    /// Of the cards with another key those that left the order of their column.
    fn out_of_order<'b>(
        &self,
        column: Option<&ColumnId>,
        rearranged: &Rearranged<'b>,
    ) -> BTreeSet<&'b CardId> {
        let list = self.list(column);
        // How many cards that kept their keys stand above a spot.
        let settled_above = |rank: &Rank, id: &CardId| {
            let (Ok(above) | Err(above)) = self.search(list, rank, id);
            above
                - rearranged
                    .unsettled
                    .partition_point(|(other, card)| (other, *card) < (rank, id))
        };
        let mut moved = BTreeSet::new();
        let mut gaps: BTreeMap<usize, Vec<(Spot<'b>, usize)>> = BTreeMap::new();
        for (id, old) in &rearranged.rekeyed {
            let Some(new) = self.index.rank(id) else { continue };
            let gap = settled_above(new, id);
            if settled_above(old, id) != gap {
                moved.insert(*id);
                continue;
            }
            let place = rearranged
                .unsettled
                .partition_point(|(other, card)| (other, *card) < (new, *id));
            gaps.entry(gap).or_default().push(((old.clone(), *id), place));
        }
        for mut cards in gaps.into_values() {
            cards.sort_unstable();
            let kept = longest_increasing(&cards.iter().map(|(_, place)| *place).collect::<Vec<_>>());
            let others = cards
                .iter()
                .enumerate()
                .filter(|(at, _)| kept.binary_search(at).is_err());
            moved.extend(others.map(|(_, ((_, id), _))| *id));
        }
        moved
    }
}

fn rank_of(seat: &Seat) -> Rank {
    Rank {
        group: seat.group,
        key: seat.key.clone(),
    }
}

/// The indices of a longest increasing subsequence, ascending (by the piles of patience sorting).
fn longest_increasing(numbers: &[usize]) -> Vec<usize> {
    let mut piles: Vec<usize> = Vec::new();
    let mut below = Vec::with_capacity(numbers.len());
    for (at, number) in numbers.iter().enumerate() {
        let pile = piles.partition_point(|top| numbers[*top] < *number);
        below.push(pile.checked_sub(1).map(|pile| piles[pile]));
        match piles.get_mut(pile) {
            Some(top) => *top = at,
            None => piles.push(at),
        }
    }
    let mut kept = Vec::with_capacity(piles.len());
    let mut next = piles.last().copied();
    while let Some(at) = next {
        kept.push(at);
        next = below[at];
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_in_order_is_as_long_as_can_be() {
        for (numbers, kept) in [
            (&[][..], &[][..]),
            (&[7], &[0]),
            (&[1, 2, 3], &[0, 1, 2]),
            (&[3, 2, 1], &[2]),
            (&[9, 1, 2, 3], &[1, 2, 3]),
            (&[1, 2, 9, 3, 4], &[0, 1, 3, 4]),
        ] {
            assert_eq!(longest_increasing(numbers), kept, "{numbers:?}");
        }
    }
}
