//! A board as it stood at one moment, read outside of its room: whoever copies or exports thousands of cards must not
//! keep those waiting who work on them.
//!
//! What a room gives out as an update is read here like a stored document. It must never be written to.

use std::collections::BTreeMap;

use bytes::Bytes;
use weft_protocol::board::{Board, CardId};
use weft_protocol::gate::WaitingLimits;

use super::replica::{Replica, ReplicaError, Role};
use crate::content::Node;

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
        // Nothing is written, so nobody writes under this id.
        let replica = Replica::build(&[update], waiting, Role::Board { client: 1 })?;
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
