//! Where cards stand.
//!
//! Invariant: the cards of a column are in the order of their ranks: group, key, id. The rank of a card depends on its
//! register and on the column that shows it, so a card is found in its column without looking at the others.

use std::cmp::Ordering;

use super::Board;
use super::id::{CardId, ColumnId};
use super::key::OrderKey;
use super::raw::RawPlace;
use super::view::{CardState, CardView};

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

    fn of(own: bool, keyed: bool) -> Self {
        match (own, keyed) {
            (true, true) => Self::Keyed,
            (true, false) => Self::Unkeyed,
            (false, true) => Self::Stranded,
            (false, false) => Self::StrandedUnkeyed,
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

/// What orders the cards of one column.
pub(super) type Rank<'r> = (Group, Option<&'r OrderKey>, &'r CardId);

/// The rank of the card `id`, whose register is `place`, in the column that shows it.
pub(super) fn rank<'r>(place: Option<&'r RawPlace>, column: Option<&ColumnId>, id: &'r CardId) -> Rank<'r> {
    let own = column.is_some() && place.map(|place| &place.column) == column;
    let key = place.and_then(|place| place.key.as_ref());
    (Group::of(own, key.is_some()), key, id)
}

/// Where `wanted` stands, or would, among `cards` that have these ranks.
pub(super) fn search<'r>(
    cards: &'r [CardId],
    wanted: Rank<'_>,
    rank: impl Fn(&'r CardId) -> Rank<'r>,
) -> Result<usize, usize> {
    cards.binary_search_by(|card| {
        let (group, key, id) = rank(card);
        Ordering::then_with((group, key).cmp(&(wanted.0, wanted.1)), || id.cmp(wanted.2))
    })
}

impl Board {
    /// Where an open card stands. Takes time in the logarithm of the number of cards.
    pub fn seat(&self, id: &CardId) -> Option<Seat> {
        self.seat_with(id, |card| self.place_of(card))
    }

    /// Every open card, with where it stands, as they are shown from the first column to the last.
    pub fn seats(&self) -> impl Iterator<Item = (&CardId, Seat)> {
        let columns = self.view.columns.iter();
        let lists = columns.map(|column| (Some(&column.id), column.cards.as_slice()));
        lists
            .chain([(None, self.view.unsorted.as_slice())])
            .flat_map(move |(column, cards)| {
                let above = std::iter::once(None).chain(cards.iter().map(Some));
                cards.iter().zip(above).map(move |(card, above)| {
                    let (group, key, _) = rank(self.place_of(card), column, card);
                    let seat = Seat {
                        column: column.cloned(),
                        group,
                        key: key.cloned(),
                        previous: above.cloned(),
                    };
                    (card, seat)
                })
            })
    }

    /// The position of an open card in the list that shows it.
    pub(super) fn position(&self, id: &CardId, card: &CardView) -> Option<usize> {
        let column = card.column.as_ref();
        let wanted = rank(self.place_of(id), column, id);
        search(self.list(column), wanted, |other| {
            rank(self.place_of(other), column, other)
        })
        .ok()
    }

    /// The cards that a column shows, or those that no column does.
    pub(super) fn list(&self, column: Option<&ColumnId>) -> &[CardId] {
        match column {
            None => &self.view.unsorted,
            Some(column) => self.view.column(column).map_or(&[], |(_, column)| &column.cards),
        }
    }

    /// What the document says about the place of a card.
    pub(super) fn place_of(&self, id: &CardId) -> Option<&RawPlace> {
        self.raw.cards.get(id)?.place.as_ref()
    }

    /// Where an open card stands, by places that may be others than those in the document.
    pub(super) fn seat_with<'p>(
        &'p self,
        id: &'p CardId,
        place: impl Fn(&'p CardId) -> Option<&'p RawPlace>,
    ) -> Option<Seat> {
        let card = self
            .view
            .cards
            .get(id)
            .filter(|card| card.state == CardState::Open)?;
        let column = card.column.as_ref();
        let wanted = rank(place(id), column, id);
        let list = self.list(column);
        let at = search(list, wanted, |other| rank(place(other), column, other)).ok()?;
        Some(Seat {
            column: column.cloned(),
            group: wanted.0,
            key: wanted.1.cloned(),
            previous: at.checked_sub(1).map(|above| list[above].clone()),
        })
    }
}
