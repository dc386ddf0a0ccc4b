//! What everybody is shown.
//!
//! Invariant: [`assemble`] is a function of what the document says. Each card that is not deleted is shown exactly
//! once: in a column, among the unsorted, or in the archive. What a card refers to is there. Sub-tasks form a forest;
//! dependencies that are not marked as cyclic have no cycle. Every order is total.
//!
//! It must never show where a value came from (order keys, clocks): repair changes those and must not change this.

mod assemble;
pub(super) mod forest;
pub(super) mod graph;
mod look;
mod order;

use std::collections::BTreeMap;

use serde::Serialize;
use yrs::ReadTxn;

use super::id::{CardId, ColumnId, FieldId, FileId, ItemId, LabelId, LaneId, OptionId, UserId};
use super::moment::Moment;
use super::raw::{LinkId, Parts, RawBoard, RawFile, Stamp, Value, Wip};
use super::schema::{Category, FieldType, LinkKind, Priority};

pub use self::assemble::assemble;
pub(super) use self::assemble::{accepts, card_view, columns, fields, labels, lanes, state};
pub(super) use self::order::ordered;

/// What everybody is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BoardView {
    /// The version of the schema, if the document was made to be a board.
    pub schema: Option<u64>,
    /// Columns from left to right.
    pub columns: Vec<ColumnView>,
    /// Open cards of a board that has no column, in order.
    pub unsorted: Vec<CardId>,
    /// Archived cards, by id.
    pub archive: Vec<CardId>,
    /// Deleted cards, by id.
    pub trash: Vec<CardId>,
    /// Lanes from top to bottom.
    pub lanes: Vec<LaneView>,
    /// Labels, in order.
    pub labels: Vec<LabelView>,
    /// Custom fields, in order.
    pub fields: Vec<FieldView>,
    /// Every card.
    pub cards: BTreeMap<CardId, CardView>,
    /// Relations between cards that are not deleted, by name.
    pub links: Vec<LinkView>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnView {
    /// Its id.
    pub id: ColumnId,
    /// What it is called.
    pub title: String,
    /// What it means to stand in it.
    pub category: Category,
    /// Its colour.
    pub color: Option<String>,
    /// How many cards it should have at most.
    pub wip: Option<Wip>,
    /// Whether it has more than that.
    pub over_limit: bool,
    /// Its cards from top to bottom.
    pub cards: Vec<CardId>,
}

/// A lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaneView {
    /// Its id.
    pub id: LaneId,
    /// What it is called.
    pub title: String,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelView {
    /// Its id.
    pub id: LabelId,
    /// What it is called.
    pub name: String,
    /// Its colour.
    pub color: Option<String>,
}

/// A custom field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldView {
    /// Its id.
    pub id: FieldId,
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub r#type: FieldType,
    /// Its choices, in order.
    pub options: Vec<OptionView>,
}

/// A choice of a custom field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OptionView {
    /// Its id.
    pub id: OptionId,
    /// What it is called.
    pub name: String,
    /// Its colour.
    pub color: Option<String>,
}

/// Where a card is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CardState {
    /// On the board.
    Open,
    /// Put away. It is still somebody's part and may still block another.
    Archived,
    /// In the trash.
    Deleted,
}

/// A card.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CardView {
    /// Where it is in its life.
    pub state: CardState,
    /// The column that shows it; of an archived card, the one it would come back to, if that exists.
    pub column: Option<ColumnId>,
    /// Its lane.
    pub lane: Option<LaneId>,
    /// Its title.
    pub title: String,
    /// Whether there is something in its description.
    pub described: bool,
    /// Its priority.
    pub priority: Option<Priority>,
    /// When it is due.
    pub due: Option<Moment>,
    /// When it starts.
    pub start: Option<Moment>,
    /// Its estimate.
    pub estimate: Option<f64>,
    /// Its colour.
    pub color: Option<String>,
    /// The file on its face, one of its files.
    pub cover: Option<FileId>,
    /// When and by whom it was archived.
    pub archived: Option<Stamp>,
    /// When and by whom it was done.
    pub done: Option<Stamp>,
    /// When and by whom it was deleted.
    pub deleted: Option<Stamp>,
    /// The card that it is a part of.
    pub parent: Option<CardId>,
    /// Its parts, by id.
    pub children: Vec<CardId>,
    /// Who works on it, by id.
    pub assignees: Vec<UserId>,
    /// Its labels, by id.
    pub labels: Vec<LabelId>,
    /// Who hears of it, by id.
    pub watchers: Vec<UserId>,
    /// Its checklist, in order.
    pub checklist: Vec<ItemView>,
    /// Values of custom fields, each of the type of its field.
    pub values: BTreeMap<FieldId, Value>,
    /// Its files.
    pub files: BTreeMap<FileId, RawFile>,
}

/// An item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemView {
    /// Its id.
    pub id: ItemId,
    /// What it says.
    pub text: String,
    /// Whether it is done.
    pub done: bool,
    /// The name of the list it stands in; usually empty.
    pub list: String,
}

/// A relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// Whose.
    pub from: CardId,
    /// Of which kind.
    pub kind: LinkKind,
    /// To whom.
    pub to: CardId,
    /// Whether it closes a cycle, and so does not count.
    pub cyclic: bool,
}

impl LinkView {
    /// What names it.
    pub fn id(&self) -> LinkId {
        LinkId {
            from: self.from.clone(),
            kind: self.kind,
            to: self.to.clone(),
        }
    }

    /// The name under which it stands in the document.
    pub fn name(&self) -> String {
        self.id().name()
    }

    pub(super) fn parts(&self) -> Parts<'_> {
        (&self.from, self.kind, &self.to)
    }
}

/// What everybody is shown of the document that `txn` sees.
pub fn view<T: ReadTxn>(txn: &T) -> BoardView {
    assemble(&RawBoard::read(txn))
}
