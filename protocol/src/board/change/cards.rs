//! The life of a card.

use yrs::types::text::TextPrelim;
use yrs::{Any, Map, MapPrelim, WriteTxn, XmlFragmentPrelim};

use super::{At, ChangeError, Editor, What, fits, is_stamped, not_found, text};
use crate::board::id::{CardId, ColumnId, kind};
use crate::board::repair::clock;
use crate::board::schema::{field, limit, root};
use crate::board::view::CardState;

/// A card that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCard {
    /// A fresh id, in practice a UUIDv7.
    pub id: CardId,
    /// The title, at most [`limit::TITLE_CHARS`].
    pub title: String,
    /// The column.
    pub column: ColumnId,
    /// The place in it.
    pub at: At<kind::Card>,
}

/// The nested maps that each card has from the start.
const MAPS: [&str; 6] = [
    field::ASSIGNEES,
    field::LABELS,
    field::WATCHERS,
    field::CHECK,
    field::VALUES,
    field::FILES,
];

impl Editor<'_, '_> {
    /// Creates a card.
    ///
    /// # Errors
    /// [`ChangeError::Exists`], [`ChangeError::TooLong`], [`ChangeError::TooMany`] open cards, and those of
    /// [`Editor::move_cards`].
    pub fn create_card(&mut self, new: &NewCard) -> Result<(), ChangeError> {
        fits(&new.title, What::Card, limit::TITLE_CHARS)?;
        let board = self.take_board();
        let cards = &board.view;
        let open = cards.cards.len() - cards.archive.len() - cards.trash.len();
        let root = self.txn.get_or_insert_map(root::CARDS);
        let checked = if root.contains_key(self.txn, new.id.as_str()) {
            Err(ChangeError::Exists {
                what: What::Card,
                id: new.id.as_str().to_owned(),
            })
        } else if open >= limit::OPEN_CARDS {
            Err(ChangeError::TooMany {
                what: What::Card,
                limit: limit::OPEN_CARDS,
            })
        } else {
            let card = std::slice::from_ref(&new.id);
            super::seats::seat_among(&board, card, &new.column, &new.at).map(drop)
        };
        if let Err(error) = checked {
            self.board = Some(board);
            return Err(error);
        }
        let card = root.insert(self.txn, new.id.as_str(), MapPrelim::default());
        card.insert(self.txn, field::TITLE, TextPrelim::new(new.title.as_str()));
        card.insert(self.txn, field::DESC, XmlFragmentPrelim::default());
        for name in MAPS {
            card.insert(self.txn, name, MapPrelim::default());
        }
        self.board = None;
        self.place_in(&board, std::slice::from_ref(&new.id), &new.column, &new.at)
    }

    /// Writes another title, letter by letter: what others write into it at the same time stays.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::TooLong`].
    pub fn rename_card(&mut self, id: &CardId, title: &str) -> Result<(), ChangeError> {
        fits(title, What::Card, limit::TITLE_CHARS)?;
        let card = self.card(id)?;
        text::rewrite(self.txn, &card, field::TITLE, title);
        self.board = None;
        Ok(())
    }

    /// Puts a card away. One that is away already keeps its stamp.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn archive_card(&mut self, id: &CardId) -> Result<(), ChangeError> {
        self.stamp_card(id, field::ARCH)
    }

    /// Gets a card back from the archive, to where it was.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`]; [`ChangeError::TooMany`] open cards.
    pub fn unarchive_card(&mut self, id: &CardId) -> Result<(), ChangeError> {
        let card = self.card(id)?;
        self.check_room()?;
        self.set(&card, field::ARCH, None);
        Ok(())
    }

    /// Puts a card into the trash. What is in it stays, and what others write into it too.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn delete_card(&mut self, id: &CardId) -> Result<(), ChangeError> {
        self.stamp_card(id, field::DEL)
    }

    /// Gets a card back from the trash, to where it was. One that is not there is left alone.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for a card that there never was or that was purged; [`ChangeError::TooMany`].
    pub fn restore_card(&mut self, id: &CardId) -> Result<(), ChangeError> {
        let card = self.thing(root::CARDS, What::Card, id.as_str())?;
        if is_stamped(self.txn, &card, field::DEL) {
            self.check_room()?;
            self.set(&card, field::DEL, None);
        }
        Ok(())
    }

    /// Takes a card out of the trash for good, with its relations. What somebody still writes into it is lost.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for a card that is not in the trash.
    pub fn purge_card(&mut self, id: &CardId) -> Result<(), ChangeError> {
        let card = self.thing(root::CARDS, What::Card, id.as_str())?;
        if !is_stamped(self.txn, &card, field::DEL) {
            return Err(not_found(What::Card, id.as_str()));
        }
        let board = self.take_board();
        for link in board
            .raw
            .links
            .iter()
            .filter(|link| link.from == *id || link.to == *id)
        {
            let links = self.txn.get_or_insert_map(root::LINKS);
            links.remove(self.txn, &link.name());
        }
        let cards = self.txn.get_or_insert_map(root::CARDS);
        cards.remove(self.txn, id.as_str());
        Ok(())
    }

    /// Makes a card a part of another one, or of none.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::ParentCycle`].
    pub fn set_parent(&mut self, id: &CardId, parent: Option<&CardId>) -> Result<(), ChangeError> {
        let card = self.card(id)?;
        if let Some(parent) = parent {
            self.card(parent)?;
        }
        let board = self.take_board();
        let cards = &board.view.cards;
        let mut above = parent;
        while let Some(at) = above {
            if at == id {
                self.board = Some(board);
                return Err(ChangeError::ParentCycle);
            }
            above = cards.get(at).and_then(|card| card.parent.as_ref());
        }
        let before = cards.get(id).and_then(|card| card.parent.as_ref());
        if before == parent {
            self.board = Some(board);
            return Ok(());
        }
        let text = |card: Option<&CardId>| card.map_or(Any::Null, |card| Any::from(card.as_str()));
        let t = (board.raw.clock() + 1).min(limit::INTEGER);
        let register = [("p", text(parent)), ("prev", text(before)), ("t", clock(t))];
        let register = register.map(|(name, value)| (name.to_owned(), value));
        self.set(
            &card,
            field::PARENT,
            Some(Any::from(std::collections::HashMap::from(register))),
        );
        Ok(())
    }

    /// Stamps a card, unless it has that stamp.
    fn stamp_card(&mut self, id: &CardId, name: &str) -> Result<(), ChangeError> {
        let card = self.card(id)?;
        if !is_stamped(self.txn, &card, name) {
            let stamp = self.stamp();
            self.set(&card, name, Some(stamp));
        }
        Ok(())
    }

    /// Checks that there may be one more open card.
    fn check_room(&mut self) -> Result<(), ChangeError> {
        let board = self.take_board();
        let cards = board.view.cards.values();
        let open = cards.filter(|card| card.state == CardState::Open).count();
        self.board = Some(board);
        if open >= limit::OPEN_CARDS {
            return Err(ChangeError::TooMany {
                what: What::Card,
                limit: limit::OPEN_CARDS,
            });
        }
        Ok(())
    }
}
