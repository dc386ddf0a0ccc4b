//! The connection of a log's commit, of either database, for what is written the same way on both.
//!
//! It begins and ends no transaction: that is the writer's.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

use crate::pieces::{Family, pieces};
use crate::records::row::Row;
use crate::records::value::{Value, bind};

/// A connection in the middle of a transaction.
pub(crate) enum Connection<'c> {
    /// Of the embedded database.
    Sqlite(&'c mut SqliteConnection),
    /// Of a Postgres server.
    Postgres(&'c mut PgConnection),
}

/// Statements about rows that are named by their keys, for each database as it finds them by an index: SQLite looks up the
/// terms of an `OR` one by one and would read the whole table for `IN (VALUES …)`, Postgres joins the list.
pub(super) struct Keyed {
    sqlite: Family,
    postgres: Family,
}

impl Keyed {
    /// `before`, the condition that the columns have the values of one of the rows, and `after`.
    pub(super) fn new(before: &str, columns: &[&str], after: &str) -> Self {
        Self::locking(before, columns, after, "")
    }

    /// The same with words at the end that lock on Postgres. SQLite has one writer.
    pub(super) fn locking(before: &str, columns: &[&str], after: &str, lock: &str) -> Self {
        let equal = columns.join(" = ? AND ");
        let list = format!("{before} WHERE ({}) IN (VALUES ", columns.join(", "));
        let values = format!("({})", vec!["?"; columns.len()].join(","));
        Self {
            sqlite: Family::joined(
                &format!("{before} WHERE "),
                (&format!("({equal} = ?)"), " OR "),
                after,
            ),
            postgres: Family::new(&list, &values, &format!("){after}{lock}")),
        }
    }
}

impl Connection<'_> {
    /// Runs the statement for a piece of `rows` rows; how many rows it changed.
    async fn execute(
        &mut self,
        family: &Family,
        rows: usize,
        values: Vec<Value>,
    ) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(connection) => bind!(sqlx::query(family.marked(rows)), values)
                .execute(&mut **connection)
                .await?
                .rows_affected(),
            Self::Postgres(connection) => bind!(sqlx::query(family.numbered(rows)), values)
                .execute(&mut **connection)
                .await?
                .rows_affected(),
        })
    }

    /// The rows of the statement for a piece of `rows` rows.
    async fn rows(
        &mut self,
        family: &Family,
        rows: usize,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(connection) => {
                let query = bind!(sqlx::query(family.marked(rows)), values);
                let found = query.fetch_all(&mut **connection).await?;
                found.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(connection) => {
                let query = bind!(sqlx::query(family.numbered(rows)), values);
                let found = query.fetch_all(&mut **connection).await?;
                found.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Runs a statement for all items, piece by piece; how many rows that changed.
    pub(super) async fn execute_all<T: Sync>(
        &mut self,
        family: &Family,
        items: &[T],
        values: impl Fn(&T, &mut Vec<Value>) + Send,
    ) -> Result<u64, sqlx::Error> {
        let mut changed = 0;
        for piece in pieces(items) {
            let values = collect(piece, &values);
            changed += self.execute(family, piece.len(), values).await?;
        }
        Ok(changed)
    }

    /// The rows of a statement for all items, piece by piece.
    pub(super) async fn rows_of_all<T: Sync>(
        &mut self,
        family: &Family,
        items: &[T],
        values: impl Fn(&T, &mut Vec<Value>) + Send,
    ) -> Result<Vec<Row>, sqlx::Error> {
        let mut rows = Vec::new();
        for piece in pieces(items) {
            let values = collect(piece, &values);
            rows.extend(self.rows(family, piece.len(), values).await?);
        }
        Ok(rows)
    }

    /// Runs a statement about the rows with these keys; how many rows that changed.
    pub(super) async fn execute_keyed<T: Sync>(
        &mut self,
        keyed: &Keyed,
        items: &[T],
        values: impl Fn(&T, &mut Vec<Value>) + Send,
    ) -> Result<u64, sqlx::Error> {
        self.execute_all(self.family(keyed), items, values).await
    }

    /// The rows of a statement about the rows with these keys.
    pub(super) async fn rows_keyed<T: Sync>(
        &mut self,
        keyed: &Keyed,
        items: &[T],
        values: impl Fn(&T, &mut Vec<Value>) + Send,
    ) -> Result<Vec<Row>, sqlx::Error> {
        self.rows_of_all(self.family(keyed), items, values).await
    }

    fn family<'f>(&self, keyed: &'f Keyed) -> &'f Family {
        match self {
            Self::Sqlite(_) => &keyed.sqlite,
            Self::Postgres(_) => &keyed.postgres,
        }
    }
}

fn collect<T>(piece: &[T], values: &impl Fn(&T, &mut Vec<Value>)) -> Vec<Value> {
    let mut all = Vec::new();
    for item in piece {
        values(item, &mut all);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_looked_up_as_each_database_does_it_by_an_index() {
        let keyed = Keyed::locking("SELECT c FROM t", &["a", "b"], " ORDER BY a", " FOR SHARE");
        assert_eq!(
            &*keyed.sqlite.marked(2).0,
            "SELECT c FROM t WHERE (a = ? AND b = ?) OR (a = ? AND b = ?) ORDER BY a"
        );
        assert_eq!(
            &*keyed.postgres.numbered(2).0,
            "SELECT c FROM t WHERE (a, b) IN (VALUES ($1,$2),($3,$4)) ORDER BY a FOR SHARE"
        );
    }
}
