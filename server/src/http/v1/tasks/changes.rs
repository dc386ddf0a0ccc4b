//! What is to become of a card, checked as far as that is possible without its board, and how the board is made to say
//! so.
//!
//! Invariant: what is most likely to be refused is tried first, because a change that is refused half-way costs the room
//! more than one that is refused at once.

use std::collections::BTreeSet;

use weft_protocol::board::change::{Attribute, NewCard, NewItem};
use weft_protocol::board::id::{CardId, ColumnId, FieldId, ItemId, LabelId, UserId, kind};
use weft_protocol::board::raw::Value;
use weft_protocol::board::schema::FieldType;
use weft_protocol::board::view::CardView;
use weft_protocol::board::{At, ChangeError, Editor};

use super::kinds::StatusName;
use crate::boards::guess;
use crate::content::{self, Format, Node};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::invalid;
use crate::http::v1::boards::edit::Stop;

/// Where a card is to stand.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// In this column.
    Column(ColumnId),
    /// In the first column that comes to this.
    Status(StatusName),
}

/// What is to become of a card; what is `None` or empty stays.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) title: Option<String>,
    pub(super) target: Option<Target>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) assignees: Option<BTreeSet<UserId>>,
    pub(super) labels: Option<BTreeSet<LabelId>>,
    pub(super) watchers: Option<BTreeSet<UserId>>,
    pub(super) parent: Option<Option<CardId>>,
    pub(super) values: Vec<(FieldId, Option<Value>)>,
    pub(super) description: Option<Node>,
    /// What they may add to the document, in bytes.
    pub(super) size_bytes: usize,
}

/// A card that is to be made.
#[derive(Debug)]
pub(super) struct Making {
    pub(super) id: CardId,
    pub(super) title: String,
    pub(super) at: At<kind::Card>,
    pub(super) checklist: Vec<(ItemId, String, bool, String)>,
    /// The rest, with the column.
    pub(super) changes: Changes,
}

/// What the board shows of a card.
///
/// # Errors
/// 404.
pub(super) fn card<'e>(editor: &'e mut Editor<'_, '_>, id: &CardId) -> Result<&'e CardView, Problem> {
    editor.board().view.cards.get(id).ok_or(NOT_FOUND)
}

impl Changes {
    /// Makes the board say so.
    ///
    /// # Errors
    /// What the board does not take.
    pub(super) fn apply(self, editor: &mut Editor<'_, '_>, id: &CardId) -> Result<(), Stop> {
        if let Some(target) = &self.target {
            go(editor, id, target)?;
        }
        self.fill(editor, id)
    }

    /// Makes a card say all but where it stands.
    fn fill(self, editor: &mut Editor<'_, '_>, id: &CardId) -> Result<(), Stop> {
        if let Some(parent) = self.parent {
            set_parent(editor, id, parent.as_ref())?;
        }
        for (field, value) in self.values {
            let value = value.map(|value| told(editor, &field, value));
            editor.set_value(id, &field, value.as_ref())?;
        }
        for attribute in &self.attributes {
            editor.set_attribute(id, attribute)?;
        }
        if let Some(labels) = &self.labels {
            editor.set_labels(id, labels)?;
        }
        if let Some(users) = &self.assignees {
            editor.set_assignees(id, users)?;
        }
        if let Some(users) = &self.watchers {
            editor.set_watchers(id, users)?;
        }
        if let Some(title) = self.title {
            editor.rename_card(id, &title)?;
        }
        if let Some(target) = self.description {
            let (txn, fragment) = editor.description(id)?;
            content::write_fragment_as(txn, &fragment, target, Format::Markdown)?;
        }
        Ok(())
    }
}

impl Making {
    /// Makes the card. One that is there already stays as it is if `again` says that this request may have made it.
    ///
    /// # Errors
    /// What the board does not take.
    pub(super) fn carry_out(self, editor: &mut Editor<'_, '_>, again: bool) -> Result<(), Stop> {
        if again && editor.board().view.cards.contains_key(&self.id) {
            return Ok(());
        }
        let view = &editor.board().view;
        let column = match self.changes.target.clone() {
            Some(Target::Column(column)) => column,
            Some(Target::Status(status)) => status.column(view).ok_or_else(no_such_status)?,
            None => column_beside(view, &self.at).ok_or(NO_COLUMN)?,
        };
        let new = NewCard {
            id: self.id.clone(),
            title: self.title,
            column,
            at: self.at,
        };
        editor.create_card(&new).map_err(|error| anchor(error, &new.id))?;
        for (id, text, done, list) in self.checklist {
            let item = NewItem {
                id,
                text,
                list,
                at: At::Last,
            };
            editor.add_item(&self.id, &item)?;
            if done {
                editor.check_item(&self.id, &item.id, true)?;
            }
        }
        self.changes.fill(editor, &self.id)
    }
}

pub(super) const NO_COLUMN: Problem = Problem::new(
    axum::http::StatusCode::CONFLICT,
    "NO_COLUMN",
    "the board has no column: make one first",
);

fn no_such_status() -> Problem {
    invalid(
        "status",
        "NOT_FOUND",
        "must be a status that a column of the board comes to",
    )
}

/// The column of the card that `at` names, or else the first one.
fn column_beside(view: &weft_protocol::board::BoardView, at: &At<kind::Card>) -> Option<ColumnId> {
    let beside = match at {
        At::Before(card) | At::After(card) => view.cards.get(card).and_then(|card| card.column.clone()),
        At::First | At::Last => None,
    };
    beside.or_else(|| view.columns.first().map(|column| column.id.clone()))
}

/// A card that is missing and is not the one that the request is about is the one that a place names.
pub(super) fn anchor(error: ChangeError, card: &CardId) -> Stop {
    match &error {
        ChangeError::NotFound {
            what: weft_protocol::board::change::What::Card,
            id,
        } if *id != card.as_str() => {
            let message = "must name an open task in the same column";
            invalid("before", "NOT_FOUND", message).into()
        }
        _ => error.into(),
    }
}

/// Moves a card to the end of another column; in its own it stays where it is.
fn go(editor: &mut Editor<'_, '_>, id: &CardId, target: &Target) -> Result<(), Stop> {
    let view = &editor.board().view;
    let column = match target {
        Target::Status(status) if status.has(view, id) => return Ok(()),
        Target::Status(status) => status.column(view).ok_or_else(no_such_status)?,
        Target::Column(column) => column.clone(),
    };
    if view
        .cards
        .get(id)
        .is_some_and(|card| card.column.as_ref() == Some(&column))
    {
        return Ok(());
    }
    Ok(editor.move_cards(std::slice::from_ref(id), &column, &At::Last)?)
}

fn set_parent(editor: &mut Editor<'_, '_>, id: &CardId, parent: Option<&CardId>) -> Result<(), Stop> {
    if let Some(parent) = parent
        && !editor.board().view.is_live(parent)
    {
        return Err(invalid("parent_id", "NOT_FOUND", "must be a task of the same board").into());
    }
    Ok(editor.set_parent(id, parent)?)
}

/// A value as the field wants it: moments are told in UTC.
fn told(editor: &mut Editor<'_, '_>, field: &FieldId, value: Value) -> Value {
    let fields = &editor.board().view.fields;
    let is_date = fields
        .iter()
        .any(|shown| shown.id == *field && shown.r#type == FieldType::Date);
    match value {
        Value::Text(text) if is_date => {
            let moment = guess::moment(&text);
            Value::Text(moment.map_or(text, |moment| moment.as_str().to_owned()))
        }
        other => other,
    }
}
