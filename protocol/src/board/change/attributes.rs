//! What a card says besides its title.

use std::collections::HashMap;
use std::sync::Arc;

use yrs::{Any, Map, MapRef};

use super::{ChangeError, Editor, What, fits, is_stamped, not_found};
use crate::board::id::{CardId, FieldId, FileId, Id, LaneId};
use crate::board::moment::Moment;
use crate::board::raw::{RawFile, Value, map};
use crate::board::schema::{Priority, field, is_color, limit};
use crate::board::view::accepts;

/// What a card is to say; `None` is to say nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// How much it matters.
    Priority(Option<Priority>),
    /// When it is due.
    Due(Option<Moment>),
    /// When it starts.
    Start(Option<Moment>),
    /// Its estimate, 0 to [`limit::ESTIMATE`].
    Estimate(Option<f64>),
    /// Its colour.
    Color(Option<String>),
    /// One of its files.
    Cover(Option<FileId>),
    /// Its lane.
    Lane(Option<LaneId>),
    /// Whether it is done.
    Done(bool),
}

impl Editor<'_, '_> {
    /// Makes a card say something.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card, or the lane or file that it is to name; [`ChangeError::Invalid`].
    pub fn set_attribute(&mut self, id: &CardId, attribute: &Attribute) -> Result<(), ChangeError> {
        self.check_card(id)?;
        if let Attribute::Lane(Some(lane)) = attribute {
            self.check_entry(lane)?;
        }
        let card = self.card(id)?;
        let text = |text: Option<&str>| text.map(Any::from);
        let (name, value) = match attribute {
            Attribute::Priority(priority) => (field::PRIO, text(priority.map(Priority::as_str))),
            Attribute::Due(due) => (field::DUE, text(due.as_ref().map(Moment::as_str))),
            Attribute::Start(start) => (field::START, text(start.as_ref().map(Moment::as_str))),
            Attribute::Estimate(estimate) => {
                let fits = |estimate: f64| (0.0..=limit::ESTIMATE).contains(&estimate);
                if !estimate.is_none_or(fits) {
                    return Err(ChangeError::Invalid(What::Estimate));
                }
                (field::EST, estimate.map(Any::from))
            }
            Attribute::Color(color) => {
                if !color.as_deref().is_none_or(is_color) {
                    return Err(ChangeError::Invalid(What::Color));
                }
                (field::COLOR, text(color.as_deref()))
            }
            Attribute::Cover(cover) => {
                if let Some(cover) = cover {
                    self.member(&card, field::FILES, cover, What::File)?;
                }
                (field::COVER, text(cover.as_ref().map(Id::as_str)))
            }
            Attribute::Lane(lane) => (field::LANE, text(lane.as_ref().map(Id::as_str))),
            Attribute::Done(done) => {
                let stamped = is_stamped(self.txn, &card, field::DONE);
                if *done == stamped {
                    return Ok(());
                }
                (field::DONE, done.then(|| self.stamp()))
            }
        };
        self.set(&card, name, value);
        Ok(())
    }

    /// Sets or clears the value of a custom field.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card or the field, [`ChangeError::Invalid`] if the field holds no such values,
    /// [`ChangeError::TooLong`].
    pub fn set_value(
        &mut self,
        card: &CardId,
        field_id: &FieldId,
        value: Option<&Value>,
    ) -> Result<(), ChangeError> {
        self.check_card(card)?;
        self.check_entry(field_id)?;
        if let Some(value) = value {
            let field = self.board().raw.fields.get(field_id);
            let finite = !matches!(value, Value::Number(number) if !number.is_finite());
            if !finite || !field.is_some_and(|field| accepts(field, value)) {
                return Err(ChangeError::Invalid(What::Value));
            }
            if let Value::Text(text) = value {
                fits(text, What::Value, limit::TEXT_CHARS)?;
            }
        }
        let value = value.map(any_value);
        let card = self.card(card)?;
        let values = self.nested(&card, field::VALUES);
        self.set(&values, field_id.as_str(), value);
        Ok(())
    }

    /// Notes a file on a card.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card, [`ChangeError::TooLong`], [`ChangeError::TooMany`].
    pub fn attach(&mut self, card: &CardId, id: &FileId, file: &RawFile) -> Result<(), ChangeError> {
        fits(&file.name, What::File, limit::NAME_CHARS)?;
        let card = self.card(card)?;
        self.check_members(&card, field::FILES, id.as_str(), limit::FILES)?;
        let mut value = HashMap::from([("name".to_owned(), Any::from(file.name.as_str()))]);
        if let Some(size) = file.size.and_then(|size| i64::try_from(size).ok()) {
            value.insert("size".to_owned(), Any::from(size));
        }
        if let Some(mime) = &file.mime {
            value.insert("mime".to_owned(), Any::from(mime.as_str()));
        }
        let files = self.nested(&card, field::FILES);
        self.set(&files, id.as_str(), Some(Any::Map(Arc::new(value))));
        Ok(())
    }

    /// Forgets a file of a card.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for the card.
    pub fn detach(&mut self, card: &CardId, id: &FileId) -> Result<(), ChangeError> {
        self.remove_member(card, field::FILES, id)
    }

    /// Checks that the set `name` of a card has this member.
    fn member<K>(&self, card: &MapRef, name: &str, id: &Id<K>, what: What) -> Result<(), ChangeError> {
        let found = map(self.txn, card, name).is_some_and(|set| set.contains_key(self.txn, id.as_str()));
        found.then_some(()).ok_or_else(|| not_found(what, id.as_str()))
    }
}

/// The value of a custom field as it stands in a document.
pub(super) fn any_value(value: &Value) -> Any {
    match value {
        Value::Text(text) => Any::from(text.as_str()),
        Value::Number(number) => Any::from(*number),
        Value::Flag(flag) => Any::from(*flag),
    }
}
