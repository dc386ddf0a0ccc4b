//! What others wrote to the log: it is taken in, and members hear of it.
//!
//! Invariant: after following, the document holds the log up to its head and everything that is owed, in this order;
//! nothing that is owed is lost or acknowledged early.

use bytes::Bytes;

use super::super::projector::Doer;
use super::super::replica::{Replica, empty_state_vector};
use super::{Poisoned, RoomState};

impl RoomState {
    /// Whether rows of others can be applied to the document as it is. A board that owes changes has to begin again from
    /// the log instead: what these changes mean depends on the rows before them.
    pub(crate) fn can_follow(&self) -> bool {
        self.replica.board().is_none() || self.ledger.is_settled()
    }

    /// Takes in the rows that follow the head. No append may be under way.
    ///
    /// # Errors
    /// [`Poisoned`]: the rows are in the log, so a new document will have them.
    pub(crate) fn follow(&mut self, rows: &[Bytes]) -> Result<(), Poisoned> {
        self.ledger.fall_behind(self.ledger.head() + rows.len() as u64);
        let applied = self.check(|replica| replica.apply(rows))?;
        // Who wrote them has written what they mean, too.
        self.check(|replica| replica.refresh_board())?;
        let news = if std::mem::take(&mut self.may_know_more) {
            Some(self.check(|replica| replica.diff(&empty_state_vector()))?)
        } else {
            applied.delta
        };
        if let Some(news) = news {
            self.size_bound += news.len();
            self.shared_answers.clear();
            self.broadcast_update(&news, None)?;
        }
        Ok(())
    }

    /// Begins again with `replica`, which holds the log up to `head` and nothing that is owed. No append may be under way.
    ///
    /// # Errors
    /// [`Poisoned`].
    pub(crate) fn begin_again(&mut self, replica: Replica, head: u64) -> Result<(), Poisoned> {
        let known = if std::mem::take(&mut self.may_know_more) {
            empty_state_vector()
        } else {
            self.check(|replica| replica.state_vector())?
        };
        self.replica = replica;
        self.projector.clear();
        self.ledger.fall_behind(head);
        let news = self.check(|replica| replica.diff(&known))?;
        let owed: Vec<_> = self.ledger.unsaved().cloned().collect();
        for delta in owed {
            self.check(|replica| replica.apply([&delta.update]))?;
            if let Some(before) = self.check(|replica| replica.refresh_board())?
                && let Some(board) = self.replica.board()
            {
                self.projector.note(&before, board, Doer::Somebody(delta.author));
            }
        }
        self.size_bound += news.len();
        self.shared_answers.clear();
        self.broadcast_update(&news, None)
    }

    /// Sends everything to everybody, because it is not known who has heard what.
    ///
    /// # Errors
    /// [`Poisoned`].
    pub(crate) fn share_everything(&mut self) -> Result<(), Poisoned> {
        self.may_know_more = false;
        let everything = self.check(|replica| replica.diff(&empty_state_vector()))?;
        self.broadcast_update(&everything, None)
    }
}
