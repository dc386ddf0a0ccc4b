//! The life of a card.

use std::collections::HashMap;

use yrs::types::text::TextPrelim;
use yrs::{Any, Map, MapPrelim, WriteTxn, XmlFragmentPrelim};

use super::seats::gap;
use super::{At, ChangeError, Editor, What, fits, is_stamped, not_found, text, too_many};
use crate::board::id::{CardId, ColumnId, kind};
use crate::board::raw::LinkId;
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
    /// [`ChangeError::Exists`], [`ChangeError::TooLong`], [`ChangeError::TooMany`] cards, and those of
    /// [`Editor::move_cards`].
    pub fn create_card(&mut self, new: &NewCard) -> Result<(), ChangeError> {
        fits(&new.title, What::Card, limit::TITLE_CHARS)?;
        let root = self.txn.get_or_insert_map(root::CARDS);
        if root.contains_key(self.txn, new.id.as_str()) {
            return Err(ChangeError::Exists {
                what: What::Card,
                id: new.id.as_str().to_owned(),
            });
        }
        self.check_room()?;
        let board = self.board();
        if board.raw.cards.len() >= limit::ALL_CARDS {
            return Err(too_many(What::Card, limit::ALL_CARDS));
        }
        let card = std::slice::from_ref(&new.id);
        let gap = gap(board, card, &new.column, &new.at)?;
        let shared = root.insert(self.txn, new.id.as_str(), MapPrelim::default());
        shared.insert(self.txn, field::TITLE, TextPrelim::new(new.title.as_str()));
        shared.insert(self.txn, field::DESC, XmlFragmentPrelim::default());
        for name in MAPS {
            shared.insert(self.txn, name, MapPrelim::default());
        }
        self.fill(gap, card)
    }

    /// Writes another title, letter by letter: what others write into it at the same time stays.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::TooLong`].
    pub fn rename_card(&mut self, id: &CardId, title: &str) -> Result<(), ChangeError> {
        fits(title, What::Card, limit::TITLE_CHARS)?;
        let card = self.card(id)?;
        text::rewrite(self.txn, &card, field::TITLE, title);
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
        self.check_card(id)?;
        let card = self.board().view.cards.get(id);
        if card.is_some_and(|card| card.state == CardState::Archived) {
            self.check_room()?;
        }
        let card = self.card(id)?;
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
        if self.check_card(id).is_ok() {
            return Ok(());
        }
        let card = self.thing(root::CARDS, What::Card, id.as_str())?;
        let archived = self
            .board()
            .raw
            .cards
            .get(id)
            .is_some_and(|card| card.archived.is_some());
        if !archived {
            self.check_room()?;
        }
        self.touched.cards.insert(id.clone());
        self.set(&card, field::DEL, None);
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
        let links: Vec<LinkId> = self.board().index.links(id).cloned().collect();
        for link in links {
            let root = self.txn.get_or_insert_map(root::LINKS);
            root.remove(self.txn, &link.name());
            self.touched.links.insert(link);
        }
        let cards = self.txn.get_or_insert_map(root::CARDS);
        cards.remove(self.txn, id.as_str());
        self.touched.cards.insert(id.clone());
        self.touched.descriptions.insert(id.clone());
        Ok(())
    }

    /// Makes a card a part of another one, or of none.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::ParentCycle`].
    pub fn set_parent(&mut self, id: &CardId, parent: Option<&CardId>) -> Result<(), ChangeError> {
        for card in [Some(id), parent].into_iter().flatten() {
            self.check_card(card)?;
        }
        let board = self.board();
        let shown = |card: &CardId| board.view.cards.get(card)?.parent.as_ref();
        let mut above = parent;
        while let Some(at) = above {
            if at == id {
                return Err(ChangeError::ParentCycle);
            }
            above = shown(at);
        }
        let before = shown(id);
        if before == parent {
            return Ok(());
        }
        let text = |card: Option<&CardId>| card.map_or(Any::Null, |card| Any::from(card.as_str()));
        let t = (board.clock() + 1).min(limit::INTEGER);
        let register = [("p", text(parent)), ("prev", text(before)), ("t", clock(t))];
        let register = register.map(|(name, value)| (name.to_owned(), value));
        let card = self.card(id)?;
        self.set(&card, field::PARENT, Some(Any::from(HashMap::from(register))));
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
        if self.board().view.open_cards() >= limit::OPEN_CARDS {
            return Err(too_many(What::Card, limit::OPEN_CARDS));
        }
        Ok(())
    }
}
