//! A real CRDT replica, used after the measurement to check what a server delivered.
//!
//! Invariant: a replica says it is complete only if nothing waits for missing parts. It must never run while a
//! measurement does: applying updates would cost the swarm more than the server.

use yrs::updates::decoder::Decode;
use yrs::{Doc, GetString, ReadTxn, Transact, Update};

use crate::writer::ROOT;

const UPDATES_PER_TRANSACTION: usize = 256;

/// A document put together from updates.
#[derive(Debug)]
pub struct Replica {
    doc: Doc,
}

/// Why a replica could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// The bytes are no update.
    #[error("an update does not decode: {0}")]
    Decode(#[from] yrs::encoding::read::Error),
    /// The update contradicts the document.
    #[error("an update does not apply: {0}")]
    Apply(#[from] yrs::error::UpdateError),
    /// Edits wait for others that never came.
    #[error("edits wait for others that never came")]
    Incomplete,
}

impl Replica {
    /// Applies `updates`, some hundreds to a transaction.
    ///
    /// In one transaction, many appends of one client cost memory that grows with the square of their number.
    ///
    /// # Errors
    /// If an update is malformed, or if all of them together leave a gap.
    pub fn from_updates<B: AsRef<[u8]>>(updates: impl IntoIterator<Item = B>) -> Result<Self, ReplicaError> {
        let doc = Doc::new();
        let mut updates = updates.into_iter().peekable();
        while updates.peek().is_some() {
            let mut transaction = doc.transact_mut();
            for update in updates.by_ref().take(UPDATES_PER_TRANSACTION) {
                transaction.apply_update(Update::decode_v1(update.as_ref())?)?;
            }
        }
        let complete = doc.transact().store().pending_update().is_none();
        if complete {
            Ok(Self { doc })
        } else {
            Err(ReplicaError::Incomplete)
        }
    }

    /// The text that the writers wrote.
    #[must_use]
    pub fn text(&self) -> String {
        let text = self.doc.get_or_insert_text(ROOT);
        text.get_string(&self.doc.transact())
    }
}
