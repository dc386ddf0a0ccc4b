//! What of an update a document can take now, and what has to wait.
//!
//! Invariant: the part that is ready, applied to a document with the known clocks, refers to nothing that is missing
//! and leaves no gap; it brings each client to the clock that [`Split::reached`] says. Both parts together hold
//! everything that was new. Each block is looked at once, and once more for each thing that it had to wait for.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::block::{Block, Id, Kind, Place, Totals, read_block};
use super::{ScanError, UpdateLimits, advance, clock, count, end};
use crate::lib0::{Reader, write_var_uint};

/// An update, taken apart.
#[derive(Debug)]
pub(crate) struct Split<'a> {
    /// What can be applied; `None` if nothing. It is the update itself if nothing has to wait.
    pub(crate) ready: Option<Cow<'a, [u8]>>,
    /// What cannot, as an update of its own; `None` if nothing.
    pub(crate) waiting: Option<Vec<u8>>,
    /// Where the clients with something ready are once that is applied.
    pub(crate) reached: Vec<(u64, u32)>,
    /// For each client with something waiting one unit that it waits for.
    pub(crate) missing: Vec<(u64, u32)>,
}

/// Takes an update apart. `known` says up to which clock the document has everything of a client.
///
/// # Errors
/// [`ScanError`] if the update breaks a rule of structure; it should have been scanned before.
pub(crate) fn split(update: &[u8], known: impl Fn(u64) -> u32) -> Result<Split<'_>, ScanError> {
    let mut reader = Reader::new(update);
    let mut parts = Parts::read(&mut reader, &known)?;
    parts.settle(&known)?;
    let mut ready = Vec::new();
    let mut waiting = Vec::new();
    let mut missing = parts.missing();
    for _ in 0..count(&mut reader)? {
        let client = reader.var_uint()?;
        let here = parts.clock(client, &known);
        let (now, later) = split_ranges(&mut reader, here)?;
        missing.extend(later.first().map(|range| (client, range.0)));
        ready.extend((!now.is_empty()).then_some((client, now)));
        waiting.extend((!later.is_empty()).then_some((client, later)));
    }
    end(&reader)?;

    let reached = parts.reached();
    if missing.is_empty() && parts.skips == 0 {
        return Ok(Split {
            ready: Some(Cow::Borrowed(update)),
            waiting: None,
            reached,
            missing,
        });
    }
    let fresh: Vec<Piece<'_>> = parts.sections.iter().filter_map(|s| s.fresh(update)).collect();
    let late: Vec<Piece<'_>> = parts.sections.iter().filter_map(|s| s.late(update)).collect();
    Ok(Split {
        ready: write(&fresh, &ready).map(Cow::Owned),
        waiting: write(&late, &waiting),
        reached,
        missing,
    })
}

/// A place between two blocks of a client.
#[derive(Clone)]
struct Cursor<'a> {
    reader: Reader<'a>,
    /// The blocks from here to the end of the section.
    left: usize,
    /// The clock of the next block.
    clock: u32,
}

impl<'a> Cursor<'a> {
    /// The block here and the place behind it.
    fn next(&self, client: u64) -> Result<Option<(Block, Self)>, ScanError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        let mut reader = self.reader.clone();
        let id = Id {
            client,
            clock: self.clock,
        };
        let block = read_block(
            &mut reader,
            id,
            &UpdateLimits::trusted_state(),
            &mut Totals::default(),
        )?;
        Ok(Some((
            block,
            Cursor {
                reader,
                left,
                clock: block.end,
            },
        )))
    }
}

/// Consecutive blocks of one client, as they stand in the update.
struct Piece<'a> {
    client: u64,
    clock: u32,
    blocks: usize,
    bytes: &'a [u8],
}

/// The blocks of one client.
struct Section<'a> {
    client: u64,
    /// Up to where everything of this client is known or ready.
    clock: u32,
    /// The first block that is new and ready.
    fresh: Option<Cursor<'a>>,
    /// The first block that is not ready.
    next: Cursor<'a>,
    /// Behind the last block.
    end: Reader<'a>,
    /// What the next block waits for.
    missing: Option<(u64, u32)>,
    /// Sections of this update that wait until `clock` is greater than a number.
    waiters: BinaryHeap<Reverse<(u32, usize)>>,
}

impl<'a> Section<'a> {
    fn fresh(&self, update: &'a [u8]) -> Option<Piece<'a>> {
        let from = self.fresh.as_ref()?;
        Some(Piece {
            client: self.client,
            clock: from.clock,
            blocks: from.left - self.next.left,
            bytes: between(update, &from.reader, &self.next.reader),
        })
    }

    fn late(&self, update: &'a [u8]) -> Option<Piece<'a>> {
        (self.next.left > 0).then(|| Piece {
            client: self.client,
            clock: self.next.clock,
            blocks: self.next.left,
            bytes: between(update, &self.next.reader, &self.end),
        })
    }
}

fn between<'a>(bytes: &'a [u8], from: &Reader<'_>, to: &Reader<'_>) -> &'a [u8] {
    let offset = |reader: &Reader<'_>| bytes.len() - reader.remaining();
    bytes.get(offset(from)..offset(to)).unwrap_or_default()
}

/// All sections of an update.
struct Parts<'a> {
    sections: Vec<Section<'a>>,
    by_client: HashMap<u64, usize>,
    skips: usize,
}

impl<'a> Parts<'a> {
    fn read(reader: &mut Reader<'a>, known: &impl Fn(u64) -> u32) -> Result<Self, ScanError> {
        let limits = UpdateLimits::trusted_state();
        let mut totals = Totals::default();
        let clients = count(reader)?;
        let mut parts = Self {
            sections: Vec::new(),
            by_client: HashMap::new(),
            skips: 0,
        };
        for at in 0..clients {
            let blocks = count(reader)?;
            let client = reader.var_uint()?;
            let start = clock(reader)?;
            let next = Cursor {
                reader: reader.clone(),
                left: blocks,
                clock: start,
            };
            let mut id = Id { client, clock: start };
            for _ in 0..blocks {
                id.clock = read_block(reader, id, &limits, &mut totals)?.end;
            }
            parts.sections.push(Section {
                client,
                clock: known(client),
                fresh: None,
                next,
                end: reader.clone(),
                missing: None,
                waiters: BinaryHeap::new(),
            });
            if clients > 1 && parts.by_client.insert(client, at).is_some() {
                return Err(ScanError::DuplicateClient);
            }
        }
        parts.skips = totals.skips;
        Ok(parts)
    }

    /// Moves every section as far as it gets; one that gets on wakes those that wait for it.
    fn settle(&mut self, known: &impl Fn(u64) -> u32) -> Result<(), ScanError> {
        let mut awake: Vec<usize> = (0..self.sections.len()).rev().collect();
        while let Some(at) = awake.pop() {
            let missing = self.run(at, known)?;
            let Some(section) = self.sections.get_mut(at) else {
                continue;
            };
            section.missing = missing;
            while let Some(Reverse((clock, waiter))) = section.waiters.peek().copied() {
                if clock >= section.clock {
                    break;
                }
                section.waiters.pop();
                awake.push(waiter);
            }
            if let Some((client, clock)) = missing
                && let Some(other) = self
                    .by_client
                    .get(&client)
                    .and_then(|other| self.sections.get_mut(*other))
            {
                other.waiters.push(Reverse((clock, at)));
            }
        }
        Ok(())
    }

    /// Moves one section as far as it gets and says what it waits for there.
    fn run(&mut self, at: usize, known: &impl Fn(u64) -> u32) -> Result<Option<(u64, u32)>, ScanError> {
        while let Some(section) = self.sections.get(at) {
            let Some((block, behind)) = section.next.next(section.client)? else {
                break;
            };
            let is_known = block.end <= section.clock;
            if !is_known && let Some(missing) = self.missing_for(section, &block, known) {
                return Ok(Some(missing));
            }
            if let Some(section) = self.sections.get_mut(at) {
                let here = std::mem::replace(&mut section.next, behind);
                if !is_known {
                    section.clock = block.end;
                    section.fresh.get_or_insert(here);
                }
            }
        }
        Ok(None)
    }

    /// What keeps the block from being applied now.
    fn missing_for(
        &self,
        section: &Section<'_>,
        block: &Block,
        known: &impl Fn(u64) -> u32,
    ) -> Option<(u64, u32)> {
        let place = match block.kind {
            _ if block.id.clock > section.clock => return Some((section.client, section.clock)),
            Kind::Skip => return Some((section.client, section.clock)),
            Kind::Collected => return None,
            Kind::Item { place, .. } => place,
        };
        let references = match place {
            Place::Root => [None, None],
            Place::Inside(parent) => [Some(parent), None],
            Place::Beside { left, right } => [left, right],
        };
        let is_missing = |id: &Id| id.clock >= self.clock(id.client, known);
        references
            .into_iter()
            .flatten()
            .find(is_missing)
            .map(|id| (id.client, id.clock))
    }

    /// Up to where everything of the client is known or ready.
    fn clock(&self, client: u64, known: &impl Fn(u64) -> u32) -> u32 {
        match self.sections.as_slice() {
            [only] if only.client == client => only.clock,
            _ => {
                let section = self.by_client.get(&client).and_then(|at| self.sections.get(*at));
                section.map_or_else(|| known(client), |section| section.clock)
            }
        }
    }

    fn missing(&self) -> Vec<(u64, u32)> {
        self.sections
            .iter()
            .filter_map(|section| section.missing)
            .collect()
    }

    fn reached(&self) -> Vec<(u64, u32)> {
        let fresh = self.sections.iter().filter(|section| section.fresh.is_some());
        fresh.map(|section| (section.client, section.clock)).collect()
    }
}

/// Deleted clocks of one client: each with the clock behind it.
type Ranges = Vec<(u32, u32)>;

/// The ranges of one client in front of `here`, and those from there on.
fn split_ranges(reader: &mut Reader<'_>, here: u32) -> Result<(Ranges, Ranges), ScanError> {
    let (mut now, mut later) = (Vec::new(), Vec::new());
    for _ in 0..count(reader)? {
        let start = clock(reader)?;
        let end = advance(start, reader.var_uint()?)?;
        if start < here {
            now.push((start, end.min(here)));
        }
        if end > here {
            later.push((start.max(here), end));
        }
    }
    Ok((now, later))
}

fn write(pieces: &[Piece<'_>], deletions: &[(u64, Ranges)]) -> Option<Vec<u8>> {
    if pieces.is_empty() && deletions.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(64 + pieces.iter().map(|piece| 24 + piece.bytes.len()).sum::<usize>());
    write_var_uint(&mut out, pieces.len() as u64);
    for piece in pieces {
        write_var_uint(&mut out, piece.blocks as u64);
        write_var_uint(&mut out, piece.client);
        write_var_uint(&mut out, u64::from(piece.clock));
        out.extend_from_slice(piece.bytes);
    }
    write_var_uint(&mut out, deletions.len() as u64);
    for (client, ranges) in deletions {
        write_var_uint(&mut out, *client);
        write_var_uint(&mut out, ranges.len() as u64);
        for (start, end) in ranges {
            write_var_uint(&mut out, u64::from(*start));
            write_var_uint(&mut out, u64::from(end - start));
        }
    }
    Some(out)
}
