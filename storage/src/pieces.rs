//! SQL text for any number of rows, from a small fixed set of statements, so that each is prepared once.
//!
//! A batch is cut into pieces whose sizes are powers of two; each piece has one multi-row statement. Parameters are
//! numbered, which both databases understand.

use std::fmt::Write as _;
use std::sync::Arc;

use sqlx::AssertSqlSafe;

/// The largest piece: with 26 values per row it stays far below the limits of 32,766 parameters (SQLite) and 65,535
/// (Postgres).
const LARGEST: usize = 256;

/// A statement that is made of literals alone.
pub(crate) type Sql = AssertSqlSafe<Arc<str>>;

/// One statement for each piece size.
pub(crate) struct Family([Arc<str>; 9]);

impl Family {
    /// `before`, then `group` as often as the piece has rows, separated by commas, then `after`. Each `?` of the groups
    /// becomes a numbered parameter.
    pub(crate) fn new(before: &str, group: &str, after: &str) -> Self {
        Self::joined(before, (group, ","), after)
    }

    /// The same with another separator.
    pub(crate) fn joined(before: &str, (group, separator): (&str, &str), after: &str) -> Self {
        Self(std::array::from_fn(|exponent| {
            let groups = vec![group; 1 << exponent].join(separator);
            let mut numbered = String::with_capacity(before.len() + 2 * groups.len() + after.len());
            numbered.push_str(before);
            let mut pieces = groups.split('?');
            numbered.push_str(pieces.next().unwrap_or_default());
            for (index, piece) in pieces.enumerate() {
                // Writing to a string cannot fail.
                let _ = write!(numbered, "${}", index + 1);
                numbered.push_str(piece);
            }
            numbered.push_str(after);
            numbered.into()
        }))
    }

    /// The statement for `rows` rows, which must be the size of a piece.
    pub(crate) fn of(&self, rows: usize) -> Sql {
        // Safe: the text is made of literals alone.
        AssertSqlSafe(Arc::clone(&self.0[rows.ilog2().min(8) as usize]))
    }
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
        assert_eq!(
            &*family.of(2).0,
            "INSERT INTO t VALUES ($1,$2),($3,$4) RETURNING a"
        );
    }
}
