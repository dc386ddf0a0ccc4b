//! Where cards stand.
//!
//! Invariant: the cards of a column are in the order of their ranks: group, key, id. The rank of a card depends on its
//! register and on the column that shows it, so a card is found in its column without looking at the others.

use super::Board;
use super::id::{CardId, ColumnId};
use super::key::OrderKey;
use super::raw::RawPlace;

/// The parts of a column, from top to bottom. Within a part cards are in the order of their keys and ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Cards that say they stand here, with a valid key.
    Keyed,
    /// Cards that say they stand here, without one.
    Unkeyed,
    /// Cards that stand here for want of a column of their own, with a valid key.
    Stranded,
    /// The same without a key.
    StrandedUnkeyed,
}

impl Group {
    /// Its number from the top, 0 to 3. Cards in the order of (number, key or nothing, id) are as they are shown.
    pub const fn number(self) -> u8 {
        match self {
            Self::Keyed => 0,
            Self::Unkeyed => 1,
            Self::Stranded => 2,
            Self::StrandedUnkeyed => 3,
        }
    }
}

/// Where an open card stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// The column that shows it; `None` on a board without columns.
    pub column: Option<ColumnId>,
    /// In which part of the column.
    pub group: Group,
    /// Its key, if that is a valid one.
    pub key: Option<OrderKey>,
    /// The card right above it. It tells where a card was; that another card came or went above does not move it.
    pub previous: Option<CardId>,
}

impl Seat {
    /// Whether both are the same place in the order, whoever else stands there.
    pub fn same_place(&self, other: &Self) -> bool {
        self.column == other.column && self.group == other.group && self.key == other.key
    }
}

/// What orders the cards of one list, before their ids do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) group: Group,
    pub(super) key: Option<OrderKey>,
}

impl Rank {
    /// The rank of a card whose register is `place`, in the column that shows it.
    pub(super) fn of(place: Option<&RawPlace>, column: Option<&ColumnId>) -> Self {
        let own = column.is_some() && place.map(|place| &place.column) == column;
        let key = place.and_then(|place| place.key.clone());
        let group = match (own, key.is_some()) {
            (true, true) => Group::Keyed,
            (true, false) => Group::Unkeyed,
            (false, true) => Group::Stranded,
            (false, false) => Group::StrandedUnkeyed,
        };
        Self { group, key }
    }
}

impl Board {
    /// Where an open card stands. Takes time in the logarithm of the number of cards.
    pub fn seat(&self, id: &CardId) -> Option<Seat> {
        let rank = self.index.rank(id)?;
        let column = self.view.cards.get(id)?.column.as_ref();
        let list = self.list(column);
        let above = self.search(list, rank, id).ok()?.checked_sub(1);
        Some(Seat {
            column: column.cloned(),
            group: rank.group,
            key: rank.key.clone(),
            previous: above.and_then(|above| list.get(above)).cloned(),
        })
    }

    /// Every open card, with where it stands, as they are shown from the first column to the last.
    pub fn seats(&self) -> impl Iterator<Item = (&CardId, Seat)> {
        let columns = self.view.columns.iter();
        let lists = columns.map(|column| (Some(&column.id), column.cards.as_slice()));
        let lists = lists.chain([(None, self.view.unsorted.as_slice())]);
        lists.flat_map(move |(column, cards)| {
            let above = std::iter::once(None).chain(cards.iter().map(Some));
            cards.iter().zip(above).filter_map(move |(card, above)| {
                let rank = self.index.rank(card)?.clone();
                let seat = Seat {
                    column: column.cloned(),
                    group: rank.group,
                    key: rank.key,
                    previous: above.cloned(),
                };
                Some((card, seat))
            })
        })
    }

    /// Whether a card still stands where it stood. Who else is there is not looked at.
    pub(super) fn is_in_place(&self, id: &CardId, seat: Option<&Seat>) -> bool {
        match (self.index.rank(id), seat) {
            (None, None) => true,
            (Some(rank), Some(seat)) => {
                let column = self.view.cards.get(id).and_then(|card| card.column.as_ref());
                (column, rank.group, &rank.key) == (seat.column.as_ref(), seat.group, &seat.key)
            }
            _ => false,
        }
    }

    /// Where a card of this rank stands in a list of open cards, or would.
    pub(super) fn search(&self, cards: &[CardId], rank: &Rank, id: &CardId) -> Result<usize, usize> {
        cards.binary_search_by(|card| (self.index.rank(card), card).cmp(&(Some(rank), id)))
    }

    /// The cards that a column shows, or those that no column does.
    pub(super) fn list(&self, column: Option<&ColumnId>) -> &[CardId] {
        match column {
            None => &self.view.unsorted,
            Some(column) => self.view.column(column).map_or(&[], |(_, column)| &column.cards),
        }
    }
}
