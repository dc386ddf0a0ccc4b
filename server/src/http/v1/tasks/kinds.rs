//! What is said about tasks by names that are known beforehand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weft_protocol::board::schema::{Category, LinkKind, Priority};
use weft_protocol::board::view::BoardView;
use weft_protocol::board::{CardId, ColumnId};

/// How much a task matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskPriority)]
pub(in crate::http::v1) enum PriorityName {
    /// Nobody has said.
    None,
    Low,
    Medium,
    High,
    Urgent,
}

impl PriorityName {
    /// The priority of this rank, from 0 (none) to 4 (urgent).
    pub(in crate::http::v1) fn of_rank(rank: i64) -> Self {
        match rank {
            1 => Self::Low,
            2 => Self::Medium,
            3 => Self::High,
            4 => Self::Urgent,
            _ => Self::None,
        }
    }
}

impl From<PriorityName> for Option<Priority> {
    fn from(name: PriorityName) -> Self {
        match name {
            PriorityName::None => None,
            PriorityName::Low => Some(Priority::Low),
            PriorityName::Medium => Some(Priority::Medium),
            PriorityName::High => Some(Priority::High),
            PriorityName::Urgent => Some(Priority::Urgent),
        }
    }
}

/// Where a task is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskState)]
pub(in crate::http::v1) enum StateName {
    /// On the board.
    Open,
    /// Put away.
    Archived,
    /// In the trash.
    Deleted,
}

impl StateName {
    /// A state out of the database, whose `CHECK` knows the same names.
    pub(in crate::http::v1) fn of(text: &str) -> Self {
        match text {
            "archived" => Self::Archived,
            "deleted" => Self::Deleted,
            _ => Self::Open,
        }
    }
}

/// What the category of a task's column comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = TaskStatus)]
pub(in crate::http::v1) enum StatusName {
    /// `backlog` or `unstarted`.
    Todo,
    /// `started`.
    InProgress,
    /// `completed`.
    Done,
    /// `cancelled`.
    Cancelled,
}

impl StatusName {
    /// What standing in a column of this category comes to; without a column, whether it is done.
    pub(in crate::http::v1) fn of(category: Option<&str>, done: bool) -> Self {
        match category {
            Some("started") => Self::InProgress,
            Some("completed") => Self::Done,
            Some("cancelled") => Self::Cancelled,
            Some(_) => Self::Todo,
            None if done => Self::Done,
            None => Self::Todo,
        }
    }

    /// The categories that come to this, those that cards are moved to first.
    fn categories(self) -> &'static [Category] {
        match self {
            Self::Todo => &[Category::Unstarted, Category::Backlog],
            Self::InProgress => &[Category::Started],
            Self::Done => &[Category::Completed],
            Self::Cancelled => &[Category::Cancelled],
        }
    }

    /// The first column that comes to this. `None`: there is none.
    pub(super) fn column(self, view: &BoardView) -> Option<ColumnId> {
        self.categories().iter().find_map(|category| {
            let column = view.columns.iter().find(|column| column.category == *category);
            column.map(|column| column.id.clone())
        })
    }

    /// Whether the card stands in a column that comes to this.
    pub(super) fn has(self, view: &BoardView, card: &CardId) -> bool {
        let column = view.cards.get(card).and_then(|card| card.column.as_ref());
        let category = column.and_then(|id| view.columns.iter().find(|column| column.id == *id));
        category.is_some_and(|column| self.categories().contains(&column.category))
    }
}

/// How one task relates to another, as documents store it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LinkKind)]
pub(in crate::http::v1) enum LinkName {
    Blocks,
    Relates,
    Duplicates,
    Precedes,
}

/// How a task relates to another, seen from this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DependencyKind)]
pub(in crate::http::v1) enum DependencyName {
    /// The other cannot be finished before this one.
    Blocks,
    /// This one cannot be finished before the other.
    BlockedBy,
    /// The other comes later.
    Precedes,
    /// The other comes earlier.
    Follows,
    /// This one says the same as the other.
    Duplicates,
    /// The other says the same as this one.
    DuplicatedBy,
    /// Both belong together.
    Relates,
}

impl DependencyName {
    /// All of them.
    pub(super) const ALL: [Self; 7] = [
        Self::Blocks,
        Self::BlockedBy,
        Self::Precedes,
        Self::Follows,
        Self::Duplicates,
        Self::DuplicatedBy,
        Self::Relates,
    ];

    /// What is stored, and whether it leads from the other one to this one.
    pub(super) fn stored(self) -> (LinkKind, bool) {
        match self {
            Self::Blocks => (LinkKind::Blocks, false),
            Self::BlockedBy => (LinkKind::Blocks, true),
            Self::Precedes => (LinkKind::Precedes, false),
            Self::Follows => (LinkKind::Precedes, true),
            Self::Duplicates => (LinkKind::Duplicates, false),
            Self::DuplicatedBy => (LinkKind::Duplicates, true),
            Self::Relates => (LinkKind::Relates, false),
        }
    }

    /// How a stored relation looks from one of its ends.
    pub(super) fn seen(kind: &str, is_from_here: bool) -> Self {
        match (kind, is_from_here) {
            ("blocks", true) => Self::Blocks,
            ("blocks", false) => Self::BlockedBy,
            ("precedes", true) => Self::Precedes,
            ("precedes", false) => Self::Follows,
            ("duplicates", true) => Self::Duplicates,
            ("duplicates", false) => Self::DuplicatedBy,
            _ => Self::Relates,
        }
    }

    /// Its name in addresses.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::BlockedBy => "blocked_by",
            Self::Precedes => "precedes",
            Self::Follows => "follows",
            Self::Duplicates => "duplicates",
            Self::DuplicatedBy => "duplicated_by",
            Self::Relates => "relates",
        }
    }
}
