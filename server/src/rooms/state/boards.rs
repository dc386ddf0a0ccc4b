//! Boards in a room: what edits mean beside the log is noted, requests change them, and quiet ones are repaired.
//!
//! Invariant: whatever the ledger holds of a board's changes, the projector has noted.

use uuid::Uuid;
use weft_protocol::board::schema::limit;
use weft_protocol::board::{Board, CardId, Size, json};
use weft_protocol::close::CloseReason;

use super::super::Edit;
use super::super::board::{BoardEdit, EditError};
use super::super::content::{ContentBody, ContentRefusal};
use super::super::ledger::Delta;
use super::super::projector::Doer;
use super::super::replica::{Edited, NotEdited};
use super::requests::Failure;
use super::{Poisoned, RoomState};
use crate::boards::Seed;

/// A board is repaired when nobody has changed it for this long.
const REPAIR_QUIET_MS: u64 = 5_000;

impl RoomState {
    /// Founds the board if nobody has yet.
    ///
    /// # Errors
    /// [`Poisoned`].
    pub(crate) fn found_board(&mut self, id: &str, seed: &Seed) -> Result<(), Poisoned> {
        if self
            .replica
            .board()
            .is_none_or(|board| board.raw.schema.is_some())
        {
            return Ok(());
        }
        let edited = self.check(|replica| replica.found_board(id, seed))?;
        self.accept_edited(edited, Doer::Somebody(seed.author()))?;
        self.has_changed = false;
        Ok(())
    }

    /// Takes note of what `edits`, which are applied, have changed of a board.
    ///
    /// # Errors
    /// [`Poisoned`], also if the board has become too large or its clock was forged: then whoever did it is under
    /// suspicion.
    pub(super) fn note_board(&mut self, edits: &[Edit], author: Option<Uuid>) -> Result<(), Poisoned> {
        let Some(old) = self.replica.board().map(Extent::of) else {
            return Ok(());
        };
        let before = self.check(|replica| replica.refresh_board())?;
        let new = self.replica.board().map(Extent::of);
        if let Some(fault) = new.and_then(|new| new.fault_after(&old)) {
            self.suspects = edits.to_vec();
            self.suspicion = fault;
            return Err(Poisoned);
        }
        if let (Some(before), Some(board)) = (before, self.replica.board()) {
            self.projector.note(&before, board, Doer::Somebody(author));
        }
        Ok(())
    }

    /// Takes in a change that the server has made for the account `by`, by other ways than the editor of boards.
    pub(super) fn accept_server_delta(
        &mut self,
        update: bytes::Bytes,
        by: Option<Uuid>,
    ) -> Result<(), Poisoned> {
        self.note_board(&[], by)?;
        self.accept_delta(Delta::of(update, by), None)
    }

    /// When the board wants to be repaired, if it does.
    pub(crate) fn repair_at_ms(&self) -> Option<u64> {
        self.unrepaired_since_ms.map(|since| since + REPAIR_QUIET_MS)
    }

    /// Repairs the board, if it has been quiet for long enough.
    ///
    /// # Errors
    /// [`Poisoned`].
    pub(crate) fn repair_when_quiet(&mut self, now_ms: u64) -> Result<(), Poisoned> {
        if self.repair_at_ms().is_none_or(|at| now_ms < at) {
            return Ok(());
        }
        let (edited, more) = self.check(|replica| replica.repair_board())?;
        self.unrepaired_since_ms = more.then_some(now_ms);
        self.accept_edited(edited, Doer::Repair)?;
        self.has_changed = false;
        Ok(())
    }

    /// Somebody has changed the board: it may need a repair, but not now.
    pub(super) fn changed_board(&mut self, now_ms: u64) {
        if self.replica.board().is_some() {
            self.unrepaired_since_ms = Some(now_ms);
        }
    }

    pub(super) fn read_board(&mut self) -> Result<Option<ContentBody>, Failure> {
        let board = self.board()?;
        let state = json::state(&board.view).map_err(|_| Failure::Poisoned)?;
        Ok(Some(ContentBody::Board(state.into())))
    }

    pub(super) fn read_description(&mut self, card: &CardId) -> Result<Option<ContentBody>, Failure> {
        self.board()?;
        match self.replica.read_description(card)? {
            Some(description) => Ok(Some(ContentBody::Node(description?))),
            None => Err(Failure::Refused(ContentRefusal::NoSuchCard)),
        }
    }

    pub(super) fn edit_board(&mut self, edit: BoardEdit) -> Result<Option<ContentBody>, Failure> {
        self.board()?;
        self.require_room(edit.size_bytes)?;
        let by = edit.by;
        match self.replica.edit_board(edit)? {
            Ok(edited) => self.accept_edited(edited, Doer::Somebody(by))?,
            Err(NotEdited::NoBoard) => return Err(Failure::Refused(ContentRefusal::NoBoard)),
            Err(NotEdited::Refused(error)) => return Err(Failure::Refused(refusal(error))),
            Err(NotEdited::HalfDone(error)) => return Err(Failure::HalfDone(refusal(error))),
        }
        Ok(None)
    }

    fn board(&self) -> Result<&weft_protocol::board::Board, Failure> {
        let board = self.replica.board();
        board.ok_or(Failure::Refused(ContentRefusal::NoBoard))
    }

    fn accept_edited(&mut self, edited: Option<Edited>, doer: Doer) -> Result<(), Poisoned> {
        let (Some(edited), Some(board)) = (edited, self.replica.board()) else {
            return Ok(());
        };
        self.projector.note(&edited.before, board, doer);
        let author = match doer {
            Doer::Somebody(author) => author,
            Doer::Repair => None,
        };
        let update = edited.delta;
        self.accept_delta(Delta::of(update, author), None)
    }
}

fn refusal(error: EditError) -> ContentRefusal {
    match error {
        EditError::Change(error) => ContentRefusal::Board(error),
        EditError::Content(error) => ContentRefusal::Content(error),
    }
}

/// What edits of clients can make grow without end.
struct Extent {
    size: Size,
    clock: u64,
}

impl Extent {
    fn of(board: &Board) -> Self {
        Self {
            size: board.raw.size(),
            clock: board.clock(),
        }
    }

    /// Why a client may not have led here from `old`, if it may not.
    fn fault_after(&self, old: &Self) -> Option<CloseReason> {
        if self.size.check(&old.size).is_err() {
            return Some(CloseReason::DocumentTooLarge);
        }
        // With a clock near its end nobody could say any more what comes after what.
        (self.clock > old.clock.saturating_add(limit::CLOCK_STEP)).then_some(CloseReason::HostileUpdate)
    }
}
