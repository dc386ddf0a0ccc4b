//! Boards outside of their rooms: as they stood at one moment, and as they would be if they were made. Whoever copies,
//! exports or imports thousands of cards must not keep those waiting who work on them.
//!
//! What a room gives out as an update is read here like a stored document. Nothing that is written here leaves.

use std::collections::BTreeMap;

use bytes::Bytes;
use weft_protocol::board::{Board, CardId};
use weft_protocol::gate::WaitingLimits;

use super::replica::{Replica, ReplicaError, Role};
use crate::boards::Seed;
use crate::content::Node;

/// A board to which nothing is written that anybody will see.
const NOBODYS: Role = Role::Board { client: 1 };

/// How large the document of a board would be that begins with `seed`, in bytes. A seed for which there is no answer can
/// never be planted. Takes time in proportion to it.
///
/// # Errors
/// [`ReplicaError`] if it cannot be planted.
pub(crate) fn founded_bytes(seed: &Seed) -> Result<usize, ReplicaError> {
    let mut replica = Replica::build(&[], WaitingLimits::default(), NOBODYS)?;
    replica.found_board("trial", seed)?;
    replica.encoded_len()
}

/// A board at one moment.
#[derive(Debug)]
pub(crate) struct Still {
    /// The board.
    pub(crate) board: Board,
    /// The descriptions of cards that have one and are not deleted.
    pub(crate) descriptions: BTreeMap<CardId, Node>,
}

impl Still {
    /// What `update`, the whole of a document, shows. Takes time in proportion to it.
    ///
    /// # Errors
    /// [`ReplicaError`] if the bytes are no document.
    pub(crate) fn read(update: Bytes) -> Result<Self, ReplicaError> {
        let waiting = WaitingLimits {
            max_updates: 1,
            max_bytes: update.len(),
        };
        let replica = Replica::build(&[update], waiting, NOBODYS)?;
        let Some(board) = replica.board() else {
            return Err(ReplicaError::Malformed);
        };
        let mut descriptions = BTreeMap::new();
        for (id, _) in board.view.cards.iter().filter(|(_, card)| card.described) {
            // What holds no rich text is no description.
            if let Some(Ok(node)) = replica.read_description(id)? {
                descriptions.insert(id.clone(), node);
            }
        }
        Ok(Self {
            board: board.clone(),
            descriptions,
        })
    }
}
