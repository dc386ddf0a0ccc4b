//! Schema 1: where things stand in the document, what they may say, and how many there may be.
//!
//! Invariant: these names and values are in documents of others; they are never renamed or reused.
//!
//! Limits bind the moves. Reading ignores them, apart from the lengths of texts, which it cuts: a document that
//! somebody filled beyond them is still shown.

use serde::{Deserialize, Serialize};

/// The version of the schema that this code reads and writes.
pub const SCHEMA: u32 = 1;

/// Roots of the document, all of them maps.
pub mod root {
    /// What the document is.
    pub const META: &str = "meta";
    /// Columns by id.
    pub const COLUMNS: &str = "columns";
    /// Lanes by id.
    pub const LANES: &str = "lanes";
    /// Labels by id.
    pub const LABELS: &str = "labels";
    /// Custom fields by id.
    pub const FIELDS: &str = "fields";
    /// Cards by id.
    pub const CARDS: &str = "cards";
    /// Relations between cards, by `from|kind|to`.
    pub const LINKS: &str = "links";
    /// Those that are few and read as a whole: all but cards and relations.
    pub const LISTS: &[&str] = &[META, COLUMNS, LANES, LABELS, FIELDS];
}

/// Registers and nested types.
pub mod field {
    /// Of [`root::META`](super::root::META): the version.
    pub const SCHEMA: &str = "schema";
    /// Of the same: the id of the board.
    pub const BOARD_ID: &str = "board_id";
    /// Of the same: true, so that a document of clients alone is told apart.
    pub const CREATED_BY_SERVER: &str = "created_by_server";
    /// What columns, lanes and cards are called. A shared text on a card, a string elsewhere.
    pub const TITLE: &str = "title";
    /// What labels, fields and choices are called.
    pub const NAME: &str = "name";
    /// An order key.
    pub const POS: &str = "pos";
    /// A colour.
    pub const COLOR: &str = "color";
    /// A stamp, if the thing is deleted.
    pub const DEL: &str = "del";
    /// The category of a column.
    pub const CATEGORY: &str = "category";
    /// The limit of a column.
    pub const WIP: &str = "wip";
    /// The type of a custom field.
    pub const TYPE: &str = "type";
    /// The choices of a custom field, by id.
    pub const OPTIONS: &str = "options";
    /// Column and order key of a card, in one register.
    pub const PLACE: &str = "place";
    /// The lane of a card.
    pub const LANE: &str = "lane";
    /// The description of a card: a shared XML fragment.
    pub const DESC: &str = "desc";
    /// The priority of a card.
    pub const PRIO: &str = "prio";
    /// When a card is due.
    pub const DUE: &str = "due";
    /// When work on a card starts.
    pub const START: &str = "start";
    /// The estimate of a card.
    pub const EST: &str = "est";
    /// The file whose picture stands on a card.
    pub const COVER: &str = "cover";
    /// A stamp, if the card is archived.
    pub const ARCH: &str = "arch";
    /// A stamp, if the card is done. An item of a checklist has a boolean here.
    pub const DONE: &str = "done";
    /// The card that a card is a part of.
    pub const PARENT: &str = "parent";
    /// Users that work on a card.
    pub const ASSIGNEES: &str = "assignees";
    /// Labels of a card.
    pub const LABELS: &str = "labels";
    /// Users that hear of a card.
    pub const WATCHERS: &str = "watchers";
    /// The checklist of a card, by id of the item.
    pub const CHECK: &str = "check";
    /// Of an item: what it says.
    pub const TEXT: &str = "text";
    /// Of an item: the name of the list it stands in.
    pub const LIST: &str = "list";
    /// Values of custom fields of a card, by id of the field.
    pub const VALUES: &str = "cf";
    /// Files of a card, by id.
    pub const FILES: &str = "files";
}

/// How much the moves put on a board, and how long texts may be.
pub mod limit {
    /// Cards that are neither archived nor deleted.
    pub const OPEN_CARDS: usize = 5_000;
    /// Cards, archived and deleted ones too. A server takes no edit that makes them more.
    pub const ALL_CARDS: usize = 25_000;
    /// Relations, of deleted cards too. The same holds for them.
    pub const ALL_LINKS: usize = 50_000;
    /// How many times as many columns, lanes, labels, fields and choices there may be, deleted ones too, as there may be
    /// that are not deleted. The same holds for them.
    pub const DELETED_ENTRIES: usize = 4;
    /// Columns that are not deleted.
    pub const COLUMNS: usize = 200;
    /// Lanes that are not deleted.
    pub const LANES: usize = 200;
    /// Labels that are not deleted.
    pub const LABELS: usize = 500;
    /// Custom fields that are not deleted.
    pub const FIELDS: usize = 100;
    /// Choices of one custom field.
    pub const OPTIONS: usize = 200;
    /// Relations of one card.
    pub const LINKS_PER_CARD: usize = 500;
    /// Items of the checklist of one card.
    pub const ITEMS: usize = 500;
    /// Assignees, labels or watchers of one card, each.
    pub const MEMBERS: usize = 200;
    /// Files of one card.
    pub const FILES: usize = 200;
    /// Characters (Unicode scalar values) of the title of a card.
    pub const TITLE_CHARS: usize = 500;
    /// Characters of the name of anything else.
    pub const NAME_CHARS: usize = 100;
    /// Characters of an item of a checklist, and of the value of a text field.
    pub const TEXT_CHARS: usize = 2_000;
    /// The highest limit of a column.
    pub const WIP: u64 = 10_000;
    /// The highest estimate.
    pub const ESTIMATE: f64 = 1_000_000.0;
    /// The largest integer that every language reads alike: 2^53 - 1. Logical clocks end here.
    pub const INTEGER: u64 = (1 << 53) - 1;
    /// Logical clocks above this were forged, and repair renumbers them: 2^40.
    pub const HONEST_CLOCK: u64 = 1 << 40;
    /// How far one honest edit can raise the logical clock of a board. A server refuses one that raises it further.
    pub const CLOCK_STEP: u64 = 1_000_000;
    /// Dependencies of one kind that may stand in cycles and still be looked at one by one.
    pub const TANGLED_LINKS: usize = 5_000;
}

/// A closed set of values, each with the text that stands for it in documents and in JSON.
macro_rules! texts {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $value:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $value,)+
        }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The value that `text` stands for.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$value),)+
                    _ => None,
                }
            }

            /// The text that stands for it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }
        }
    };
}

texts! {
    /// What it means for a card to stand in a column. A column that does not say is [`Category::Unstarted`].
    Category {
        /// Perhaps some day.
        Backlog = "backlog",
        /// To be done.
        Unstarted = "unstarted",
        /// Being done.
        Started = "started",
        /// Done.
        Completed = "completed",
        /// Given up.
        Cancelled = "cancelled",
    }
}

texts! {
    /// How much a card matters.
    Priority {
        /// Hardly.
        Low = "low",
        /// As most do.
        Medium = "medium",
        /// More.
        High = "high",
        /// Before all others.
        Urgent = "urgent",
    }
}

texts! {
    /// What the limit of a column does.
    WipMode {
        /// It is shown.
        Soft = "soft",
        /// The moves refuse to pass it. Documents cannot: two moves that each fit can be merged.
        Hard = "hard",
    }
}

texts! {
    /// How one card relates to another. Only this direction is stored.
    LinkKind {
        /// The other cannot be finished before this one.
        Blocks = "blocks",
        /// Both belong together. Stored once, from the smaller id to the larger.
        Relates = "relates",
        /// The other says the same.
        Duplicates = "duplicates",
        /// The other comes later.
        Precedes = "precedes",
    }
}

impl LinkKind {
    /// Whether relations of this kind must not go in circles.
    pub const fn orders(self) -> bool {
        matches!(self, Self::Blocks | Self::Precedes)
    }
}

texts! {
    /// What a custom field holds.
    FieldType {
        /// A string of at most [`limit::TEXT_CHARS`].
        Text = "text",
        /// A finite number.
        Number = "number",
        /// A day or an instant.
        Date = "date",
        /// Yes or no.
        Checkbox = "checkbox",
        /// The id of one of its choices.
        Select = "select",
        /// The id of a user.
        Person = "person",
    }
}

/// Whether `text` is a colour: `#rrggbb`, or a name of 1 to 32 of `a-z 0-9 -` that starts with a letter.
pub fn is_color(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix('#') {
        return digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    (1..=32).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
