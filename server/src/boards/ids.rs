//! New ids for what is put on a board.

use std::fmt;

use uuid::Uuid;
use weft_protocol::board::id::{Id, UserId};

/// Gives new ids.
pub(crate) struct Minter<'m>(&'m mut dyn FnMut() -> Uuid);

impl<'m> Minter<'m> {
    /// Ids are what `next` gives, each time another one.
    pub(crate) fn new(next: &'m mut dyn FnMut() -> Uuid) -> Self {
        Self(next)
    }

    /// An id that nothing has yet.
    pub(crate) fn id<K>(&mut self) -> Id<K> {
        Id::of_uuid((self.0)().into_bytes())
    }
}

impl fmt::Debug for Minter<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Minter")
    }
}

/// Somebody as documents say it.
pub(crate) fn user(id: Uuid) -> UserId {
    UserId::of_uuid(id.into_bytes())
}
