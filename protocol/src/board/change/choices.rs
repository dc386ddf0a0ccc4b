//! The choices of a custom field: named things in an order, inside of another.

use yrs::{Any, MapRef};

use super::entries::{Scope, check_new};
use super::{At, ChangeError, Editor, NewEntry, What, fits, is_stamped, not_found, position};
use crate::board::id::{FieldId, OptionId, kind};
use crate::board::raw::{map, string};
use crate::board::schema::{FieldType, field, is_color, limit};

impl Editor<'_, '_> {
    /// Gives a custom field one more choice.
    ///
    /// # Errors
    /// As [`Editor::create_column`], and [`ChangeError::Invalid`] for fields that have no choices.
    pub fn create_choice(&mut self, of: &FieldId, new: &NewEntry<kind::Choice>) -> Result<(), ChangeError> {
        let custom = self.entry(of)?;
        if string(self.txn, &custom, field::TYPE).as_deref() != Some(FieldType::Select.as_str()) {
            return Err(ChangeError::Invalid(What::Field));
        }
        check_new(new, What::Choice)?;
        if map(self.txn, &custom, field::OPTIONS).is_none() {
            position(&[], &new.at, What::Choice)?;
        }
        let scope = scope(self.nested(&custom, field::OPTIONS));
        self.create_in(&scope, new).map(drop)
    }

    /// Calls a choice otherwise.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::TooLong`].
    pub fn rename_choice(&mut self, of: &FieldId, choice: &OptionId, name: &str) -> Result<(), ChangeError> {
        fits(name, What::Choice, limit::NAME_CHARS)?;
        let choice = self.choice(of, choice)?;
        self.set(&choice, field::NAME, Some(Any::from(name)));
        Ok(())
    }

    /// Gives a choice another colour, or none.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::Invalid`].
    pub fn recolor_choice(
        &mut self,
        of: &FieldId,
        choice: &OptionId,
        color: Option<&str>,
    ) -> Result<(), ChangeError> {
        if !color.is_none_or(is_color) {
            return Err(ChangeError::Invalid(What::Color));
        }
        let choice = self.choice(of, choice)?;
        self.set(&choice, field::COLOR, color.map(Any::from));
        Ok(())
    }

    /// Moves a choice among the choices of its field.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn reorder_choice(
        &mut self,
        of: &FieldId,
        choice: &OptionId,
        at: &At<kind::Choice>,
    ) -> Result<(), ChangeError> {
        self.choice(of, choice)?;
        let scope = self.choices(of)?;
        self.order_in(&scope, choice, at)
    }

    /// Deletes a choice. Cards that have it show none until it comes back.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn delete_choice(&mut self, of: &FieldId, choice: &OptionId) -> Result<(), ChangeError> {
        let choice = self.choice(of, choice)?;
        self.stamp_entry(&choice);
        Ok(())
    }

    /// Gets a choice back. One that is not deleted is left alone.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for what there never was, [`ChangeError::TooMany`].
    pub fn restore_choice(&mut self, of: &FieldId, choice: &OptionId) -> Result<(), ChangeError> {
        let scope = self.choices(of)?;
        let found = map(self.txn, &scope.list, choice.as_str());
        let found = found.ok_or_else(|| not_found(What::Choice, choice.as_str()))?;
        if is_stamped(self.txn, &found, field::DEL) {
            self.check_room_in::<kind::Choice>(&scope)?;
            self.set(&found, field::DEL, None);
        }
        Ok(())
    }

    /// The choices of a field, to write into.
    fn choices(&mut self, of: &FieldId) -> Result<Scope, ChangeError> {
        let custom = self.entry(of)?;
        let options = map(self.txn, &custom, field::OPTIONS);
        options.map(scope).ok_or(ChangeError::Invalid(What::Field))
    }

    /// A choice that is not deleted, to write into.
    fn choice(&mut self, of: &FieldId, choice: &OptionId) -> Result<MapRef, ChangeError> {
        let custom = self.entry(of)?;
        let found = map(self.txn, &custom, field::OPTIONS)
            .and_then(|options| map(self.txn, &options, choice.as_str()))
            .filter(|choice| !is_stamped(self.txn, choice, field::DEL));
        found.ok_or_else(|| not_found(What::Choice, choice.as_str()))
    }
}

fn scope(list: MapRef) -> Scope {
    Scope {
        list,
        name: field::NAME,
        what: What::Choice,
        limit: limit::OPTIONS,
    }
}
