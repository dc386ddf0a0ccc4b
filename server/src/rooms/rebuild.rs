//! Makes the rows of a board anew from its log, also while rooms of any node have it open.
//!
//! Invariant: rows are replaced only if the log still ends where it was read; otherwise it is read again. The log, the
//! identities and numbers of tasks, and events stay as they are.

use bytes::Bytes;
use weft_protocol::gate::WaitingLimits;
use weft_protocol::id::DocumentName;
use weft_storage::records::BoardAddress;
use weft_storage::{
    Projection, RowsReport, Seq, Storage, StorageError, StoredDocument, read_board_rows, replace_board_rows,
};

use super::projector::whole;
use super::replica::{Replica, ReplicaError, Role};

/// How often a board is read again because somebody has written to it meanwhile.
const ATTEMPTS: usize = 16;
/// A board to which nothing is written.
const NOBODYS: Role = Role::Board { client: 1 };

/// What became of the rows of one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RebuiltRows {
    /// They are those of the board now; what had to be changed for that.
    Right(RowsReport),
    /// There is no such board any more.
    Gone,
    /// They stay as they were, and why.
    Left(String),
}

/// Makes the rows of `board` what its document shows.
///
/// # Errors
/// A failure of the storage that is not about this board alone.
pub(crate) async fn rebuild_rows(
    storage: &Storage,
    board: BoardAddress,
) -> Result<RebuiltRows, StorageError> {
    // In the log a board is called by its id.
    let Ok(name) = DocumentName::parse(&board.board_id.to_string()) else {
        return Ok(RebuiltRows::Gone);
    };
    for _ in 0..ATTEMPTS {
        let stored = match storage.log().load(board.workspace, &name).await {
            Err(error) if error.is_damage() => {
                return Ok(RebuiltRows::Left(format!("{error}; run `weft rebuild` first")));
            }
            stored => stored?,
        };
        let head = stored.as_ref().map_or(Seq::ZERO, |stored| stored.head);
        // Thousands of cards take a while, and what fails inside of it fails there.
        let shown = tokio::task::spawn_blocking(move || rows_of(stored)).await;
        let Ok(Ok(rows)) = shown else {
            let why = "its document does not load; run `weft rebuild` first";
            return Ok(RebuiltRows::Left(why.to_owned()));
        };
        match replace_board_rows(storage, board, head, rows).await {
            Ok(Some(report)) => return Ok(RebuiltRows::Right(report)),
            Ok(None) => {}
            Err(error @ StorageError::TooLarge { .. }) => return Ok(RebuiltRows::Left(error.to_string())),
            Err(error) => return Err(error),
        }
        if read_board_rows(storage, board).await?.is_none() {
            return Ok(RebuiltRows::Gone);
        }
    }
    Ok(RebuiltRows::Left(
        "it is written to all the time; try again".to_owned(),
    ))
}

/// The rows of what is stored; none before the first edit.
fn rows_of(stored: Option<StoredDocument>) -> Result<Projection, ReplicaError> {
    let Some(stored) = stored else {
        return Ok(Projection::default());
    };
    let snapshot = stored.snapshot.map(|snapshot| snapshot.updates);
    let tail = stored.tail.into_iter().map(|row| row.bytes);
    let updates: Vec<Bytes> = snapshot.into_iter().flatten().chain(tail).collect();
    let replica = Replica::build(&updates, WaitingLimits::default(), NOBODYS)?;
    replica.board().map(whole).ok_or(ReplicaError::Malformed)
}
