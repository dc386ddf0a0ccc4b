//! Changes of boards that come from outside of any connection.
//!
//! A change is a function over the editor, so that the rooms need not know what can be done to a board. All its moves
//! are one transaction: if one of them is refused, none has happened.

use std::fmt;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use uuid::Uuid;
use weft_protocol::board::moment::Moment;
use weft_protocol::board::{ChangeError, Editor, UserId};

use crate::content::ContentError;

/// Why a change of a board was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    /// The board does not allow it.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Rich text in it cannot be taken.
    #[error(transparent)]
    Content(#[from] ContentError),
}

type Change = dyn FnOnce(&mut Editor<'_, '_>) -> Result<(), EditError> + Send + Sync;

/// A change of a board.
pub(crate) struct BoardEdit {
    /// Whose doing it is, if it is an account's.
    pub(super) by: Option<Uuid>,
    /// When, for the stamps that it leaves.
    pub(super) at: Option<Moment>,
    /// What order keys are made random with.
    pub(super) seed: u64,
    /// The most that it may add to the document, in bytes.
    pub(super) size_bytes: usize,
    pub(super) change: Box<Change>,
}

impl BoardEdit {
    /// The change that `change` makes, in the name of `by`, at `now_ms` since 1970. `size_bytes` is the most that it may
    /// add to the document: the size of the request will do.
    pub(crate) fn new(
        by: Option<Uuid>,
        now_ms: i64,
        size_bytes: usize,
        change: impl FnOnce(&mut Editor<'_, '_>) -> Result<(), EditError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            by,
            at: moment(now_ms),
            seed: rand::random(),
            size_bytes,
            change: Box::new(change),
        }
    }

    /// Who does it, as documents say it.
    pub(super) fn user(&self) -> Option<UserId> {
        self.by.and_then(|user| UserId::parse(&user.to_string()).ok())
    }
}

impl fmt::Debug for BoardEdit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BoardEdit")
            .field("by", &self.by)
            .field("size_bytes", &self.size_bytes)
            .finish_non_exhaustive()
    }
}

/// The moment `now_ms` after the beginning of 1970, to the second.
fn moment(now_ms: i64) -> Option<Moment> {
    let time = time::OffsetDateTime::from_unix_timestamp(now_ms.div_euclid(1000)).ok()?;
    let text = time.format(&time::format_description::well_known::Rfc3339).ok()?;
    Moment::parse(&text).ok()
}

/// Random numbers below a bound, all from one seed.
pub(super) fn dice(seed: u64) -> impl FnMut(u32) -> u32 {
    let mut random = StdRng::seed_from_u64(seed);
    move |bound| random.random_range(0..bound.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_what_documents_understand() {
        assert_eq!(moment(0).unwrap().as_str(), "1970-01-01T00:00:00Z");
        assert_eq!(
            moment(1_774_863_000_999).unwrap().as_str(),
            "2026-03-30T09:30:00Z"
        );
    }

    #[test]
    fn dice_stay_below_their_bound_and_use_all_of_it() {
        let mut roll = dice(7);
        let rolled: std::collections::BTreeSet<u32> = (0..2_000).map(|_| roll(62)).collect();
        assert_eq!((rolled.len(), rolled.last()), (62, Some(&61)));
        assert_eq!(dice(1)(1), 0);
    }
}
