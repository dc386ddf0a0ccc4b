//! A board in memory: its document, and what is shown of it, always at the same moment.
//!
//! Invariant: between two calls the board is what reading the document anew would give.

use std::collections::VecDeque;

use bytes::Bytes;
use weft_protocol::board::raw::Stamp;
use weft_protocol::board::schema::limit;
use weft_protocol::board::{Before, Board, CardId, Editor, Hand, Watch, change, raw, repair};
use yrs::{Doc, ReadTxn, Transact, TransactionMut};

use super::{Replica, ReplicaError, guarded};
use crate::boards::Seed;
use crate::content::{self, ContentError, Node};
use crate::rooms::board::{BoardEdit, EditError, dice};

/// Keys, places and clocks that one repair writes before others have their turn.
const REPAIR_WRITES: usize = 500;

/// What a document is to its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Its content concerns its clients alone.
    Plain,
    /// A board, to which the room writes under this client id, which nobody else uses.
    Board {
        /// The Yjs client id.
        client: u64,
    },
}

/// The board of a document, kept up to date.
#[derive(Debug)]
pub(super) struct LiveBoard {
    board: Board,
    watch: Watch,
}

impl LiveBoard {
    pub(super) fn of(doc: &Doc) -> Self {
        let watch = Watch::on(doc);
        Self {
            board: Board::read(&doc.transact()),
            watch,
        }
    }
}

/// A change that the server has made.
#[derive(Debug)]
pub(crate) struct Edited {
    /// The change, as one update.
    pub(crate) delta: Bytes,
    /// What was shown before.
    pub(crate) before: Before,
}

/// Why the server has not changed a board.
#[derive(Debug)]
pub(crate) enum NotEdited {
    /// It is not allowed, and nothing was written.
    Refused(EditError),
    /// It is not allowed, which was found out half-way: the document in memory must be built anew.
    HalfDone(EditError),
    /// The document is no board.
    NoBoard,
}

impl Replica {
    /// The board, if the document is one.
    pub(crate) fn board(&self) -> Option<&Board> {
        self.board.as_ref().map(|live| &live.board)
    }

    /// Brings the board up to date after updates were applied: what was shown before. `None` if the document is none.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn refresh_board(&mut self) -> Result<Option<Before>, ReplicaError> {
        let (doc, Some(live)) = (&self.doc, &mut self.board) else {
            return Ok(None);
        };
        guarded(|| Ok(Some(live.board.refresh(&doc.transact(), &live.watch.take()))))
    }

    /// Whether the board holds more than boards may.
    pub(crate) fn is_overfull(&self) -> bool {
        self.board().is_some_and(|board| {
            board.raw.cards.len() > limit::ALL_CARDS || board.raw.links.len() > limit::ALL_LINKS
        })
    }

    /// Makes an empty document the board that `seed` describes.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`], also if the seed is none.
    pub(crate) fn found_board(&mut self, id: &str, seed: &Seed) -> Result<Option<Edited>, ReplicaError> {
        let by = seed.by().cloned();
        let mut roll = dice(0);
        let edited = self.write_board(|txn, board, before| {
            change::found(txn, id)?;
            board.refresh_from(txn, before);
            let hand = Hand {
                stamp: Stamp { at: seed.at().cloned(), by },
                dice: &mut roll,
            };
            let mut editor = Editor::open(txn, hand, board)?;
            seed.plant(&mut editor)?;
            before.merge(editor.finish());
            Ok(())
        })?;
        edited.map_err(|error| {
            tracing::error!(?error, "a board cannot be founded from its seed");
            ReplicaError::Poisoned
        })
    }
}
