//! The moves: what one can do to a board, each with its rule.
//!
//! Invariant: a move that answers with an error has written nothing. A move checks its rule against the board that its
//! transaction sees; what other people do at the same time can still break a rule when both are merged, and the view
//! has an answer to each such case. What a move costs does not grow with the board.
//!
//! It must never delete what people wrote: what is deleted is marked, and comes back as it was. Only
//! [`Editor::purge_card`] takes a card away.

mod attributes;
mod cards;
mod checklist;
mod choices;
mod copy;
mod entries;
mod links;
mod members;
mod plant;
mod rich;
mod seats;
mod text;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use yrs::{Any, Map, MapRef, ReadTxn, TransactionMut, WriteTxn};

use super::id::{CardId, Id};
use super::key::{self, Dice, KeyError, OrderKey};
use super::raw::{Stamp, any, map, schema};
use super::schema::{SCHEMA, field, root};
use super::{Before, Board, Touched};

pub use self::attributes::Attribute;
pub use self::cards::NewCard;
pub use self::checklist::NewItem;
pub use self::entries::{Entry, NewEntry};

/// Why a move was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The document was not made to be a board.
    #[error("the document is no board")]
    NoBoard,
    /// The document was made by a newer version.
    #[error("the board has schema {0}, which is not known here")]
    UnknownSchema(u64),
    /// The document is a board already.
    #[error("the document is a board already")]
    BoardExists,
    /// What is to change is not there, or is deleted.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What it would be.
        what: What,
        /// Its id.
        id: String,
    },
    /// What is to be made is there already, or was and is deleted.
    #[error("there is a {what} {id} already")]
    Exists {
        /// What it is.
        what: What,
        /// Its id.
        id: String,
    },
    /// A board has no more of these.
    #[error("a board has at most {limit} of these: {what}")]
    TooMany {
        /// What there would be too many of.
        what: What,
        /// How many there may be.
        limit: usize,
    },
    /// A text is too long.
    #[error("a {what} has at most {limit} characters")]
    TooLong {
        /// Whose text it is.
        what: What,
        /// How many characters it may have.
        limit: usize,
    },
    /// A value is not of the form that its place wants.
    #[error("not a valid {0}")]
    Invalid(What),
    /// The column has as many cards as it may have.
    #[error("the column {column} takes at most {limit} cards")]
    WipLimit {
        /// The column.
        column: String,
        /// How many cards it takes.
        limit: u64,
    },
    /// The card would be a part of itself.
    #[error("a card cannot be a part of itself or of its own parts")]
    ParentCycle,
    /// The dependency would close a cycle.
    #[error("the dependency would close a cycle")]
    DependencyCycle,
    /// The card relates to itself.
    #[error("a card has no relation to itself")]
    SelfLink,
    /// There is no order key for this place.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// A board.
    Board,
    /// A card.
    Card,
    /// A column.
    Column,
    /// A lane.
    Lane,
    /// A label.
    Label,
    /// A custom field.
    Field,
    /// A choice of a custom field.
    Choice,
    /// An item of a checklist.
    Item,
    /// A file.
    File,
    /// A relation.
    Link,
    /// A member of a set.
    Member,
    /// A colour.
    Color,
    /// An estimate.
    Estimate,
    /// A limit of a column.
    Limit,
    /// A value of a custom field.
    Value,
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Board => "board",
            Self::Card => "card",
            Self::Column => "column",
            Self::Lane => "lane",
            Self::Label => "label",
            Self::Field => "custom field",
            Self::Choice => "choice",
            Self::Item => "checklist item",
            Self::File => "file",
            Self::Link => "relation",
            Self::Member => "member",
            Self::Color => "colour",
            Self::Estimate => "estimate",
            Self::Limit => "limit",
            Self::Value => "value",
        })
    }
}

/// Where in a list something goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At<K> {
    /// Before all others.
    First,
    /// After all others.
    Last,
    /// Before this one.
    Before(Id<K>),
    /// After this one.
    After(Id<K>),
}

/// Who edits, and what they need besides the document.
pub struct Hand<'h> {
    /// Who, and when.
    pub stamp: Stamp,
    /// Where order keys get their random digits from.
    pub dice: &'h mut Dice<'h>,
}

impl fmt::Debug for Hand<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Hand")
            .field("stamp", &self.stamp)
            .finish_non_exhaustive()
    }
}

/// Edits a board in one transaction.
///
/// What was written is noted, and the board brought up to date when a later move needs it, and at the end: call
/// [`finish`](Self::finish), or use [`Board::edit`], which does. A watch of the document hears of the same again.
pub struct Editor<'e, 't> {
    txn: &'e mut TransactionMut<'t>,
    hand: Hand<'e>,
    board: &'e mut Board,
    /// What was written since the board was up to date.
    touched: Touched,
    /// What was shown before the first move.
    before: Before,
}

impl fmt::Debug for Editor<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Editor")
            .field("hand", &self.hand)
            .finish_non_exhaustive()
    }
}

/// Makes an empty document a board. Only a server does so, once; two clients that did would not know of each other.
///
/// # Errors
/// [`ChangeError::BoardExists`].
pub fn found(txn: &mut TransactionMut<'_>, board: &str) -> Result<(), ChangeError> {
    if schema(txn).is_some() {
        return Err(ChangeError::BoardExists);
    }
    let meta = txn.get_or_insert_map(root::META);
    meta.insert(txn, field::SCHEMA, SCHEMA);
    meta.insert(txn, field::BOARD_ID, board);
    meta.insert(txn, field::CREATED_BY_SERVER, true);
    Ok(())
}

impl<'e, 't> Editor<'e, 't> {
    /// Starts to edit the board in `txn`, which `board` is up to date with.
    ///
    /// # Errors
    /// [`ChangeError::NoBoard`] before the first sync and for other documents, [`ChangeError::UnknownSchema`].
    pub fn open(
        txn: &'e mut TransactionMut<'t>,
        hand: Hand<'e>,
        board: &'e mut Board,
    ) -> Result<Self, ChangeError> {
        match board.raw.schema {
            None => Err(ChangeError::NoBoard),
            Some(known) if known == u64::from(SCHEMA) => Ok(Self {
                txn,
                hand,
                board,
                touched: Touched::default(),
                before: Before::default(),
            }),
            Some(other) => Err(ChangeError::UnknownSchema(other)),
        }
    }

    /// The board as it is now.
    pub fn board(&mut self) -> &Board {
        if !self.touched.is_empty() {
            let touched = std::mem::take(&mut self.touched);
            self.before.merge(self.board.refresh(self.txn, &touched));
        }
        self.board
    }

    /// Brings the board up to date, and says what was shown before the first move of what is shown otherwise now.
    #[must_use = "what was shown before is told once"]
    pub fn finish(mut self) -> Before {
        self.board();
        self.before.settle(self.board);
        self.before
    }

    /// The shared map in `root` under `id`, deleted or not.
    fn thing(&self, root: &str, what: What, id: &str) -> Result<MapRef, ChangeError> {
        let found = self.txn.get_map(root).and_then(|root| map(self.txn, &root, id));
        found.ok_or_else(|| not_found(what, id))
    }

    /// The card, unless it is deleted, to write into: it is noted. To be called after the last look at the board, which
    /// takes the notes.
    fn card(&mut self, id: &CardId) -> Result<MapRef, ChangeError> {
        let card = self.thing(root::CARDS, What::Card, id.as_str())?;
        if is_stamped(self.txn, &card, field::DEL) {
            return Err(not_found(What::Card, id.as_str()));
        }
        self.touched.cards.insert(id.clone());
        Ok(card)
    }

    /// Checks that a card is there and not deleted.
    fn check_card(&mut self, id: &CardId) -> Result<(), ChangeError> {
        let live = self.board().view.is_live(id);
        live.then_some(())
            .ok_or_else(|| not_found(What::Card, id.as_str()))
    }

    /// Writes `value` into a register, unless it says so already: a write that changes nothing still costs for ever.
    fn set(&mut self, map: &MapRef, name: &str, value: Option<Any>) {
        match value {
            Some(value) if any(self.txn, map, name).as_ref() == Some(&value) => {}
            Some(value) => {
                map.insert(self.txn, name, value);
            }
            None if map.contains_key(self.txn, name) => {
                map.remove(self.txn, name);
            }
            None => {}
        }
    }

    /// The stamp of this hand as a value.
    fn stamp(&self) -> Any {
        let mut stamp = HashMap::new();
        if let Some(at) = &self.hand.stamp.at {
            stamp.insert("at".to_owned(), Any::from(at.as_str()));
        }
        if let Some(by) = &self.hand.stamp.by {
            stamp.insert("by".to_owned(), Any::from(by.as_str()));
        }
        Any::Map(Arc::new(stamp))
    }

    /// The nested map `name` of `parent`, which is made if it is not there.
    ///
    /// Two people who make it at once lose what one of them put in, so a card gets all its maps when it is created.
    fn nested(&mut self, parent: &MapRef, name: &str) -> MapRef {
        match map(self.txn, parent, name) {
            Some(map) => map,
            None => parent.insert(self.txn, name, yrs::MapPrelim::default()),
        }
    }
}

/// Whether the register `name` says that something happened.
fn is_stamped<T: ReadTxn>(txn: &T, map: &MapRef, name: &str) -> bool {
    matches!(any(txn, map, name), Some(Any::Map(_)))
}

fn too_many(what: What, limit: usize) -> ChangeError {
    ChangeError::TooMany { what, limit }
}

fn not_found(what: What, id: &str) -> ChangeError {
    ChangeError::NotFound {
        what,
        id: id.to_owned(),
    }
}

/// Checks the length of a text.
fn fits(text: &str, what: What, limit: usize) -> Result<(), ChangeError> {
    if text.chars().nth(limit).is_some() {
        return Err(ChangeError::TooLong { what, limit });
    }
    Ok(())
}

/// The position in `list` that `at` means.
fn position<K>(list: &[Id<K>], at: &At<K>, what: What) -> Result<usize, ChangeError> {
    let find = |id: &Id<K>| {
        let at = list.iter().position(|other| other == id);
        at.ok_or_else(|| not_found(what, id.as_str()))
    };
    match at {
        At::First => Ok(0),
        At::Last => Ok(list.len()),
        At::Before(id) => find(id),
        At::After(id) => Ok(find(id)? + 1),
    }
}

/// What stands before a place in a list: nothing, or something with or without a key.
type Lower<'k> = Option<Option<&'k OrderKey>>;

/// Keys for `count` things behind `low` and before `high`, if there is room.
fn keys_between(
    low: Lower<'_>,
    high: Option<&OrderKey>,
    count: usize,
    dice: &mut Dice<'_>,
) -> Option<Vec<OrderKey>> {
    // Behind something without a key there is only room for others without one.
    if low == Some(None) {
        return None;
    }
    let found = key::group(low.flatten(), high, count, dice).ok()?;
    let short = found.iter().all(|key| key.len() <= key::LONG_KEY_BYTES);
    short.then_some(found)
}

/// New keys for a list in which some have none yet, those at `from..from + count`: positions and keys. If the
/// neighbours leave no room, others get new keys too.
fn keys_at(
    keys: &[Option<OrderKey>],
    from: usize,
    count: usize,
    dice: &mut Dice<'_>,
) -> Vec<(usize, OrderKey)> {
    let low = from
        .checked_sub(1)
        .map(|before| keys.get(before).and_then(Option::as_ref));
    let high = keys.get(from + count).and_then(Option::as_ref);
    match keys_between(low, high, count, dice) {
        Some(found) => (from..).zip(found).collect(),
        None => key::settle(keys),
    }
}
