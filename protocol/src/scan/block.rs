//! The blocks of an update: who wrote them, which clocks they take, and where they are to go.
//!
//! Invariant: a block that [`walk`] shows has a length of at least one, ends below 2^31, refers to nothing of its own
//! client from its own clock on, and has content that was walked to its end.

use super::content::{self, KIND_DELETED, KIND_DOCUMENT, KIND_JSON, KIND_MOVE, KIND_TYPE};
use super::{Distinct, ScanError, UpdateLimits, advance, clock, count};
use crate::lib0::Reader;

const INFO_GC: u8 = 0;
const INFO_SKIP: u8 = 10;
const INFO_HAS_ORIGIN: u8 = 0x80;
const INFO_HAS_RIGHT_ORIGIN: u8 = 0x40;
const INFO_HAS_KEY: u8 = 0x20;
/// Yjs reads five bits as the kind, `yrs` four: a set fifth bit would make them see different things.
const INFO_UNUSED: u8 = 0x10;
const INFO_KIND: u8 = 0x0f;

const PARENT_IS_ID: u64 = 0;
const PARENT_IS_NAME: u64 = 1;

/// One unit of what a client wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id {
    /// Who wrote it.
    pub(super) client: u64,
    /// Which of that client's units it is, counted from 0.
    pub(super) clock: u32,
}

/// Where an item is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Into a type that the document has by name.
    Root,
    /// Into the type with this id.
    Inside(Id),
    /// Beside these, into the type that they are in.
    Beside { left: Option<Id>, right: Option<Id> },
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Collected garbage: something was here.
    Collected,
    /// A gap: something will be here.
    Skip,
    /// Content.
    Item { place: Place, is_type: bool },
}

/// One block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// Its first unit.
    pub(super) id: Id,
    /// The clock behind its last unit.
    pub(super) end: u32,
    /// What it is.
    pub(super) kind: Kind,
}

/// How much an update has of what is limited.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    /// Clients with blocks.
    pub(super) clients: usize,
    /// Blocks, with the Skips.
    pub(super) blocks: usize,
    /// Skips.
    pub(super) skips: usize,
    /// Subdocuments.
    pub(super) subdocuments: usize,
}

/// Reads the blocks of an update up to its delete set and shows each to `visit`.
pub(super) fn walk(
    reader: &mut Reader<'_>,
    limits: &UpdateLimits,
    mut visit: impl FnMut(&Block),
) -> Result<Totals, ScanError> {
    let sections = count(reader)?;
    if sections > limits.max_clients {
        return Err(ScanError::TooManyClients);
    }
    let mut totals = Totals {
        clients: sections,
        ..Totals::default()
    };
    let mut clients = Distinct::new(sections);
    while clients.expects_more() {
        let blocks = count(reader)?;
        if blocks == 0 {
            return Err(ScanError::EmptySection);
        }
        totals.blocks = totals.blocks.saturating_add(blocks);
        if totals.blocks > limits.max_blocks {
            return Err(ScanError::TooManyBlocks);
        }
        let client = reader.var_uint()?;
        clients.add(client);
        let mut next = clock(reader)?;
        for _ in 0..blocks {
            let block = read_block(reader, Id { client, clock: next }, limits, &mut totals)?;
            visit(&block);
            next = block.end;
        }
    }
    clients.check()?;
    Ok(totals)
}

/// Reads the block that begins with `id` and adds it to `totals`, except to the number of blocks.
pub(super) fn read_block(
    reader: &mut Reader<'_>,
    id: Id,
    limits: &UpdateLimits,
    totals: &mut Totals,
) -> Result<Block, ScanError> {
    let info = reader.byte()?;
    let (kind, length) = match info {
        INFO_GC => (Kind::Collected, reader.var_uint()?),
        INFO_SKIP => {
            totals.skips += 1;
            if totals.skips > limits.max_skips {
                return Err(ScanError::TooManySkips);
            }
            (Kind::Skip, reader.var_uint()?)
        }
        _ => read_item(reader, id, info, limits, totals)?,
    };
    if length == 0 {
        return Err(ScanError::EmptyBlock);
    }
    Ok(Block {
        id,
        end: advance(id.clock, length)?,
        kind,
    })
}

fn read_item(
    reader: &mut Reader<'_>,
    id: Id,
    info: u8,
    limits: &UpdateLimits,
    totals: &mut Totals,
) -> Result<(Kind, u64), ScanError> {
    let kind = info & INFO_KIND;
    match kind {
        _ if info & INFO_UNUSED != 0 => return Err(ScanError::UnknownBlock { info }),
        KIND_JSON | KIND_MOVE => return Err(ScanError::UnsupportedContent { kind }),
        INFO_SKIP => return Err(ScanError::UnknownBlock { info }),
        KIND_DELETED..=KIND_DOCUMENT => {}
        _ => return Err(ScanError::UnknownBlock { info }),
    }
    let place = read_place(reader, id, info)?;
    if kind == KIND_DOCUMENT {
        totals.subdocuments += 1;
        if totals.subdocuments > limits.max_subdocuments {
            return Err(ScanError::TooManySubdocuments);
        }
    }
    let length = content::read(reader, kind, limits.max_any_depth)?;
    Ok((
        Kind::Item {
            place,
            is_type: kind == KIND_TYPE,
        },
        length,
    ))
}

fn read_place(reader: &mut Reader<'_>, id: Id, info: u8) -> Result<Place, ScanError> {
    let has_left = info & INFO_HAS_ORIGIN != 0;
    let has_right = info & INFO_HAS_RIGHT_ORIGIN != 0;
    if has_left || has_right {
        // Parent and key are those of the neighbours and not written.
        let left = if has_left {
            Some(read_reference(reader, id)?)
        } else {
            None
        };
        let right = if has_right {
            Some(read_reference(reader, id)?)
        } else {
            None
        };
        return Ok(Place::Beside { left, right });
    }
    let place = match reader.var_uint()? {
        PARENT_IS_NAME => {
            reader.var_string()?;
            Place::Root
        }
        PARENT_IS_ID => Place::Inside(read_reference(reader, id)?),
        kind => return Err(ScanError::UnknownParent { kind }),
    };
    if info & INFO_HAS_KEY != 0 {
        reader.var_string()?;
    }
    Ok(place)
}

/// An id that the block `from` refers to.
fn read_reference(reader: &mut Reader<'_>, from: Id) -> Result<Id, ScanError> {
    let client = reader.var_uint()?;
    let clock = clock(reader)?;
    if client == from.client && clock >= from.clock {
        return Err(ScanError::ForwardReference);
    }
    Ok(Id { client, clock })
}
