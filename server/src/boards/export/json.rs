//! Boards as JSON: everything that is on the board, under the ids that it has, and what cards and people are called.

use std::collections::BTreeMap;

use serde::Serialize;
use weft_protocol::board::Plan;
use weft_protocol::board::id::{CardId, UserId};

use super::Around;

/// The version of the form; [`import`](crate::boards::import) reads it.
const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
struct Export<'e> {
    weft_board: u32,
    title: &'e str,
    exported_at: &'e str,
    board: &'e Plan,
    keys: &'e BTreeMap<CardId, String>,
    people: &'e BTreeMap<UserId, String>,
}

/// The board of this title as it was at `exported_at`.
///
/// # Errors
/// None that is known: everything in a plan has a form in JSON. The writer's type knows less.
pub(crate) fn write(
    plan: &Plan,
    title: &str,
    exported_at: &str,
    around: &Around,
) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Export {
        weft_board: VERSION,
        title,
        exported_at,
        board: plan,
        keys: &around.keys,
        people: &around.people,
    })
}
