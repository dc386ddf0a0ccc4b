//! One document in memory: with `board` the only files of the server that touch `yrs`, besides those that read and write
//! rich text.
//!
//! Every call into `yrs` is guarded against unwinding, because its memory is only as sound as the bytes it was fed;
//! after [`ReplicaError::Poisoned`] the replica must be thrown away and built anew from the log.
//!
//! It must never see bytes that `weft_protocol::scan` has not passed, author a change of its own, or do I/O.

mod board;
mod past;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::board::LiveBoard;
pub(crate) use self::board::{Edited, NotEdited, Role};
use self::past::Past;
pub(crate) use self::past::Renewed;
use crate::content::{self, ContentError, Node};
use bytes::Bytes;
use weft_protocol::gate::{Gate, GateError, WaitingLimits};
use weft_protocol::scan::{UpdateFacts, UpdateLimits, document_nesting, scan_update};
use weft_protocol::teardown::delete_everything;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{ClientID, Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, TransactionMut, Update};

/// Stored updates that are applied in one transaction. It needs memory that grows with the square of their number where
/// one client made them.
const UPDATES_PER_TRANSACTION: usize = 256;
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
    /// Positions of updates of which a part waits now for what is missing. The delta has nothing of that part.
    pub(crate) waiting: Vec<usize>,
    /// Whether the delta has something that had waited: then whoever sent the batch has not sent all of it.
    pub(crate) released: bool,
    /// Positions of updates that would have made too much wait; nothing of them was taken.
    pub(crate) refused: Vec<usize>,
}

/// A document, with what can be asked of it more than once kept until the next change.
pub(crate) struct Replica {
    doc: Doc,
    /// Holds back what the document cannot take yet, so that `yrs` never has to.
    gate: Gate,
    /// Answers to state vectors since the last change: encoded once, shared by everybody who joins.
    shared_diffs: Vec<(Bytes, Bytes)>,
    /// No shared type is nested deeper than this.
    nesting_bound: u32,
    /// What is shown of it, if it is a board.
    board: Option<LiveBoard>,
    /// What it was before it was last made anew.
    past: Past,
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
    /// The document that `updates` make, in any order; if one of them is a renewal, that and those behind it. Of what is added later at most `waiting` may wait for missing
    /// updates; what is stored already is never too much.
    ///
    /// # Errors
    /// [`ReplicaError`] if the bytes do not decode or make `yrs` fail.
    pub(crate) fn build(updates: &[Bytes], waiting: WaitingLimits, role: Role) -> Result<Self, ReplicaError> {
        let (past, updates) = Past::split(updates)?;
        let waiting = WaitingLimits {
            max_updates: waiting.max_updates.max(updates.len()),
            max_bytes: waiting.max_bytes.max(updates.iter().map(Bytes::len).sum()),
        };
        let mut options = Options {
            // Yjs counts in UTF-16 code units, and a server that tidied formatting would be an author.
            offset_kind: OffsetKind::Utf16,
            cleanup_formatting: false,
            ..Options::default()
        };
        if let Role::Board { client } = role {
            options.client_id = ClientID::new(client);
        }
        let mut replica = Self {
            doc: Doc::with_options(options),
            gate: Gate::new(waiting),
            shared_diffs: Vec::new(),
            nesting_bound: 0,
            board: None,
            past,
        };
        for update in &updates {
            // What is stored was scanned when it came; disks forget, and yrs would not survive what they make of it.
            let facts =
                scan_update(update, &UpdateLimits::trusted_state()).map_err(|_| ReplicaError::Malformed)?;
            replica.nesting_bound = replica.nesting_with(&facts);
        }
        for chunk in updates.chunks(UPDATES_PER_TRANSACTION) {
            guarded(|| replica.load(chunk))?;
        }
        if let Role::Board { .. } = role {
            replica.board = Some(guarded(|| Ok(LiveBoard::of(&replica.doc)))?);
        }
        Ok(replica)
    }

    /// Applies `updates` as one transaction.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn apply<'a>(
        &mut self,
        updates: impl IntoIterator<Item = &'a Bytes>,
    ) -> Result<Applied, ReplicaError> {
        let applied = guarded(|| self.integrate(updates))?;
        if applied.delta.is_some() {
            self.shared_diffs.clear();
        }
        Ok(applied)
    }

    /// The updates that wait for missing ones. They are part of the document, but of no diff.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &[u8]> {
        self.gate.waiting()
    }

    /// Everything that is not in `state_vector`, with all deletions, without what waits.
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

    /// Whether nothing was ever written.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn is_empty(&self) -> Result<bool, ReplicaError> {
        guarded(|| Ok(self.doc.transact().state_vector().is_empty()))
    }

    /// State vector and deletions, encoded: equal exactly where documents are.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn snapshot(&self) -> Result<Vec<u8>, ReplicaError> {
        guarded(|| {
            let transaction = self.doc.transact();
            let mut clocks: Vec<_> = transaction
                .state_vector()
                .iter()
                .map(|(client, clock)| (client.get(), *clock))
                .collect();
            clocks.sort_unstable();
            let mut encoded: Vec<u8> = Vec::with_capacity(clocks.len() * 12);
            for (client, clock) in clocks {
                encoded.extend(client.to_le_bytes());
                encoded.extend(clock.to_le_bytes());
            }
            encoded.extend(transaction.snapshot().delete_set.encode_v1());
            Ok(encoded)
        })
    }

    /// The rich text that `field` holds.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`]; inside, that it holds none.
    pub(crate) fn read_content(&self, field: &str) -> Result<Result<Node, ContentError>, ReplicaError> {
        guarded(|| Ok(content::read(&self.doc.transact(), field)))
    }

    /// Changes the document by a transaction of the server's own, and returns the delta if there is one.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`]; inside, that `change` refused, having changed nothing.
    pub(crate) fn change(
        &mut self,
        change: impl FnOnce(&mut TransactionMut<'_>) -> Result<(), ContentError>,
    ) -> Result<Result<Option<Bytes>, ContentError>, ReplicaError> {
        let changed = guarded(|| {
            let mut transaction = self.doc.transact_mut();
            if let Err(error) = change(&mut transaction) {
                return Ok(Err(error));
            }
            Ok(Ok(delta(&transaction)))
        })?;
        if let Ok(delta) = &changed {
            self.made(delta.as_ref())?;
        }
        Ok(changed)
    }

    /// Takes note of a change that the server has made.
    fn made(&mut self, delta: Option<&Bytes>) -> Result<(), ReplicaError> {
        let Some(delta) = delta else {
            return Ok(());
        };
        self.shared_diffs.clear();
        let facts = scan_update(delta, &UpdateLimits::trusted_state()).map_err(|_| ReplicaError::Poisoned)?;
        self.nesting_bound = self.nesting_with(&facts);
        Ok(())
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

    /// Whether shared types would still be nested at most `limit` deep after an update with these `facts`. The exact
    /// depth is only measured when the sum of what was added could exceed it.
    ///
    /// # Errors
    /// [`ReplicaError::Poisoned`].
    pub(crate) fn admits_nesting(&mut self, facts: &UpdateFacts, limit: u32) -> Result<bool, ReplicaError> {
        if facts.nesting == 0 {
            return Ok(true);
        }
        if self.nesting_with(facts) > limit {
            self.measure_nesting()?;
        }
        let nesting = self.nesting_with(facts);
        if nesting <= limit {
            self.nesting_bound = nesting;
        }
        Ok(nesting <= limit)
    }

    fn nesting_with(&self, facts: &UpdateFacts) -> u32 {
        if facts.grafts {
            self.nesting_bound.saturating_add(facts.nesting)
        } else {
            self.nesting_bound.max(facts.nesting)
        }
    }

    fn measure_nesting(&mut self) -> Result<(), ReplicaError> {
        let state = self.diff(&empty_state_vector())?;
        self.nesting_bound = document_nesting(&state).map_err(|_| ReplicaError::Poisoned)?;
        Ok(())
    }

    fn integrate<'a>(
        &mut self,
        updates: impl IntoIterator<Item = &'a Bytes>,
    ) -> Result<Applied, ReplicaError> {
        let mut transaction = self.doc.transact_mut();
        let mut applied = admit(&mut self.gate, &mut transaction, updates)?;
        applied.delta = delta(&transaction);
        transaction.commit();
        drop(transaction);
        // The log takes nothing that could not be loaded again.
        match &applied.delta {
            Some(delta) if scan_update(delta, &UpdateLimits::trusted_state()).is_err() => {
                Err(ReplicaError::Poisoned)
            }
            _ => Ok(applied),
        }
    }

    /// Takes in what is stored: nobody has to be told what it changes, which would be encoding all of it once more.
    fn load(&mut self, updates: &[Bytes]) -> Result<(), ReplicaError> {
        let mut transaction = self.doc.transact_mut();
        admit(&mut self.gate, &mut transaction, updates)?;
        transaction.commit();
        Ok(())
    }

    fn free(&self) -> Result<(), ReplicaError> {
        let transaction = self.doc.transact();
        if transaction.subdoc_guids().next().is_none() {
            return Ok(());
        }
        let state_vector = transaction.state_vector().encode_v1();
        drop(transaction);
        let deletion = delete_everything(&state_vector).map_err(|_| ReplicaError::Poisoned)?;
        integrate_part(&mut self.doc.transact_mut(), &deletion)
    }
}

impl Drop for Replica {
    /// A document with subdocuments holds itself, and would never be freed.
    fn drop(&mut self) {
        if guarded(|| self.free()).is_err() {
            tracing::warn!("a document that failed was not freed");
        }
    }
}

/// Applies of `updates` what the gate lets through.
fn admit<'a>(
    gate: &mut Gate,
    transaction: &mut TransactionMut<'_>,
    updates: impl IntoIterator<Item = &'a Bytes>,
) -> Result<Applied, ReplicaError> {
    let mut applied = Applied::default();
    for (position, update) in updates.into_iter().enumerate() {
        let held = gate.ever_held();
        match gate.admit(update, || transaction.state_vector().encode_v1()) {
            Ok(admitted) => {
                applied.released |= admitted.len() > 1;
                admitted
                    .iter()
                    .try_for_each(|part| integrate_part(transaction, part))?;
            }
            Err(GateError::TooMuchWaiting) => applied.refused.push(position),
            Err(GateError::Scan(_)) => return Err(ReplicaError::Poisoned),
        }
        if gate.ever_held() != held {
            applied.waiting.push(position);
        }
    }
    Ok(applied)
}

/// What `transaction` has changed so far. To be asked before the commit, which joins new text to what its author wrote
/// before: cutting it off again would cost time that grows with the document.
fn delta(transaction: &TransactionMut<'_>) -> Option<Bytes> {
    let has_changes = transaction.has_changes();
    has_changes.then(|| Bytes::from(transaction.encode_update_v1()))
}

fn integrate_part(transaction: &mut TransactionMut<'_>, part: &[u8]) -> Result<(), ReplicaError> {
    // A part before this one may have changed the document, so even bytes that do not decode spoil it.
    let update = Update::decode_v1(part).map_err(|_| ReplicaError::Poisoned)?;
    transaction
        .apply_update(update)
        .map_err(|_| ReplicaError::Poisoned)
}

/// The state vector of an empty document.
pub(crate) fn empty_state_vector() -> Bytes {
    Bytes::from_static(&[0])
}

/// Runs `call`, turning an unwinding panic into [`ReplicaError::Poisoned`].
fn guarded<T>(call: impl FnOnce() -> Result<T, ReplicaError>) -> Result<T, ReplicaError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(ReplicaError::Poisoned))
}
