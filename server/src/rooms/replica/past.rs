//! What a document was before it was made anew, and making it anew.
//!
//! Invariant: a document is made anew only as what it shows to the last attribute; otherwise it stays as it is.

use bytes::Bytes;
use weft_protocol::board::Board;
use weft_protocol::board::schema::root;
use weft_protocol::copy::copy_maps;
use weft_protocol::renewal::Renewal;
use yrs::updates::decoder::Decode;
use yrs::{ClientID, Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, Update};

use super::{Replica, ReplicaError, empty_state_vector, guarded};

/// A document is worth making anew if it is this many times as large as what it shows.
const OUTGROWN: usize = 4;
/// All roots of a board.
const ROOTS: [&str; 7] = [
    root::META,
    root::COLUMNS,
    root::LANES,
    root::LABELS,
    root::FIELDS,
    root::CARDS,
    root::LINKS,
];
/// So many clients are remembered; a document that more have written to stays as it is.
const MAX_RETIRED: usize = 200_000;

/// What is known of a document before it was last made anew.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// Where it was made anew; 0 if it never was.
    begins: u64,
    /// Who wrote before that, ascending.
    retired: Vec<u64>,
}

/// A document made anew: what is to be appended to its log.
#[derive(Debug)]
pub(crate) struct Renewed {
    /// The renewal.
    pub(crate) row: Bytes,
    /// The size of the document before and after, in bytes.
    pub(crate) sizes: (usize, usize),
}

impl Past {
    /// The past that `updates`, a stored document, tell of, and those of them that make it what it is.
    pub(super) fn split(updates: &[Bytes]) -> Result<(Self, Vec<Bytes>), ReplicaError> {
        let Some(at) = updates.iter().rposition(|update| Renewal::is_one(update)) else {
            return Ok((Self::default(), updates.to_vec()));
        };
        let (row, rest) = updates[at..].split_first().ok_or(ReplicaError::Malformed)?;
        let renewal = Renewal::parse(row)
            .ok()
            .flatten()
            .ok_or(ReplicaError::Malformed)?;
        let content = row.slice_ref(renewal.content);
        let past = Self {
            begins: renewal.place,
            retired: renewal.retired,
        };
        Ok((
            past,
            std::iter::once(content).chain(rest.iter().cloned()).collect(),
        ))
    }

    fn knows(&self, client: ClientID) -> bool {
        self.retired.binary_search(&client.get()).is_ok()
    }
}

impl Replica {
    /// The place in the log at which the document was last made anew; 0 if it never was.
    pub(crate) fn begins(&self) -> u64 {
        self.past.begins
    }

    /// Whether whoever has this state vector has the document from before it was made anew.
    ///
    /// # Errors
    /// [`ReplicaError::Malformed`] if it is no state vector; [`ReplicaError::Poisoned`].
    pub(crate) fn is_outdated(&self, state_vector: &[u8]) -> Result<bool, ReplicaError> {
        if self.past.retired.is_empty() {
            return Ok(false);
        }
        guarded(|| {
            let known = StateVector::decode_v1(state_vector).map_err(|_| ReplicaError::Malformed)?;
            Ok(known.iter().any(|(client, _)| self.past.knows(*client)))
        })
    }

    /// Whether `update`, which has passed the scan, has or deletes something from before the document was made anew.
    ///
    /// # Errors
    /// [`ReplicaError::Malformed`]; [`ReplicaError::Poisoned`].
    pub(crate) fn is_of_the_past(&self, update: &[u8]) -> Result<bool, ReplicaError> {
        if self.past.retired.is_empty() {
            return Ok(false);
        }
        guarded(|| {
            let update = Update::decode_v1(update).map_err(|_| ReplicaError::Malformed)?;
            let writes = update
                .state_vector()
                .iter()
                .any(|(client, _)| self.past.knows(*client));
            let deletes = update
                .delete_set()
                .iter()
                .any(|(client, _)| self.past.knows(*client));
            Ok(writes || deletes)
        })
    }

    /// Whether `client` has written to the document before it was made anew.
    pub(crate) fn is_retired(&self, client: u64) -> bool {
        self.past.knows(ClientID::new(client))
    }

    /// Whether `client` has ever written to the document.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn was_written_by(&self, client: u64) -> Result<bool, ReplicaError> {
        guarded(|| {
            let client = ClientID::new(client);
            let is_here = self.doc.transact().state_vector().contains_client(&client);
            Ok(is_here || self.past.knows(client))
        })
    }

    /// The board made anew at `place` by `client`, who has never written to it; `None` if it is not worth that, or if
    /// there is more to the document than a board.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn renewed(&mut self, place: u64, client: u64) -> Result<Option<Renewed>, ReplicaError> {
        let size = self.diff(&empty_state_vector())?.len();
        let Some(board) = self.board() else {
            return Ok(None);
        };
        let clients = guarded(|| Ok(self.doc.transact().state_vector()))?;
        if self.gate.is_waiting() || clients.len() + self.past.retired.len() > MAX_RETIRED {
            return Ok(None);
        }
        let content = guarded(|| Ok(self.copied(board, client)))?;
        let Some(content) = content.filter(|content| content.len().saturating_mul(OUTGROWN) <= size) else {
            return Ok(None);
        };
        let mut retired = self.past.retired.clone();
        retired.extend(clients.iter().map(|(client, _)| client.get()));
        retired.sort_unstable();
        retired.dedup();
        let renewal = Renewal {
            place,
            retired,
            content: &content,
        };
        Ok(Some(Renewed {
            row: renewal.encode().into(),
            sizes: (size, content.len()),
        }))
    }

    fn copied(&self, board: &Board, client: u64) -> Option<Vec<u8>> {
        let fresh = Doc::with_options(Options {
            client_id: ClientID::new(client),
            offset_kind: OffsetKind::Utf16,
            cleanup_formatting: false,
            ..Options::default()
        });
        let copied = copy_maps(&self.doc.transact(), &mut fresh.transact_mut(), &ROOTS);
        if let Err(error) = copied {
            tracing::debug!(%error, "a board cannot be made anew");
            return None;
        }
        // What is shown must not change by a hair.
        if Board::read(&fresh.transact()) != *board {
            tracing::warn!("a board made anew would not be what it was");
            return None;
        }
        Some(
            fresh
                .transact()
                .encode_state_as_update_v1(&StateVector::default()),
        )
    }
}
