//! Copies committed pages from the write-ahead log into the database file, beside the writer.
//!
//! A checkpoint writes many pages and waits for the disk; done by the writer, as SQLite does by default, it would hold
//! up every append that comes meanwhile. Here it has a connection of its own and never blocks a commit. Durability
//! does not depend on it: a commit is safe as soon as it is in the write-ahead log.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// Pages after which a checkpoint is due, roughly 4 MiB.
const DUE_PAGES: usize = 1000;
/// Page size of the database.
const PAGE_BYTES: usize = 4096;

/// The writer's end: counts roughly what was written and calls for a checkpoint. Dropping it ends the task.
pub(super) struct Checkpointer {
    calls: mpsc::Sender<()>,
    pages: usize,
}

impl Checkpointer {
    /// Starts the task that checkpoints, on `connection`.
    pub(super) fn start(mut connection: SqliteConnection, tasks: &TaskTracker) -> Self {
        let (calls, mut called) = mpsc::channel(1);
        tasks.spawn(async move {
            while let Some(()) = called.recv().await {
                let checkpoint = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)")
                    .execute(&mut connection)
                    .await;
                if let Err(error) = checkpoint {
                    // The log keeps growing until the writer's own checkpoint, whose failure reaches callers.
                    tracing::warn!(%error, "a checkpoint failed");
                }
            }
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "the checkpointing connection did not close cleanly");
            }
        });
        Self { calls, pages: 0 }
    }

    /// Notes a commit of `rows` rows with `bytes` bytes.
    pub(super) fn note(&mut self, rows: usize, bytes: usize) {
        // A row touches about one page beside those that its bytes fill.
        self.pages += rows + bytes / PAGE_BYTES;
        if self.pages >= DUE_PAGES {
            self.pages = 0;
            // When the last call still waits, it serves for this one too.
            let _ = self.calls.try_send(());
        }
    }
}
