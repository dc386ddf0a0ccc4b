//! Boards on their way elsewhere: as a table for spreadsheets, and as JSON that [`import`](super::import) takes back.

pub(crate) mod csv;
pub(crate) mod json;

use std::collections::BTreeMap;

use weft_protocol::board::id::{CardId, UserId};

/// What an export says that is not in the board's document.
#[derive(Debug, Default)]
pub(crate) struct Around {
    /// Names of cards for people, such as `PROJ-12`.
    pub(crate) keys: BTreeMap<CardId, String>,
    /// Names of people.
    pub(crate) people: BTreeMap<UserId, String>,
}
