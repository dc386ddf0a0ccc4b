//! The moves: what one can do to a board, each with its rule.
//!
//! Invariant: a move that answers with an error has written nothing. A move checks its rule against the board that its
//! transaction sees; what other people do at the same time can still break a rule when both are merged, and the view
//! has an answer to each such case.
//!
//! It must never delete what people wrote: what is deleted is marked, and comes back as it was. Only
//! [`Editor::purge_card`] takes a card away.

mod attributes;
mod cards;
mod checklist;
mod entries;
mod links;
mod plant;
mod seats;
mod text;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use yrs::{Any, Map, MapRef, ReadTxn, TransactionMut, WriteTxn};

use super::Board;
use super::id::{CardId, Id};
use super::key::{Dice, KeyError, OrderKey};
use super::raw::{Stamp, any, map, schema};
use super::schema::{SCHEMA, field, root};

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
/// Moves that need to see the whole board read it, at most once between two changes.
pub struct Editor<'e, 't> {
    txn: &'e mut TransactionMut<'t>,
    hand: Hand<'e>,
    /// The board as it is now, if somebody read it since the last change.
    board: Option<Board>,
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
    /// Starts to edit the board in `txn`.
    ///
    /// # Errors
    /// [`ChangeError::NoBoard`] before the first sync and for other documents, [`ChangeError::UnknownSchema`].
    pub fn open(txn: &'e mut TransactionMut<'t>, hand: Hand<'e>) -> Result<Self, ChangeError> {
        match schema(txn) {
            None => Err(ChangeError::NoBoard),
            Some(known) if known == u64::from(SCHEMA) => Ok(Self {
                txn,
                hand,
                board: None,
            }),
            Some(other) => Err(ChangeError::UnknownSchema(other)),
        }
    }

    /// The board as it is now. It is handed out, because moves write while they look at it.
    fn take_board(&mut self) -> Board {
        self.board.take().unwrap_or_else(|| Board::read(self.txn))
    }

    /// The shared map in `root` under `id`, deleted or not.
    fn thing(&self, root: &str, what: What, id: &str) -> Result<MapRef, ChangeError> {
        let found = self.txn.get_map(root).and_then(|root| map(self.txn, &root, id));
        found.ok_or_else(|| not_found(what, id))
    }

    /// The card, unless it is deleted.
    fn card(&self, id: &CardId) -> Result<MapRef, ChangeError> {
        let card = self.thing(root::CARDS, What::Card, id.as_str())?;
        if is_stamped(self.txn, &card, field::DEL) {
            return Err(not_found(What::Card, id.as_str()));
        }
        Ok(card)
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
        self.board = None;
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
        self.board = None;
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
    // Behind something without a key there is only room for others without one.
    if low != Some(None)
        && let Ok(found) = super::key::group(low.flatten(), high, count, dice)
        && found.iter().all(|key| key.len() <= super::key::LONG_KEY_BYTES)
    {
        return (from..).zip(found).collect();
    }
    super::key::settle(keys)
}
