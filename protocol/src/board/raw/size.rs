//! How large a board is.
//!
//! Invariant: counting does not look at cards or relations, so that a server can count after each edit.

use super::RawBoard;
use crate::board::change::{ChangeError, What};
use crate::board::schema::limit;

/// How many of each there are, archived and deleted ones included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Cards.
    pub cards: usize,
    /// Relations.
    pub links: usize,
    /// Columns.
    pub columns: usize,
    /// Lanes.
    pub lanes: usize,
    /// Labels.
    pub labels: usize,
    /// Custom fields.
    pub fields: usize,
    /// Choices of the field that has most.
    pub choices: usize,
}

impl RawBoard {
    /// How large the board is.
    pub fn size(&self) -> Size {
        Size {
            cards: self.cards.len(),
            links: self.links.len(),
            columns: self.columns.len(),
            lanes: self.lanes.len(),
            labels: self.labels.len(),
            fields: self.fields.len(),
            choices: self
                .fields
                .values()
                .map(|field| field.options.len())
                .max()
                .unwrap_or(0),
        }
    }
}

impl Size {
    /// Checks that an edit after which a board is of this size did not make it larger than a board may be. `before` is
    /// its size before the edit: a board that is too large already may become smaller.
    ///
    /// # Errors
    /// [`ChangeError::TooMany`].
    pub fn check(&self, before: &Self) -> Result<(), ChangeError> {
        let entries = |limit: usize| limit * limit::DELETED_ENTRIES;
        for (what, then, now, limit) in [
            (What::Card, before.cards, self.cards, limit::ALL_CARDS),
            (What::Link, before.links, self.links, limit::ALL_LINKS),
            (
                What::Column,
                before.columns,
                self.columns,
                entries(limit::COLUMNS),
            ),
            (What::Lane, before.lanes, self.lanes, entries(limit::LANES)),
            (What::Label, before.labels, self.labels, entries(limit::LABELS)),
            (What::Field, before.fields, self.fields, entries(limit::FIELDS)),
            (
                What::Choice,
                before.choices,
                self.choices,
                entries(limit::OPTIONS),
            ),
        ] {
            if now > limit && now > then {
                return Err(ChangeError::TooMany { what, limit });
            }
        }
        Ok(())
    }
}
