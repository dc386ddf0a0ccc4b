//! Making a card that says the same as another.

use std::sync::Arc;

use yrs::{Any, Map, MapPrelim, MapRef};

use super::attributes::any_value;
use super::{ChangeError, Editor, NewCard, What, rich, too_many};
use crate::board::id::{CardId, Id};
use crate::board::key::{self, Dice};
use crate::board::moment::Moment;
use crate::board::raw::description;
use crate::board::schema::{Priority, field, limit};
use crate::board::view::{CardView, ItemView};

/// How many random digits the id of a copied item has: with 62 different ones, some 130 bits.
const ITEM_DIGITS: usize = 22;

impl Editor<'_, '_> {
    /// Creates a card with the lane, priority, dates, estimate, colour, labels, values of custom fields, checklist and
    /// description of another, which may be archived. Who works on that and hears of it, its files, parts and relations
    /// stay its own.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the source, [`ChangeError::TooMany`] items or labels, and those of
    /// [`Editor::create_card`].
    pub fn duplicate_card(&mut self, source: &CardId, new: &NewCard) -> Result<(), ChangeError> {
        self.check_card(source)?;
        let original = self.board().view.cards.get(source).cloned();
        let original = original.ok_or_else(|| super::not_found(What::Card, source.as_str()))?;
        if original.checklist.len() > limit::ITEMS {
            return Err(too_many(What::Item, limit::ITEMS));
        }
        if original.labels.len() > limit::MEMBERS {
            return Err(too_many(What::Member, limit::MEMBERS));
        }
        self.create_card(new)?;
        let card = self.card(&new.id)?;
        self.copy_registers(&original, &card);
        self.copy_items(&original.checklist, &card);
        if let Some(from) = description(self.txn, source).filter(|_| original.described) {
            let (txn, to) = self.description(&new.id)?;
            rich::copy(txn, &from, to);
        }
        Ok(())
    }

    fn copy_registers(&mut self, original: &CardView, card: &MapRef) {
        let text = |text: Option<&str>| text.map(Any::from);
        let registers = [
            (field::LANE, text(original.lane.as_ref().map(Id::as_str))),
            (field::PRIO, text(original.priority.map(Priority::as_str))),
            (field::DUE, text(original.due.as_ref().map(Moment::as_str))),
            (field::START, text(original.start.as_ref().map(Moment::as_str))),
            (field::EST, original.estimate.map(Any::from)),
            (field::COLOR, text(original.color.as_deref())),
        ];
        for (name, value) in registers {
            self.set(card, name, value);
        }
        let labels = self.nested(card, field::LABELS);
        for label in &original.labels {
            self.set(&labels, label.as_str(), Some(Any::from(true)));
        }
        let values = self.nested(card, field::VALUES);
        for (id, value) in &original.values {
            self.set(&values, id.as_str(), Some(any_value(value)));
        }
    }

    fn copy_items(&mut self, items: &[ItemView], card: &MapRef) {
        let check = self.nested(card, field::CHECK);
        // There is always room in an empty list.
        let keys = key::spread(None, None, items.len()).unwrap_or_default();
        for (item, key) in items.iter().zip(keys) {
            let copy = check.insert(self.txn, fresh(self.hand.dice), MapPrelim::default());
            copy.insert(self.txn, field::TEXT, item.text.as_str());
            copy.insert(self.txn, field::DONE, item.done);
            copy.insert(self.txn, field::POS, key.as_str());
            if !item.list.is_empty() {
                copy.insert(self.txn, field::LIST, item.list.as_str());
            }
        }
    }
}

/// A fresh id.
fn fresh(dice: &mut Dice<'_>) -> Arc<str> {
    let digits = (0..ITEM_DIGITS).map(|_| char::from(key::random_digit(dice)));
    digits.collect::<String>().into()
}
