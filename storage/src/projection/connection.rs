//! The connection of a log's commit, of either database, for what is written the same way on both.
//!
//! It begins and ends no transaction: that is the writer's.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

use crate::pieces::{Family, Sql, pieces};
use crate::records::row::Row;
use crate::records::value::{Value, bind};

/// A connection in the middle of a transaction.
pub(crate) enum Connection<'c> {
    /// Of the embedded database.
    Sqlite(&'c mut SqliteConnection),
    /// Of a Postgres server.
    Postgres(&'c mut PgConnection),
}

/// Statements that read rows and, where others could change them meanwhile, lock them.
pub(super) struct Locking {
    sqlite: Family,
    postgres: Family,
}

impl Locking {
    /// Like [`Family::new`], with the words that lock on Postgres. SQLite has one writer.
    pub(super) fn new(before: &str, group: &str, after: &str, lock: &str) -> Self {
        Self {
            sqlite: Family::new(before, group, after),
            postgres: Family::new(before, group, &format!("{after}{lock}")),
        }
    }
}

impl Connection<'_> {
    /// Runs a statement; how many rows it changed.
    async fn execute(&mut self, sql: Sql, values: Vec<Value>) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(connection) => bind!(sqlx::query(sql), values)
                .execute(&mut **connection)
                .await?
                .rows_affected(),
            Self::Postgres(connection) => bind!(sqlx::query(sql), values)
                .execute(&mut **connection)
                .await?
                .rows_affected(),
        })
    }

    /// The rows of a statement.
    async fn rows(&mut self, sql: Sql, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(connection) => {
                let found = bind!(sqlx::query(sql), values)
                    .fetch_all(&mut **connection)
                    .await?;
                found.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(connection) => {
                let found = bind!(sqlx::query(sql), values)
                    .fetch_all(&mut **connection)
                    .await?;
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
            changed += self.execute(family.of(piece.len()), values).await?;
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
            rows.extend(self.rows(family.of(piece.len()), values).await?);
        }
        Ok(rows)
    }

    /// The statements for this database.
    pub(super) fn family<'f>(&self, locking: &'f Locking) -> &'f Family {
        match self {
            Self::Sqlite(_) => &locking.sqlite,
            Self::Postgres(_) => &locking.postgres,
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
