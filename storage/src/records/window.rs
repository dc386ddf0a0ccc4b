//! Which part of a list is asked for.

use uuid::Uuid;

/// A part of a list that is in the order of ids: behind `after`, or after skipping some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The last id of the part before; `None` from the start.
    pub after: Option<Uuid>,
    /// Rows to skip.
    pub skip: u32,
    /// Rows to give at most.
    pub limit: u32,
}

impl Window {
    /// The first `limit` rows.
    pub fn first(limit: u32) -> Self {
        Self {
            after: None,
            skip: 0,
            limit,
        }
    }
}
