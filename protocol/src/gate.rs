//! Holds back what a document cannot take yet.
//!
//! Updates may come out of order, or without what they build on: an offline client's edits, a message that got lost
//! with a crash elsewhere. `yrs` can hold such blocks back by itself, but its ways to do so (gaps in a client's blocks,
//! pending updates) corrupt memory even for honest updates. So it gets only what follows from what it has, and the
//! rest waits here, as bytes, until the missing part comes.
//!
//! Invariant: what [`Gate::admit`] returns, applied in order, refers to nothing that is missing, so `yrs` never has
//! anything pending and its state never has gaps. Nothing waits twice, and no more waits than the limits allow.
//! What waits is part of the document: whoever stores or sends the whole state adds [`Gate::waiting`], and admits
//! it again after loading.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::lib0::{DecodeError, Reader};
use crate::scan::{ScanError, Split, scan_state_vector, split};

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingLimits {
    /// Updates.
    pub max_updates: usize,
    /// Bytes of all of them.
    pub max_bytes: usize,
}

impl Default for WaitingLimits {
    /// 1,000 updates, 4 MiB.
    fn default() -> Self {
        Self {
            max_updates: 1_000,
            max_bytes: 4 << 20,
        }
    }
}

/// Why an update is not admitted. Nothing of it may be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The update, or the state vector of the document, breaks a rule of structure.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// More would wait than [`WaitingLimits`] allow.
    #[error("too much waits for missing edits")]
    TooMuchWaiting,
}

/// An update that waits.
#[derive(Debug)]
struct Held {
    update: Vec<u8>,
    missing: Vec<(u64, u32)>,
}

/// The gate in front of one document.
#[derive(Debug, Default)]
pub struct Gate {
    /// Up to where the document has everything of a client; never more than the truth, often as much.
    known: HashMap<u64, u32>,
    held: Vec<Held>,
    held_bytes: usize,
    /// How many updates had to wait so far.
    ever_held: u64,
    limits: WaitingLimits,
}

impl Gate {
    /// A gate in front of a document about which nothing is known yet, and where nothing waits.
    pub fn new(limits: WaitingLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Takes an update that has passed the scan and returns what the document can take now, in this order: the ready
    /// part of it, then whatever had waited for that. Empty if all of it has to wait. Usually it is the update alone,
    /// uncopied.
    ///
    /// `state_vector` encodes the state vector of the document as it is now, with everything applied that was admitted
    /// before. It is called only if something seems to be missing.
    ///
    /// The caller applies all of it before it admits the next update. If `yrs` refuses one of them (it may have applied
    /// the beginning of that one), the caller calls [`Gate::forget`] and admits those behind it again.
    ///
    /// # Errors
    /// [`GateError`]; then nothing has changed here.
    pub fn admit<'a>(
        &mut self,
        update: &'a [u8],
        state_vector: impl FnOnce() -> Vec<u8>,
    ) -> Result<Vec<Cow<'a, [u8]>>, GateError> {
        let mut parts = split(update, |client| self.clock(client))?;
        if parts.waiting.is_some() {
            self.learn(&state_vector())?;
            parts = split(update, |client| self.clock(client))?;
        }
        let Split {
            ready,
            waiting,
            reached,
            missing,
        } = parts;
        self.hold(waiting, missing)?;
        self.reach(&reached);
        let mut admitted: Vec<Cow<'a, [u8]>> = ready.into_iter().collect();
        if !self.held.is_empty() && !reached.is_empty() {
            self.release(&mut admitted)?;
        }
        Ok(admitted)
    }

    /// Forgets what the document was believed to have, because applying an admitted update failed. What waits, waits.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// Whether anything waits.
    pub fn is_waiting(&self) -> bool {
        !self.held.is_empty()
    }

    /// The updates that wait, each a valid one of its own.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.held.iter().map(|held| held.update.as_slice())
    }

    /// How many updates had to wait, ever: if [`Gate::admit`] makes it grow, part of that update waits now and did not
    /// before.
    pub fn ever_held(&self) -> u64 {
        self.ever_held
    }

    /// The bytes that wait.
    pub fn waiting_bytes(&self) -> usize {
        self.held_bytes
    }

    fn clock(&self, client: u64) -> u32 {
        self.known.get(&client).copied().unwrap_or_default()
    }

    fn reach(&mut self, reached: &[(u64, u32)]) {
        for (client, clock) in reached {
            let known = self.known.entry(*client).or_default();
            *known = (*known).max(*clock);
        }
    }

    fn learn(&mut self, state_vector: &[u8]) -> Result<(), ScanError> {
        scan_state_vector(state_vector, usize::MAX)?;
        let mut reader = Reader::new(state_vector);
        self.known.clear();
        for _ in 0..reader.var_uint()? {
            let client = reader.var_uint()?;
            let clock = u32::try_from(reader.var_uint()?).map_err(|_| DecodeError::IntegerTooLarge)?;
            self.known.insert(client, clock);
        }
        Ok(())
    }

    fn hold(&mut self, waiting: Option<Vec<u8>>, missing: Vec<(u64, u32)>) -> Result<(), GateError> {
        let Some(update) = waiting else {
            return Ok(());
        };
        // A client that reconnects sends everything again.
        if self.held.iter().any(|held| held.update == update) {
            return Ok(());
        }
        let bytes = self.held_bytes + update.len();
        if self.held.len() >= self.limits.max_updates || bytes > self.limits.max_bytes {
            return Err(GateError::TooMuchWaiting);
        }
        self.held_bytes = bytes;
        self.ever_held += 1;
        self.held.push(Held { update, missing });
        Ok(())
    }

    /// Lets out what waits no longer; that may let out more.
    fn release(&mut self, admitted: &mut Vec<Cow<'_, [u8]>>) -> Result<(), GateError> {
        let has_come = |gate: &Self, held: &Held| {
            held.missing
                .iter()
                .any(|(client, clock)| gate.clock(*client) > *clock)
        };
        while let Some(at) = self.held.iter().position(|held| has_come(self, held)) {
            let held = self.held.swap_remove(at);
            self.held_bytes -= held.update.len();
            let Split {
                ready,
                waiting,
                reached,
                missing,
            } = split(&held.update, |client| self.clock(client))?;
            admitted.extend(ready.map(|ready| Cow::Owned(ready.into_owned())));
            self.reach(&reached);
            if let Some(update) = waiting {
                self.held_bytes += update.len();
                self.held.push(Held { update, missing });
            }
        }
        Ok(())
    }
}
