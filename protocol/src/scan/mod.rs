//! The structural scan that stands between received bytes and `yrs`.
//!
//! `yrs` reads updates fast and trusts them: hostile ones make it allocate gigabytes, overflow the stack (which aborts
//! the process) or reach memory-unsafe code. So no byte from a client reaches it unseen. The scan walks an update or
//! a state vector once, in linear time, and lets through only what a Yjs client could have written:
//!
//! - every count and length is true: what it announces is really there, and nothing is left over at the end;
//! - integers keep their width (client ids below 2^53, clocks and lengths together below 2^31), text is UTF-8,
//!   embedded JSON is JSON;
//! - no client appears twice, no section, block or deleted range is empty, deleted ranges ascend without overlap;
//! - a block refers to its own client's past alone, never to itself or its future;
//! - kinds of blocks, parents, types and values are known, and `yrs` reads them exactly as Yjs writes them. That
//!   excludes moves and weak links (`yrs` lacks them here), and JSON content (kind 2) and XML hooks (type 5), which
//!   `yrs` reads with another length than Yjs writes: it would see a different update than the one scanned here;
//! - values, JSON and types do not nest deeper than the limits; clients, blocks, gaps and subdocuments are counted.
//!
//! **Skip blocks are allowed** from clients, up to [`UpdateLimits::max_skips`]. A Yjs client that waits for missing
//! edits answers step 1 with everything it has, and marks the gap with a Skip; refusing it would lock out an honest
//! client for good. The number is bounded because `yrs` recurses once for each of a run of Skips.
//!
//! Invariant: memory is proportional to the bytes that are really there, never to what they announce; nothing here
//! recurses. What the scan must never do is guess: what it does not know, it refuses.
//!
//! What it cannot see is the document. Whether references resolve, how deep the document is
//! ([`document_nesting`] tells), and how long the conflict resolution of `yrs` takes, remain with the caller.

mod block;
mod content;
mod nesting;
mod split;

use self::block::{Block, Kind, Place, Totals};
use self::nesting::Nesting;
pub(crate) use self::split::{Split, split};
use crate::lib0::{DecodeError, Reader};

/// Clocks, and clock + length, stay below this: `yrs` computes with 32 bits, in places signed.
const CLOCK_END: u64 = 1 << 31;

/// What one update may hold. The bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateLimits {
    /// Bytes of the whole update.
    pub max_bytes: usize,
    /// Clients with blocks: in the worst case the time that `yrs` needs grows with their square. Clients with nothing
    /// but deletions do not count: each step 2 names all there ever were.
    pub max_clients: usize,
    /// Blocks of all clients together. `yrs` needs some 200 bytes for one, however short it was on the wire.
    pub max_blocks: usize,
    /// Skip blocks, which stand for gaps, of all clients together.
    pub max_skips: usize,
    /// Subdocuments. `yrs` needs more than a kilobyte for one.
    pub max_subdocuments: usize,
    /// How deep arrays and maps may nest inside one value, and inside embedded JSON.
    pub max_any_depth: usize,
    /// How deep shared types may nest inside the update.
    pub max_type_nesting: u32,
}

impl Default for UpdateLimits {
    /// For updates from clients: 32 MiB, 10,000 clients, a million blocks, 512 gaps, 10,000 subdocuments, values of
    /// 32 levels, types of 100.
    fn default() -> Self {
        Self {
            max_bytes: 32 << 20,
            max_clients: 10_000,
            max_blocks: 1_000_000,
            max_skips: 512,
            max_subdocuments: 10_000,
            max_any_depth: 32,
            max_type_nesting: 100,
        }
    }
}

impl UpdateLimits {
    /// For states that this server wrote itself from updates which had passed: nothing is counted any more, but the
    /// structure is still checked.
    pub const fn trusted_state() -> Self {
        Self {
            max_bytes: usize::MAX,
            max_clients: usize::MAX,
            max_blocks: usize::MAX,
            max_skips: usize::MAX,
            max_subdocuments: usize::MAX,
            max_any_depth: 32,
            max_type_nesting: u32::MAX,
        }
    }
}

/// What the scan saw on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UpdateFacts {
    /// Blocks that carry something, so without the Skips.
    pub blocks: usize,
    /// Clients with blocks.
    pub clients: usize,
    /// Whether anything is deleted.
    pub has_deletions: bool,
    /// The longest chain of shared types, one inside the other, within this update: 0 without types, 1 if none is
    /// inside another one *of this update*.
    pub nesting: u32,
    /// Whether some type of this update may be inside one that was there before, so that `nesting` adds to the depth
    /// of the document. If not, all chains begin at a root of the document.
    pub grafts: bool,
}

impl UpdateFacts {
    /// Whether the update says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.blocks == 0 && !self.has_deletions
    }
}

/// Which rule an update or a state vector breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// The encoding is broken.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// More than [`UpdateLimits::max_bytes`].
    #[error("the update has too many bytes")]
    TooLarge,
    /// More than [`UpdateLimits::max_clients`].
    #[error("too many clients")]
    TooManyClients,
    /// More than [`UpdateLimits::max_blocks`].
    #[error("too many blocks")]
    TooManyBlocks,
    /// More than [`UpdateLimits::max_skips`].
    #[error("too many gaps")]
    TooManySkips,
    /// More than [`UpdateLimits::max_subdocuments`].
    #[error("too many subdocuments")]
    TooManySubdocuments,
    /// Something follows where the end should be.
    #[error("bytes are left over behind the end")]
    TrailingBytes,
    /// A client has two sections.
    #[error("a client appears twice")]
    DuplicateClient,
    /// A client's section without blocks.
    #[error("a client has no blocks")]
    EmptySection,
    /// A block of length 0.
    #[error("a block is empty")]
    EmptyBlock,
    /// A deleted range of length 0.
    #[error("a deleted range is empty")]
    EmptyRange,
    /// Deleted ranges that overlap or go back.
    #[error("deleted ranges are out of order")]
    UnorderedRanges,
    /// A clock, or a clock plus a length, of 2^31 or more.
    #[error("a clock is too large")]
    ClockTooLarge,
    /// A block that refers to itself or to what its client writes later.
    #[error("a block refers to its own future")]
    ForwardReference,
    /// A block of a kind that does not exist.
    #[error("unknown kind of block {info:#04x}")]
    UnknownBlock {
        /// The block's first byte.
        info: u8,
    },
    /// Content that exists in Yjs, but that this server does not hold: JSON (2) and moves (11).
    #[error("content of kind {kind} is not supported")]
    UnsupportedContent {
        /// The kind.
        kind: u8,
    },
    /// A parent that is neither a name nor an id.
    #[error("unknown kind of parent {kind}")]
    UnknownParent {
        /// The kind as received.
        kind: u64,
    },
    /// A shared type that does not exist, or that this server does not hold: XML hooks (5) and weak links (7).
    #[error("shared type {type_ref} is not supported")]
    UnsupportedType {
        /// The type as received.
        type_ref: u8,
    },
    /// A value of a kind that does not exist.
    #[error("unknown kind of value {tag}")]
    UnknownValue {
        /// The kind as received.
        tag: u8,
    },
    /// Deeper than [`UpdateLimits::max_any_depth`].
    #[error("a value nests too deep")]
    ValueTooDeep,
    /// Embedded JSON that is none.
    #[error("embedded JSON is not valid")]
    InvalidJson,
    /// Deeper than [`UpdateLimits::max_type_nesting`].
    #[error("shared types nest too deep")]
    NestedTooDeep,
}

/// Checks an update in format v1 and says what is in it.
///
/// # Errors
/// [`ScanError`] names the rule that is broken; nothing of such an update may reach `yrs`.
pub fn scan_update(bytes: &[u8], limits: &UpdateLimits) -> Result<UpdateFacts, ScanError> {
    let mut has_types = false;
    let mut has_inner_types = false;
    let (totals, has_deletions) = walk(bytes, limits, |block| {
        if let Kind::Item { place, is_type: true } = &block.kind {
            has_types = true;
            has_inner_types |= *place != Place::Root;
        }
    })?;
    let mut facts = UpdateFacts {
        blocks: totals.blocks - totals.skips,
        clients: totals.clients,
        has_deletions,
        nesting: u32::from(has_types),
        grafts: false,
    };
    // Most updates are key presses: only types inside something are worth the second look.
    if has_inner_types {
        let nesting = Nesting::measure(bytes, limits, totals.blocks)?;
        facts.nesting = nesting.deepest();
        facts.grafts = nesting.floats();
    }
    if facts.nesting > limits.max_type_nesting {
        return Err(ScanError::NestedTooDeep);
    }
    Ok(facts)
}

/// How deep shared types nest in a whole document: 0 without types, 1 if no type is inside another one.
///
/// `state` is a full state in format v1, with what still waits for missing edits. Where such waiting types would hang
/// is not known yet, so they count as if each group ended up below the deepest type: the result is a bound that holds
/// whatever arrives, except for the types that arrive themselves.
///
/// # Errors
/// [`ScanError`] if `state` breaks a rule of structure; numbers are not limited.
pub fn document_nesting(state: &[u8]) -> Result<u32, ScanError> {
    let limits = UpdateLimits::trusted_state();
    let mut has_types = false;
    let (totals, _) = walk(state, &limits, |block| {
        has_types |= matches!(block.kind, Kind::Item { is_type: true, .. });
    })?;
    if !has_types {
        return Ok(0);
    }
    Ok(Nesting::measure(state, &limits, totals.blocks)?.bound())
}

/// Checks a state vector in format v1.
///
/// # Errors
/// [`ScanError`] names the rule that is broken; nothing of it may reach `yrs`.
pub fn scan_state_vector(bytes: &[u8], max_clients: usize) -> Result<(), ScanError> {
    let mut reader = Reader::new(bytes);
    let clients = count(&mut reader)?;
    if clients > max_clients {
        return Err(ScanError::TooManyClients);
    }
    for _ in 0..clients {
        reader.var_uint()?;
        clock(&mut reader)?;
    }
    end(&reader)
}

/// Walks a whole update: the blocks, which `visit` gets to see one by one, and the delete set.
fn walk(bytes: &[u8], limits: &UpdateLimits, visit: impl FnMut(&Block)) -> Result<(Totals, bool), ScanError> {
    if bytes.len() > limits.max_bytes {
        return Err(ScanError::TooLarge);
    }
    let mut reader = Reader::new(bytes);
    let totals = block::walk(&mut reader, limits, visit)?;
    let has_deletions = deletions(&mut reader)?;
    end(&reader)?;
    Ok((totals, has_deletions))
}

/// Checks a delete set and says whether it deletes anything.
fn deletions(reader: &mut Reader<'_>) -> Result<bool, ScanError> {
    let mut any = false;
    let mut clients = Distinct::new(count(reader)?);
    while clients.expects_more() {
        clients.add(reader.var_uint()?);
        let ranges = count(reader)?;
        let mut free_from = 0;
        for _ in 0..ranges {
            let start = clock(reader)?;
            let length = reader.var_uint()?;
            if length == 0 {
                return Err(ScanError::EmptyRange);
            }
            if start < free_from {
                return Err(ScanError::UnorderedRanges);
            }
            free_from = advance(start, length)?;
            any = true;
        }
    }
    clients.check()?;
    Ok(any)
}

/// A number of things that follow, each of at least one byte. It is checked against the bytes that remain, and each
/// caller then reads that many things: a count that passes is a true one.
fn count(reader: &mut Reader<'_>) -> Result<usize, ScanError> {
    let count = reader.var_uint()?;
    match usize::try_from(count) {
        Ok(count) if count <= reader.remaining() => Ok(count),
        _ => Err(DecodeError::UnexpectedEnd.into()),
    }
}

/// A clock.
fn clock(reader: &mut Reader<'_>) -> Result<u32, ScanError> {
    advance(0, reader.var_uint()?)
}

/// `clock + length`, if that is still a clock.
fn advance(clock: u32, length: u64) -> Result<u32, ScanError> {
    let end = u64::from(clock)
        .checked_add(length)
        .filter(|end| *end < CLOCK_END);
    end.and_then(|end| u32::try_from(end).ok())
        .ok_or(ScanError::ClockTooLarge)
}

fn end(reader: &Reader<'_>) -> Result<(), ScanError> {
    if reader.is_empty() {
        Ok(())
    } else {
        Err(ScanError::TrailingBytes)
    }
}

/// The client ids of a list whose length is known and true, to find one that appears twice. A list of one, which is
/// what a key press has, costs no memory.
struct Distinct {
    left: usize,
    seen: Vec<u64>,
}

impl Distinct {
    fn new(length: usize) -> Self {
        Self {
            left: length,
            seen: Vec::new(),
        }
    }

    fn expects_more(&self) -> bool {
        self.left > 0
    }

    fn add(&mut self, client: u64) {
        self.left = self.left.saturating_sub(1);
        if self.left > 0 || !self.seen.is_empty() {
            self.seen.push(client);
        }
    }

    fn check(mut self) -> Result<(), ScanError> {
        self.seen.sort_unstable();
        let repeated = self.seen.windows(2).any(|pair| pair[0] == pair[1]);
        if repeated {
            Err(ScanError::DuplicateClient)
        } else {
            Ok(())
        }
    }
}
