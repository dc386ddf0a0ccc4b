//! The board as JSON, for those that do not speak Yjs.
//!
//! Invariant: the same view is the same bytes, so that a hash of them can say whether something changed.

use super::view::BoardView;

/// The bytes of `view` as JSON. All members are always there, with `null` where there is nothing.
///
/// # Errors
/// None that is known: everything in a view has a form in JSON. The writer's type knows less.
pub fn state(view: &BoardView) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(view)
}

/// `view` as a JSON value, for answers with more in them.
///
/// # Errors
/// As [`state`].
pub fn value(view: &BoardView) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(view)
}
