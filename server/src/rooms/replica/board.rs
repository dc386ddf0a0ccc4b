//! A board in memory: its document, and what is shown of it, always at the same moment.
//!
//! Invariant: between two calls the board is what reading the document anew would give.

use bytes::Bytes;
use weft_protocol::board::raw::{self, Stamp};
use weft_protocol::board::schema::root;
use weft_protocol::board::{Before, Board, CardId, ChangeError, Hand, Touched, Watch, change, repair};
use yrs::{Doc, Transact, TransactionMut};

use super::{Replica, ReplicaError, delta, guarded};
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

type Changed<E> = Result<Result<Option<Edited>, E>, ReplicaError>;

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

    /// Makes an empty document the board `id` that `seed` describes.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`], also if that cannot be.
    pub(crate) fn found_board(&mut self, id: &str, seed: &Seed) -> Result<Option<Edited>, ReplicaError> {
        let founded = self.transact_board(|txn, board| {
            change::found(txn, id)?;
            let mut touched = Touched::default();
            touched.lists.insert(root::META);
            let mut before = board.refresh(txn, &touched);
            let mut roll = dice(0);
            let hand = Hand {
                stamp: seed.stamp(),
                dice: &mut roll,
            };
            let (planted, planting) = board.edit(txn, hand, |editor| seed.plant(editor))?;
            before.merge(planting);
            planted.map(|()| before)
        })?;
        founded.map_err(|error: EditError| {
            tracing::error!(doc.id = id, %error, "a board cannot be founded from its seed");
            ReplicaError::Poisoned
        })
    }

    /// Lets `edit` change the board.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`]; inside, why not.
    pub(crate) fn edit_board(
        &mut self,
        edit: BoardEdit,
    ) -> Result<Result<Option<Edited>, NotEdited>, ReplicaError> {
        let stamp = Stamp {
            at: edit.at.clone(),
            by: edit.user(),
        };
        let (seed, change) = (edit.seed, edit.change);
        self.transact_board(|txn, board| {
            let mut roll = dice(seed);
            let hand = Hand {
                stamp,
                dice: &mut roll,
            };
            let (edited, before) = match board.edit(&mut *txn, hand, |editor| change(editor)) {
                Ok(edited) => edited,
                Err(ChangeError::NoBoard | ChangeError::UnknownSchema(_)) => return Err(NotEdited::NoBoard),
                Err(error) => return Err(NotEdited::Refused(error.into())),
            };
            match edited {
                Ok(()) => Ok(before),
                Err(error) if txn.has_changes() => Err(NotEdited::HalfDone(error)),
                Err(error) => Err(NotEdited::Refused(error)),
            }
        })
    }

    /// Writes what makes the document say what is shown anyway, a bounded part of it. Whether there is more to write.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn repair_board(&mut self) -> Result<(Option<Edited>, bool), ReplicaError> {
        let mut more = false;
        let repaired = self.transact_board(|txn, board| {
            if board.raw.schema.is_some() {
                more = repair::carry_out(txn, repair::plan(board), REPAIR_WRITES).more;
            }
            Ok::<_, EditError>(Before::default())
        })?;
        Ok((repaired.unwrap_or_default(), more))
    }

    /// The description of a card, if there is such a card that is not deleted.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`]; inside, that it holds no rich text.
    pub(crate) fn read_description(
        &self,
        card: &CardId,
    ) -> Result<Option<Result<Node, ContentError>>, ReplicaError> {
        if !self.board().is_some_and(|board| board.view.is_live(card)) {
            return Ok(None);
        }
        guarded(|| {
            let txn = self.doc.transact();
            Ok(Some(match raw::description(&txn, card) {
                Some(fragment) => content::read_fragment(&txn, &fragment),
                None => Ok(Node::default()),
            }))
        })
    }

    /// Lets `work` write to the board and bring it up to date, and does the rest: the delta, and what the watch heard.
    fn transact_board<E>(
        &mut self,
        work: impl FnOnce(&mut TransactionMut<'_>, &mut Board) -> Result<Before, E>,
    ) -> Changed<E> {
        let (doc, Some(live)) = (&self.doc, &mut self.board) else {
            return Err(ReplicaError::Poisoned);
        };
        let changed = guarded(|| {
            let mut transaction = doc.transact_mut();
            let worked = work(&mut transaction, &mut live.board);
            let delta = delta(&transaction);
            drop(transaction);
            let later = live.board.refresh(&doc.transact(), &live.watch.take());
            Ok(worked.map(|mut before| {
                before.merge(later);
                before.settle(&live.board);
                delta.map(|delta| Edited { delta, before })
            }))
        })?;
        if let Ok(Some(edited)) = &changed {
            self.made(Some(&edited.delta))?;
        }
        Ok(changed)
    }
}
