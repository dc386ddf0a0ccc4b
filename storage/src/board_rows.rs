//! The rows of one board as a whole: read back to be compared with its document, or put in place anew.
//!
//! Invariant: rows are replaced only if the board's log still ends where they were derived from. Identities, numbers and
//! events are left alone, and so is every row that is equal.

use crate::error::StorageError;
use crate::model::Seq;
use crate::projection::{Projection, RowsReplacement, limits};
use crate::records::BoardAddress;
use crate::storage::Storage;

/// Everything that the rows say about a board, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardRows {
    /// Where its log ended then.
    pub head: Seq,
    /// All tasks, entries and links, in the order of [`Projection::as_stored`], and nothing else.
    pub rows: Projection,
    /// Cards that are found by other people than their tasks have.
    pub strays: Vec<String>,
}

/// How many rows a rebuild has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowsReport {
    /// Tasks that were new or different.
    pub tasks: u64,
    /// Tasks that the board does not have.
    pub gone_tasks: u64,
    /// Columns, lanes, labels and fields that were new or different.
    pub entries: u64,
    /// Those that the board does not have.
    pub gone_entries: u64,
    /// Relations that were new or different.
    pub links: u64,
    /// Those that the board does not have.
    pub gone_links: u64,
    /// Cards that were found by other people than they have.
    pub strays: u64,
}

/// Reads all rows of a board. `None` if there is no such board.
///
/// # Errors
/// A failure of the storage.
pub async fn read_board_rows(
    storage: &Storage,
    board: BoardAddress,
) -> Result<Option<BoardRows>, StorageError> {
    let mut tx = storage.records().read().await?;
    let mut tenant = tx.workspace(board.workspace).await?;
    Ok(tenant.board_rows(board.board_id).await?)
}

/// Makes the rows of a board what `rows` says: all its tasks, entries and links at `head`, where events do not count.
/// `None` if the board's log has moved on or there is no such board: then nothing was changed.
///
/// # Errors
/// [`StorageError::TooLarge`], or a failure of the storage.
pub async fn replace_board_rows(
    storage: &Storage,
    board: BoardAddress,
    head: Seq,
    rows: Projection,
) -> Result<Option<RowsReport>, StorageError> {
    limits::check(&rows)?;
    let replacement = RowsReplacement { board, head, rows };
    storage.engine().writer.replace_rows(replacement).await
}
