//! Copies all rows of a database into an empty one, and sees that they have arrived.
//!
//! Invariant: the target gets everything in one transaction, which ends only after each table was read back and found to
//! hold what the source holds. Until then, and after any failure, it is as empty as before.

use super::cell::Digest;
use super::error::TransferError;
use super::schema::{self, Tables};
use super::side::Side;
use super::sqlite;
use super::table::Writing;

/// A table that was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
}

/// Copies everything that `source` holds at this moment.
///
/// # Errors
/// [`TransferError`]; nothing was written then.
pub(super) async fn copy(source: &mut Side, target: &mut Side) -> Result<Vec<CopiedTable>, TransferError> {
    let tables = source.schema().await?;
    let there = target.schema().await?;
    schema::compare(&tables, &there)?;
    source.begin_to_read().await?;
    target.begin_to_write().await?;
    empty(target, &tables).await?;
    let mut copied = Vec::new();
    for (table, columns) in &tables {
        let written_columns = there.get(table).map(|there| schema::aligned(columns, there));
        let written_columns = written_columns.unwrap_or_default();
        let mut writing = Writing::new(target, table, &written_columns);
        source.read(table, columns, &mut writing).await?;
        writing.flush().await?;
        let read: Digest = writing.digest;
        let written = target.digest(table, &written_columns).await?;
        if read != written {
            return Err(TransferError::Mismatch {
                table: table.clone(),
                read: read.rows,
                written: written.rows,
            });
        }
        tracing::info!(table = table.as_str(), rows = read.rows, "a table was copied");
        copied.push(CopiedTable {
            name: table.clone(),
            rows: read.rows,
        });
    }
    target.commit().await?;
    Ok(copied)
}

/// Sees that there is nothing but what the migrations themselves have written, and removes that.
async fn empty(target: &mut Side, tables: &Tables) -> Result<(), TransferError> {
    let mut fresh = Side::Sqlite(sqlite::fresh().await?);
    for table in tables.keys() {
        let rows = target.count(table).await?;
        if rows > fresh.count(table).await? {
            return Err(TransferError::NotEmpty {
                table: table.clone(),
                rows,
            });
        }
    }
    for table in tables.keys() {
        target.clear(table).await?;
    }
    fresh.close().await;
    Ok(())
}
