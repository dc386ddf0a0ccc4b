//! SQL text for any number of rows, from a small fixed set of statements, so that each is prepared once.
//!
//! A batch is cut into pieces whose sizes are powers of two; each piece has one multi-row statement.

use std::sync::{Arc, LazyLock};

/// The largest piece: with 6 values per row it stays far below SQLite's limit of 32,766 parameters.
const LARGEST: usize = 256;

/// One statement for each piece size.
pub(super) struct Family([Arc<str>; 9]);

impl Family {
    /// `before`, then `group` as often as the piece has rows, separated by commas, then `after`.
    fn new(before: &str, group: &str, after: &str) -> Self {
        Self(std::array::from_fn(|exponent| {
            let groups = vec![group; 1 << exponent].join(",");
            format!("{before}{groups}{after}").into()
        }))
    }

    /// The statement for `rows` rows, which must be the size of a piece.
    pub(super) fn of(&self, rows: usize) -> sqlx::AssertSqlSafe<Arc<str>> {
        // Safe: the text is made of literals alone.
        sqlx::AssertSqlSafe(Arc::clone(&self.0[rows.ilog2().min(8) as usize]))
    }
}

/// Cuts `items` into pieces whose sizes are powers of two.
pub(super) fn pieces<T>(mut items: &[T]) -> impl Iterator<Item = &[T]> {
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

/// Documents by id.
pub(super) static SELECT_HEADS: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "SELECT id, workspace_id, head_seq, quarantine_reason FROM documents WHERE id IN (",
        "?",
        ")",
    )
});

/// New documents; the ids that come back were created, the names of the others are taken.
pub(super) static INSERT_DOCUMENTS: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO documents (id, workspace_id, name, created_at_ms, head_seq) VALUES ",
        "(?,?,?,?,?)",
        " ON CONFLICT DO NOTHING RETURNING id",
    )
});

/// New heads of existing documents.
pub(super) static UPDATE_HEADS: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "UPDATE documents SET head_seq = moved.column2 FROM (VALUES ",
        "(?,?)",
        ") AS moved WHERE documents.id = moved.column1",
    )
});

/// Log rows.
pub(super) static INSERT_UPDATES: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO updates (document_id, seq, workspace_id, author, created_at_ms, bytes) VALUES ",
        "(?,?,?,?,?,?)",
        "",
    )
});

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
}
