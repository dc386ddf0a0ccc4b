//! Boards: cards in columns, kept in a Yjs document that anybody may edit, offline too.
//!
//! [`Board::read`] tells what a document says ([`raw`]) and what everybody is shown ([`view`](mod@view)); [`Editor`]
//! holds the moves, each with its rule ([`change`]); [`repair`](mod@repair) writes what makes the document say what is
//! shown anyway. The schema and the rules are described for other clients in `docs/board-schema.md`; a change here is
//! a change there and in `web/src/board/`.
//!
//! Invariant: what is shown depends on the state of the document and on nothing else, so replicas with the same state
//! show the same board, whatever was written into it.
//!
//! It must never read a clock or draw a random number (both are passed in), nor trust a value it did not check.

pub mod change;
pub mod id;
pub mod json;
pub mod key;
pub mod moment;
pub mod plan;
pub mod raw;
pub mod repair;
pub mod schema;
pub mod view;
pub mod watch;

use yrs::ReadTxn;

pub use self::change::{At, ChangeError, Editor, Hand};
pub use self::id::{CardId, ColumnId, FieldId, FileId, ItemId, LabelId, LaneId, OptionId, UserId};
pub use self::key::OrderKey;
pub use self::plan::Plan;
pub use self::raw::RawBoard;
pub use self::repair::{RepairReport, repair};
pub use self::view::{BoardView, view};
pub use self::watch::{Touched, Watch};

/// A board at one moment: what its document says, and what is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// What the document says, without what does not belong there.
    pub raw: RawBoard,
    /// What is shown.
    pub view: BoardView,
}

impl Board {
    /// Reads the board that `txn` sees. The time grows with the size of the document, times the logarithm of the
    /// number of cards; only dependencies in cycles cost more, up to a fixed bound.
    pub fn read<T: ReadTxn>(txn: &T) -> Self {
        Self::of(RawBoard::read(txn))
    }

    /// The board that `raw` is.
    pub fn of(raw: RawBoard) -> Self {
        let view = view::assemble(&raw);
        Self { raw, view }
    }
}
