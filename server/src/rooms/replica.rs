//! One document in memory: the only file of the server that touches `yrs`.
//!
//! Every call into `yrs` is guarded against unwinding, because its memory is only as sound as the bytes it was fed;
//! after [`ReplicaError::Poisoned`] the replica must be thrown away and built anew from the log.
//!
//! It must never see bytes that `weft_protocol::scan` has not passed, author a change of its own, or do I/O.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use weft_protocol::scan::document_nesting;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, Update, WriteTxn};

/// How many different state vectors get an answer that is kept until the next change.
const SHARED_DIFFS: usize = 8;

/// Why the document in memory could not do what it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReplicaError {
    /// `yrs` unwound: the document in memory may be in any state and must not be used any more.
    #[error("the document in memory failed while it was changed or read")]
    Poisoned,
    /// The bytes do not decode; the document is as it was.
    #[error("the bytes are no update or state vector")]
    Malformed,
}

/// What a batch of updates did.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// What the batch changed, as one update; `None` if it changed nothing.
    pub(crate) delta: Option<Bytes>,
    /// Whether the set of structs that wait for missing ones is different from before.
    pub(crate) waiting_changed: bool,
    /// The size of the structs that still wait, in bytes.
    pub(crate) waiting_bytes: usize,
}

/// A document, with what can be asked of it more than once kept until the next change.
pub(crate) struct Replica {
    doc: Doc,
    /// Answers to state vectors since the last change: encoded once, shared by everybody who joins.
    shared_diffs: Vec<(Bytes, Bytes)>,
    /// The encoded waiting structs, empty when none wait.
    waiting: Vec<u8>,
    /// No shared type is nested deeper than this.
    nesting_bound: u32,
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Replica")
            .field("nesting_bound", &self.nesting_bound)
            .finish_non_exhaustive()
    }
}

impl Replica {
    /// The document that `updates` make, in any order.
    ///
    /// # Errors
    /// [`ReplicaError`] if the bytes do not decode or make `yrs` fail.
    pub(crate) fn build<'a>(updates: impl IntoIterator<Item = &'a Bytes>) -> Result<Self, ReplicaError> {
        let mut replica = Self {
            doc: Doc::with_options(Options {
                // Yjs counts in UTF-16 code units, and a server that tidied formatting would be an author.
                offset_kind: OffsetKind::Utf16,
                cleanup_formatting: false,
                ..Options::default()
            }),
            shared_diffs: Vec::new(),
            waiting: Vec::new(),
            nesting_bound: 0,
        };
        guarded(|| replica.integrate(updates).map(drop))?;
        replica.waiting = guarded(|| Ok(replica.encode_waiting()))?;
        replica.measure_nesting()?;
        Ok(replica)
    }

    /// Applies `updates` as one transaction.
    ///
    /// # Errors
    /// [`ReplicaError::Malformed`] if one does not decode: then nothing has changed. [`ReplicaError::Poisoned`].
    pub(crate) fn apply<'a>(
        &mut self,
        updates: impl IntoIterator<Item = &'a Bytes>,
    ) -> Result<Applied, ReplicaError> {
        let delta = guarded(|| self.integrate(updates))?;
        if delta.is_some() {
            self.shared_diffs.clear();
        }
        let waiting_changed = self.refresh_waiting()?;
        if waiting_changed {
            self.shared_diffs.clear();
        }
        Ok(Applied {
            delta,
            waiting_changed,
            waiting_bytes: self.waiting.len(),
        })
    }

    /// Everything that is not in `state_vector`, including structs that still wait and all deletions.
    ///
    /// # Errors
    /// [`ReplicaError::Malformed`] if it is no state vector; [`ReplicaError::Poisoned`].
    pub(crate) fn diff(&mut self, state_vector: &Bytes) -> Result<Bytes, ReplicaError> {
        if let Some((_, diff)) = self.shared_diffs.iter().find(|(known, _)| known == state_vector) {
            return Ok(diff.clone());
        }
        let diff = guarded(|| {
            let since = StateVector::decode_v1(state_vector).map_err(|_| ReplicaError::Malformed)?;
            Ok(Bytes::from(self.doc.transact().encode_state_as_update_v1(&since)))
        })?;
        if self.shared_diffs.len() == SHARED_DIFFS {
            self.shared_diffs.remove(0);
        }
        self.shared_diffs.push((state_vector.clone(), diff.clone()));
        Ok(diff)
    }

    /// The size of the whole document as one update, in bytes.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn encoded_len(&mut self) -> Result<usize, ReplicaError> {
        Ok(self.diff(&empty_state_vector())?.len())
    }

    /// The encoded state vector.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn state_vector(&self) -> Result<Bytes, ReplicaError> {
        guarded(|| Ok(Bytes::from(self.doc.transact().state_vector().encode_v1())))
    }

    /// Whether `update` has anything that the document lacks, found out without applying it.
    ///
    /// # Errors
    /// [`ReplicaError::Malformed`]; [`ReplicaError::Poisoned`].
    pub(crate) fn has_news(&self, update: &[u8]) -> Result<bool, ReplicaError> {
        guarded(|| {
            let update = Update::decode_v1(update).map_err(|_| ReplicaError::Malformed)?;
            let known = self.doc.transact().snapshot();
            let newer = update
                .state_vector()
                .iter()
                .any(|(client, clock)| known.state_map.get(client) < *clock);
            Ok(newer || !update.delete_set().diff(&known.delete_set).is_empty())
        })
    }

    /// Forgets all structs that wait for missing ones.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn forget_waiting(&mut self) -> Result<(), ReplicaError> {
        guarded(|| {
            self.doc.transact_mut().prune_pending();
            Ok(())
        })?;
        self.waiting.clear();
        self.shared_diffs.clear();
        Ok(())
    }

    /// Whether shared types would still be nested at most `limit` deep after an update whose own longest chain of
    /// them is `nesting` long. The exact depth is only measured when the sum of what was added could exceed it.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn admits_nesting(&mut self, nesting: u32, limit: u32) -> Result<bool, ReplicaError> {
        if nesting == 0 {
            return Ok(true);
        }
        if self.nesting_bound.saturating_add(nesting) > limit {
            self.measure_nesting()?;
        }
        if self.nesting_bound.saturating_add(nesting) > limit {
            return Ok(false);
        }
        self.nesting_bound += nesting;
        Ok(true)
    }

    fn measure_nesting(&mut self) -> Result<(), ReplicaError> {
        let state = self.diff(&empty_state_vector())?;
        self.nesting_bound = document_nesting(&state).map_err(|_| ReplicaError::Poisoned)?;
        Ok(())
    }

    fn integrate<'a>(
        &self,
        updates: impl IntoIterator<Item = &'a Bytes>,
    ) -> Result<Option<Bytes>, ReplicaError> {
        let decoded: Result<Vec<_>, _> = updates
            .into_iter()
            .map(|update| Update::decode_v1(update))
            .collect();
        let mut transaction = self.doc.transact_mut();
        for update in decoded.map_err(|_| ReplicaError::Malformed)? {
            transaction
                .apply_update(update)
                .map_err(|_| ReplicaError::Poisoned)?;
        }
        transaction.commit();
        Ok(transaction
            .has_changes()
            .then(|| Bytes::from(transaction.encode_update_v1())))
    }

    /// Encodes what waits now, and says whether it is different from before.
    fn refresh_waiting(&mut self) -> Result<bool, ReplicaError> {
        let waiting = guarded(|| Ok(self.encode_waiting()))?;
        let changed = waiting != self.waiting;
        self.waiting = waiting;
        Ok(changed)
    }

    fn encode_waiting(&self) -> Vec<u8> {
        let transaction = self.doc.transact();
        let mut encoded = Vec::new();
        if let Some(pending) = transaction.store().pending_update() {
            encoded = pending.update.encode_v1();
        }
        if let Some(deletions) = transaction.store().pending_ds() {
            encoded.extend(deletions.encode_v1());
        }
        encoded
    }
}

/// The state vector of an empty document.
pub(crate) fn empty_state_vector() -> Bytes {
    Bytes::from_static(&[0])
}

/// Runs `call`, turning an unwinding panic into [`ReplicaError::Poisoned`].
fn guarded<T>(call: impl FnOnce() -> Result<T, ReplicaError>) -> Result<T, ReplicaError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(ReplicaError::Poisoned))
}
