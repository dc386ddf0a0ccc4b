//! SQL text for any number of rows, from a small fixed set of statements, so that each is prepared once.
//!
//! A batch is cut into pieces whose sizes are powers of two; each piece has one multi-row statement.

use std::fmt::Write as _;
use std::sync::Arc;

use sqlx::AssertSqlSafe;

/// The largest piece: with 26 values per row it stays far below the limits of 32,766 parameters (SQLite) and 65,535
/// (Postgres).
const LARGEST: usize = 256;

/// A statement that is made of literals alone.
pub(crate) type Sql = AssertSqlSafe<Arc<str>>;

/// One statement for each piece size, and for each way to write parameters.
pub(crate) struct Family {
    /// `?`: SQLite looks numbered ones up by their names, one after the other.
    marked: [Arc<str>; 9],
    /// `$1`, `$2`, …: all that Postgres knows.
    numbered: [Arc<str>; 9],
}

impl Family {
    /// `before`, then `group` as often as the piece has rows, separated by commas, then `after`. Parameters are written
    /// `?`, and stand nowhere but in the groups.
    pub(crate) fn new(before: &str, group: &str, after: &str) -> Self {
        Self::joined(before, (group, ","), after)
    }

    /// The same with another separator.
    pub(crate) fn joined(before: &str, (group, separator): (&str, &str), after: &str) -> Self {
        let marked: [Arc<str>; 9] = std::array::from_fn(|exponent| {
            let groups = vec![group; 1 << exponent].join(separator);
            format!("{before}{groups}{after}").into()
        });
        let numbered = std::array::from_fn(|exponent| numbered(&marked[exponent]).into());
        Self { marked, numbered }
    }

    /// SQLite's statement for `rows` rows, which must be the size of a piece.
    pub(crate) fn marked(&self, rows: usize) -> Sql {
        // Safe: the text is made of literals alone.
        AssertSqlSafe(Arc::clone(&self.marked[rows.ilog2().min(8) as usize]))
    }

    /// Postgres' statement for `rows` rows, which must be the size of a piece.
    pub(crate) fn numbered(&self, rows: usize) -> Sql {
        // Safe: the text is made of literals alone.
        AssertSqlSafe(Arc::clone(&self.numbered[rows.ilog2().min(8) as usize]))
    }
}

/// The statement with a number for each `?`.
fn numbered(statement: &str) -> String {
    let mut text = String::with_capacity(2 * statement.len());
    let mut parts = statement.split('?');
    text.push_str(parts.next().unwrap_or_default());
    for (index, part) in parts.enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "${}", index + 1);
        text.push_str(part);
    }
    text
}

/// Cuts `items` into pieces whose sizes are powers of two.
pub(crate) fn pieces<T>(mut items: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = items
            .len()
            .checked_ilog2()
            .map(|exponent| (1 << exponent).min(LARGEST))?;
        let (piece, rest) = items.split_at(size);
        items = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_everything_in_order() {
        let items: Vec<usize> = (0..781).collect();
        let sizes: Vec<usize> = pieces(&items).map(<[usize]>::len).collect();
        assert_eq!(sizes, [256, 256, 256, 8, 4, 1]);
        assert_eq!(pieces(&items).flatten().copied().collect::<Vec<_>>(), items);
        assert_eq!(pieces::<u8>(&[]).count(), 0);
    }

    #[test]
    fn parameters_are_numbered_across_the_rows() {
        let family = Family::new("INSERT INTO t VALUES ", "(?,?)", " RETURNING a");
        let marked = "INSERT INTO t VALUES (?,?),(?,?) RETURNING a";
        assert_eq!(&*family.marked(2).0, marked);
        let numbered = "INSERT INTO t VALUES ($1,$2),($3,$4) RETURNING a";
        assert_eq!(&*family.numbered(2).0, numbered);
    }
}
