//! The sets of a card: who works on it, who hears of it, its labels.
//!
//! Invariant: a set is written by what differs, so that what others add and take away at the same time stays.

use std::collections::BTreeSet;

use yrs::{Any, Map, MapRef};

use super::{ChangeError, Editor, What, too_many};
use crate::board::id::{CardId, Id, LabelId, UserId};
use crate::board::raw::map;
use crate::board::schema::{field, limit};
use crate::board::view::CardView;

impl Editor<'_, '_> {
    /// Gives a card an assignee.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card, [`ChangeError::TooMany`].
    pub fn assign(&mut self, card: &CardId, user: &UserId) -> Result<(), ChangeError> {
        self.add_member(card, field::ASSIGNEES, user)
    }

    /// Takes an assignee away, if the card has it.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card.
    pub fn unassign(&mut self, card: &CardId, user: &UserId) -> Result<(), ChangeError> {
        self.remove_member(card, field::ASSIGNEES, user)
    }

    /// Has a user hear of a card.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card, [`ChangeError::TooMany`].
    pub fn watch(&mut self, card: &CardId, user: &UserId) -> Result<(), ChangeError> {
        self.add_member(card, field::WATCHERS, user)
    }

    /// Has a user hear of a card no more.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card.
    pub fn unwatch(&mut self, card: &CardId, user: &UserId) -> Result<(), ChangeError> {
        self.remove_member(card, field::WATCHERS, user)
    }

    /// Gives a card a label.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card or the label, [`ChangeError::TooMany`].
    pub fn add_label(&mut self, card: &CardId, label: &LabelId) -> Result<(), ChangeError> {
        self.check_entry(label)?;
        self.add_member(card, field::LABELS, label)
    }

    /// Takes a label away, if the card has it.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card.
    pub fn remove_label(&mut self, card: &CardId, label: &LabelId) -> Result<(), ChangeError> {
        self.remove_member(card, field::LABELS, label)
    }

    /// Makes these, and no others, the assignees of a card.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card, [`ChangeError::TooMany`].
    pub fn set_assignees(&mut self, card: &CardId, users: &BTreeSet<UserId>) -> Result<(), ChangeError> {
        self.check_card(card)?;
        let shown = self.shown(card, |card| &card.assignees);
        self.set_members(card, field::ASSIGNEES, &shown, users)
    }

    /// Has these users, and no others, hear of a card.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card, [`ChangeError::TooMany`].
    pub fn set_watchers(&mut self, card: &CardId, users: &BTreeSet<UserId>) -> Result<(), ChangeError> {
        self.check_card(card)?;
        let shown = self.shown(card, |card| &card.watchers);
        self.set_members(card, field::WATCHERS, &shown, users)
    }

    /// Makes these, and no others, the labels that are shown on a card. Deleted ones stay as they are.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card or a label that comes, [`ChangeError::TooMany`].
    pub fn set_labels(&mut self, card: &CardId, labels: &BTreeSet<LabelId>) -> Result<(), ChangeError> {
        self.check_card(card)?;
        let shown = self.shown(card, |card| &card.labels);
        for label in labels.difference(&shown) {
            self.check_entry(label)?;
        }
        self.set_members(card, field::LABELS, &shown, labels)
    }

    /// What is shown of a set.
    fn shown<K>(&mut self, card: &CardId, set: impl Fn(&CardView) -> &Vec<Id<K>>) -> BTreeSet<Id<K>> {
        let card = self.board().view.cards.get(card);
        card.map_or_else(BTreeSet::new, |card| set(card).iter().cloned().collect())
    }

    fn set_members<K>(
        &mut self,
        card: &CardId,
        set: &str,
        shown: &BTreeSet<Id<K>>,
        wanted: &BTreeSet<Id<K>>,
    ) -> Result<(), ChangeError> {
        if wanted.len() > limit::MEMBERS {
            return Err(too_many(What::Member, limit::MEMBERS));
        }
        if shown == wanted {
            return Ok(());
        }
        let card = self.card(card)?;
        let members = self.nested(&card, set);
        for member in shown.difference(wanted) {
            self.set(&members, member.as_str(), None);
        }
        for member in wanted.difference(shown) {
            self.set(&members, member.as_str(), Some(Any::from(true)));
        }
        Ok(())
    }

    fn add_member<K>(&mut self, card: &CardId, set: &str, id: &Id<K>) -> Result<(), ChangeError> {
        let card = self.card(card)?;
        self.check_members(&card, set, id.as_str(), limit::MEMBERS)?;
        let members = self.nested(&card, set);
        self.set(&members, id.as_str(), Some(Any::from(true)));
        Ok(())
    }

    pub(super) fn remove_member<K>(
        &mut self,
        card: &CardId,
        set: &str,
        id: &Id<K>,
    ) -> Result<(), ChangeError> {
        let card = self.card(card)?;
        if let Some(members) = map(self.txn, &card, set) {
            self.set(&members, id.as_str(), None);
        }
        Ok(())
    }

    /// Checks that the set `name` of a card has this member, or room for it.
    pub(super) fn check_members(
        &self,
        card: &MapRef,
        name: &str,
        id: &str,
        limit: usize,
    ) -> Result<(), ChangeError> {
        let Some(set) = map(self.txn, card, name) else {
            return Ok(());
        };
        if !set.contains_key(self.txn, id) && set.len(self.txn) as usize >= limit {
            return Err(too_many(What::Member, limit));
        }
        Ok(())
    }
}
