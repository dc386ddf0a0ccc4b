//! What happens to rows while they are read.

use async_trait::async_trait;

use super::cell::{Cell, Cells, Digest};
use super::error::TransferError;
use super::schema::Column;
use super::side::Side;

/// Rows that are written together.
const BATCH_ROWS: usize = 1_000;
/// Bytes after which a batch is written, however few its rows are.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Takes rows one by one.
#[async_trait]
pub(super) trait RowSink: Send {
    /// Takes a row.
    async fn take(&mut self, row: Cells) -> Result<(), TransferError>;
}

/// Counts rows and looks at what they hold.
#[async_trait]
impl RowSink for Digest {
    async fn take(&mut self, row: Cells) -> Result<(), TransferError> {
        self.add(&row);
        Ok(())
    }
}

/// Writes rows to a table, in batches.
pub(super) struct Writing<'a> {
    pub(super) side: &'a mut Side,
    pub(super) table: &'a str,
    pub(super) columns: &'a [Column],
    pub(super) digest: Digest,
    batch: Vec<Cells>,
    bytes: usize,
}

impl<'a> Writing<'a> {
    pub(super) fn new(side: &'a mut Side, table: &'a str, columns: &'a [Column]) -> Self {
        Self {
            side,
            table,
            columns,
            digest: Digest::default(),
            batch: Vec::new(),
            bytes: 0,
        }
    }

    /// Writes what has not been written yet.
    pub(super) async fn flush(&mut self) -> Result<(), TransferError> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        self.side.write(self.table, self.columns, batch).await
    }
}

#[async_trait]
impl RowSink for Writing<'_> {
    async fn take(&mut self, row: Cells) -> Result<(), TransferError> {
        self.digest.add(&row);
        self.bytes += row.iter().map(Cell::size).sum::<usize>();
        self.batch.push(row);
        if self.batch.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.flush().await?;
        }
        Ok(())
    }
}
