//! The checklist of a card.

use yrs::{Any, Map, MapPrelim, MapRef};

use super::{At, ChangeError, Editor, What, fits, keys_at, not_found, position, too_many};
use crate::board::id::{CardId, ItemId, kind};
use crate::board::raw::{self, map};
use crate::board::schema::{field, limit};
use crate::board::view::ordered;

/// An item that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// A fresh id.
    pub id: ItemId,
    /// What it says, at most [`limit::TEXT_CHARS`].
    pub text: String,
    /// The name of the list it stands in, at most [`limit::NAME_CHARS`]; usually empty.
    pub list: String,
    /// Its place among the items of the card.
    pub at: At<kind::Item>,
}

impl Editor<'_, '_> {
    /// Adds an item.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::Exists`], [`ChangeError::TooLong`], [`ChangeError::TooMany`].
    pub fn add_item(&mut self, card: &CardId, new: &NewItem) -> Result<(), ChangeError> {
        fits(&new.text, What::Item, limit::TEXT_CHARS)?;
        fits(&new.list, What::Item, limit::NAME_CHARS)?;
        let shared = self.card(card)?;
        let list = self.items(card);
        position(&list, &new.at, What::Item)?;
        if list.len() >= limit::ITEMS {
            return Err(too_many(What::Item, limit::ITEMS));
        }
        let items = map(self.txn, &shared, field::CHECK);
        if items.is_some_and(|items| items.contains_key(self.txn, new.id.as_str())) {
            return Err(ChangeError::Exists {
                what: What::Item,
                id: new.id.as_str().to_owned(),
            });
        }
        let items = self.nested(&shared, field::CHECK);
        let item = items.insert(self.txn, new.id.as_str(), MapPrelim::default());
        item.insert(self.txn, field::TEXT, new.text.as_str());
        item.insert(self.txn, field::DONE, false);
        if !new.list.is_empty() {
            item.insert(self.txn, field::LIST, new.list.as_str());
        }
        self.move_item(card, &new.id, &new.at)
    }

    /// Moves an item among the items of its card.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn move_item(&mut self, card: &CardId, id: &ItemId, at: &At<kind::Item>) -> Result<(), ChangeError> {
        self.item(card, id)?;
        let mut list = self.items(card);
        list.retain(|other| other != id);
        let from = position(&list, at, What::Item)?;
        let raw = raw::card(self.txn, card).unwrap_or_default();
        let key = |item: &ItemId| raw.checklist.get(item).and_then(|item| item.key.clone());
        let mut keys: Vec<_> = list.iter().map(key).collect();
        list.insert(from, id.clone());
        keys.insert(from, None);
        for (at, key) in keys_at(&keys, from, 1, self.hand.dice) {
            if let Some(item) = list.get(at) {
                let item = self.item(card, item)?;
                self.set(&item, field::POS, Some(Any::from(key.as_str())));
            }
        }
        Ok(())
    }

    /// Checks an item off, or not.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn check_item(&mut self, card: &CardId, id: &ItemId, done: bool) -> Result<(), ChangeError> {
        let item = self.item(card, id)?;
        self.set(&item, field::DONE, Some(Any::from(done)));
        Ok(())
    }

    /// Writes another text.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::TooLong`].
    pub fn rename_item(&mut self, card: &CardId, id: &ItemId, text: &str) -> Result<(), ChangeError> {
        fits(text, What::Item, limit::TEXT_CHARS)?;
        let item = self.item(card, id)?;
        self.set(&item, field::TEXT, Some(Any::from(text)));
        Ok(())
    }

    /// Puts an item into the list of this name, where it keeps its place in the order.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::TooLong`].
    pub fn relist_item(&mut self, card: &CardId, id: &ItemId, list: &str) -> Result<(), ChangeError> {
        fits(list, What::Item, limit::NAME_CHARS)?;
        let item = self.item(card, id)?;
        let list = (!list.is_empty()).then(|| Any::from(list));
        self.set(&item, field::LIST, list);
        Ok(())
    }

    /// Takes an item away for good.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn remove_item(&mut self, card: &CardId, id: &ItemId) -> Result<(), ChangeError> {
        self.item(card, id)?;
        let shared = self.card(card)?;
        let items = self.nested(&shared, field::CHECK);
        items.remove(self.txn, id.as_str());
        Ok(())
    }

    /// The items of a card in the order in which they are shown.
    fn items(&self, card: &CardId) -> Vec<ItemId> {
        let raw = raw::card(self.txn, card).unwrap_or_default();
        let items = ordered(&raw.checklist, |item| Some(item.key.as_ref()));
        items.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// An item, to write into.
    fn item(&mut self, card: &CardId, id: &ItemId) -> Result<MapRef, ChangeError> {
        let shared = self.card(card)?;
        let items = map(self.txn, &shared, field::CHECK);
        let item = items.and_then(|items| map(self.txn, &items, id.as_str()));
        item.ok_or_else(|| not_found(What::Item, id.as_str()))
    }
}
