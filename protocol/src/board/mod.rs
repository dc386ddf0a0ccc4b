//! Boards: cards in columns, kept in a Yjs document that anybody may edit, offline too.
//!
//! [`Board::read`] tells what a document says ([`raw`]) and what everybody is shown ([`view`](mod@view));
//! [`Board::refresh`] keeps both up to date with what a [`Watch`] noted, at the price of what changed, and says what was
//! shown [`Before`]; [`Editor`] holds the moves, each with its rule ([`change`]); [`repair`](mod@repair) writes what
//! makes the document say what is shown anyway. The schema and the rules are described for other clients in `docs/board-schema.md`; a change here is
//! a change there and in `web/src/board/`.
//!
//! Invariant: what is shown depends on the state of the document and on nothing else, so replicas with the same state
//! show the same board, whatever was written into it.
//!
//! It must never read a clock or draw a random number (both are passed in), nor trust a value it did not check.

pub mod before;
pub mod change;
pub mod id;
mod index;
pub mod json;
pub mod key;
pub mod moment;
mod moved;
pub mod plan;
pub mod raw;
mod refresh;
pub mod repair;
pub mod schema;
pub mod seat;
pub mod view;
pub mod watch;

use yrs::{ReadTxn, TransactionMut};

use self::index::Index;

pub use self::before::{Before, CardBefore, ColumnHead, Placed};
pub use self::change::{At, ChangeError, Editor, Hand};
pub use self::id::{CardId, ColumnId, FieldId, FileId, ItemId, LabelId, LaneId, OptionId, UserId};
pub use self::key::OrderKey;
pub use self::plan::Plan;
pub use self::raw::{LinkId, RawBoard, Size};
pub use self::repair::{RepairReport, repair};
pub use self::seat::{Group, Seat};
pub use self::view::{BoardView, view};
pub use self::watch::{Touched, Watch};

/// A board at one moment: what its document says, and what is shown. Others look at it; it changes itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// What the document says, without what does not belong there.
    pub raw: RawBoard,
    /// What is shown.
    pub view: BoardView,
    index: Index,
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
        let index = Index::of(&raw, &view);
        Self { raw, view, index }
    }

    /// The highest logical clock in the document, forged ones included.
    pub fn clock(&self) -> u64 {
        self.index.clock()
    }

    /// Edits the board in `txn`. Whatever `work` answers, the board is up to date afterwards; the second answer is what
    /// was shown before. Everything that was written into `txn` before must be known to the board.
    ///
    /// # Errors
    /// As [`Editor::open`]; then `work` was not called.
    pub fn edit<'e, 't, R>(
        &'e mut self,
        txn: &'e mut TransactionMut<'t>,
        hand: Hand<'e>,
        work: impl FnOnce(&mut Editor<'e, 't>) -> R,
    ) -> Result<(R, Before), ChangeError> {
        let mut editor = Editor::open(txn, hand, self)?;
        let result = work(&mut editor);
        Ok((result, editor.finish()))
    }
}
