//! Lists that are short enough to be read whole: what stands on a board, what hangs on a task.
//!
//! They are cut into pages like all others. A cursor names a row and where it stood: if the row is gone, the list goes on
//! with what stands there now.

use serde::Serialize;
use uuid::Uuid;

use crate::http::Problem;
use crate::http::rest::{Filters, List, Listing, Position};

/// The part of `rows` that is asked for; `key` names a row. `scope` is whose list it is.
///
/// # Errors
/// 400 if the cursor was not made for this list.
pub(super) fn cut<F: Filters, R, V: Serialize>(
    listing: &Listing<F>,
    scope: Uuid,
    mut rows: Vec<R>,
    key: impl Fn(&R) -> String,
    view: impl FnMut(R) -> V,
) -> Result<List<V>, Problem> {
    if listing.descending {
        rows.reverse();
    }
    let wanted = listing.fetch() as usize;
    let part = |rows: Vec<R>, from: usize| rows.into_iter().skip(from).take(wanted).collect::<Vec<_>>();
    let from = match listing.position::<(usize, String)>(scope)? {
        Position::Start => 0,
        Position::After((at, id)) => {
            let found = rows.iter().position(|row| key(row) == id);
            found.map_or(at, |found| found + 1)
        }
        Position::Offset(skip) => {
            let total = rows.len() as u64;
            let rows = part(rows, usize::try_from(skip).unwrap_or(usize::MAX));
            return Ok(listing.counted(total, rows, view));
        }
    };
    // Where each row stands is counted on from the first.
    let rows: Vec<(usize, R)> = (from..).zip(part(rows, from)).collect();
    let mut view = view;
    let named = |(at, row): &(usize, R)| (*at, key(row));
    Ok(listing.walked(scope, rows, named, move |(_, row)| view(row)))
}
