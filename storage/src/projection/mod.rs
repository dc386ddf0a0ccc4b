//! What a board's edits change beside the log, in the transaction that holds them.
//!
//! Rows say what everybody is shown of a board at one place of its log: they can be made anew from it at any time. What
//! cannot is kept apart: a task's id and number are given once ([`TaskIdentity`]), and an event is never written twice.
//!
//! Invariant: the rows of a board are those of its document at `head_seq`, because both change in one commit that
//! compares the head. Nothing here looks into an update or decides what is shown: that comes from the room.
//!
//! [`TaskIdentity`]: crate::records::TaskIdentity

mod boards;
mod connection;
mod events;
mod fold;
mod identities;
pub(crate) mod limits;
mod lists;
mod replace;
mod stored;
mod tasks;
mod text;
mod write;

use std::sync::Arc;

use uuid::Uuid;

pub(crate) use connection::Connection;
pub(crate) use fold::id_of_name;
pub(crate) use replace::{RowsReplacement, replace};
pub(crate) use text::{separate, title_key};
pub(crate) use write::write;

/// Where a card is in its life: the values of [`TaskRow::state`].
pub(crate) const STATES: [&str; 3] = ["open", "archived", "deleted"];
/// What it means to stand in a column: the values of [`EntryRow::category`].
pub(crate) const CATEGORIES: [&str; 6] = ["", "backlog", "unstarted", "started", "completed", "cancelled"];
/// Kinds of relations: the values of [`LinkRow::kind`].
pub(crate) const LINKS: [&str; 4] = ["blocks", "precedes", "duplicates", "relates"];

/// What a document is, as far as its room must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentKind {
    /// Its content concerns its clients alone.
    Plain,
    /// A board of a project: its edits come with a [`Projection`].
    Board {
        /// What the board begins with, as JSON of the server's; `None` once its first edit is committed.
        seed: Option<Arc<str>>,
    },
}

/// What one append changes beside the log. Empty for documents that are no boards.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Projection {
    /// Cards whose rows are new or different.
    pub tasks: Vec<TaskRow>,
    /// Cards that are in the document no more.
    pub purged: Vec<String>,
    /// Columns, lanes, labels and custom fields that are new or different.
    pub entries: Vec<EntryRow>,
    /// Those that are shown no more.
    pub gone_entries: Vec<(EntryKind, String)>,
    /// Relations that are new or different.
    pub links: Vec<LinkRow>,
    /// Those that are shown no more, by their ends and kind.
    pub gone_links: Vec<LinkRow>,
    /// What happened, oldest first.
    pub events: Vec<NewEvent>,
}

impl Projection {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
            && self.purged.is_empty()
            && self.entries.is_empty()
            && self.gone_entries.is_empty()
            && self.links.is_empty()
            && self.gone_links.is_empty()
            && self.events.is_empty()
    }
}

/// A card as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// The card's id in the document: 1 to 64 ASCII characters.
    pub card: String,
    /// `open`, `archived` or `deleted`.
    pub state: &'static str,
    /// The column that shows it.
    pub column: Option<String>,
    /// Its order in the column, before its id: cards with a valid key of their own column (0), without (1), and those
    /// that only stand in for want of theirs (2).
    pub order_group: i64,
    /// Its key in this group; empty without one.
    pub order_key: String,
    /// Its title.
    pub title: String,
    /// Its priority, from 0 (none) to 4 (urgent).
    pub priority: i64,
    /// When it is due, `YYYY-MM-DD` or with a time.
    pub due: Option<String>,
    /// When it starts.
    pub start: Option<String>,
    /// Its estimate.
    pub estimate: Option<f64>,
    /// The card that it is a part of.
    pub parent: Option<String>,
    /// Who works on it, by id as the document has it, in order.
    pub assignees: Vec<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who hears of it.
    pub watchers: Vec<String>,
    /// How many items its checklist has.
    pub checklist_total: i64,
    /// How many of them are done.
    pub checklist_done: i64,
    /// Whether it is done.
    pub done: bool,
    /// All that is shown of it, as JSON.
    pub view: String,
}

/// What stands in a list of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// A column.
    Column,
    /// A lane.
    Lane,
    /// A label.
    Label,
    /// A custom field.
    Field,
}

impl EntryKind {
    /// The kind with this name in the rows.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let all = [Self::Column, Self::Lane, Self::Label, Self::Field];
        all.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Its name in the rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Lane => "lane",
            Self::Label => "label",
            Self::Field => "field",
        }
    }
}

/// A column, lane, label or custom field as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// What it is.
    pub kind: EntryKind,
    /// Its id in the document.
    pub id: String,
    /// Its place among its like, from 0.
    pub position: i64,
    /// What it is called.
    pub name: String,
    /// Of a column: `backlog`, `unstarted`, `started`, `completed` or `cancelled`; empty otherwise.
    pub category: &'static str,
    /// All that is shown of it, as JSON, without the cards of a column.
    pub view: String,
}

/// A relation between two cards as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Whose, by the card's id in the document.
    pub from: String,
    /// `blocks`, `precedes`, `duplicates` or `relates`.
    pub kind: &'static str,
    /// To whom.
    pub to: String,
    /// Whether it closes a cycle and does not count.
    pub cyclic: bool,
}

/// Something that happened in a workspace. Its place in the workspace's sequence is given in the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id, by which receivers know it again.
    pub id: Uuid,
    /// What happened, such as `task.moved`.
    pub kind: &'static str,
    /// Whose doing it was, as far as that is known: an account.
    pub actor: Option<Uuid>,
    /// The card that it is about.
    pub card: Option<String>,
    /// What else is to be said, as a JSON object: members `before` and `after` where something changed.
    pub data: String,
}
