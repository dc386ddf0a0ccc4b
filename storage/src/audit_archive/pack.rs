//! The bytes of a segment: the lines of an export, compressed with gzip.
//!
//! Invariant: the same entries are the same bytes on every node. Unpacking gives what was packed, checked entry by entry and against the
//! row, or says what is wrong; it holds a bounded number of bytes whatever it is given.

use std::io::{self, BufRead, BufReader, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::model::WorkspaceId;
use crate::records::audit_segments::SegmentRow;
use crate::records::{AuditChain, AuditEntry, AuditFlaw, AuditLine};

/// The longest line, in bytes: far more than an entry can be.
const MAX_LINE: u64 = 64 * 1024;

/// What is wrong with a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentFlaw {
    /// Its bytes are gone.
    #[error("its bytes do not exist")]
    Missing,
    /// Its bytes are others.
    #[error("its bytes do not match their checksum")]
    Altered,
    /// Its bytes are there and cannot be read or unpacked.
    #[error("its bytes cannot be read: {0}")]
    Unreadable(String),
    /// A line of it is none of a log; lines count from 1.
    #[error("its line {0} is no entry of an audit log")]
    NoEntry(u64),
    /// Its entries are no chain.
    #[error("{0}")]
    Chain(#[from] AuditFlaw),
    /// It has other entries than its row says, or was put at another time.
    #[error("it does not hold what its row says")]
    Other,
}

/// Entries that are to become a segment.
#[derive(Debug)]
pub(super) struct Gathered {
    first_seq: i64,
    last_seq: i64,
    first_at_ms: i64,
    last_at_ms: i64,
    prev_hash: [u8; 32],
    last_hash: [u8; 32],
    text: Vec<u8>,
    lines: usize,
}

/// A segment that can be put.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) first_seq: i64,
    pub(super) last_seq: i64,
    pub(super) first_at_ms: i64,
    pub(super) last_at_ms: i64,
    pub(super) prev_hash: [u8; 32],
    pub(super) last_hash: [u8; 32],
    pub(super) bytes: Bytes,
}

impl Gathered {
    /// None yet, behind the end of `chain`.
    pub(super) fn behind(chain: &AuditChain) -> Self {
        Self {
            first_seq: chain.seq().saturating_add(1),
            last_seq: chain.seq(),
            first_at_ms: i64::MAX,
            last_at_ms: i64::MIN,
            prev_hash: chain.hash(),
            last_hash: chain.hash(),
            text: Vec::new(),
            lines: 0,
        }
    }

    /// Takes the next entry of the chain.
    pub(super) fn add(&mut self, entry: AuditEntry) {
        self.last_seq = entry.seq;
        self.last_hash = entry.hash;
        self.first_at_ms = self.first_at_ms.min(entry.at_ms);
        self.last_at_ms = self.last_at_ms.max(entry.at_ms);
        self.text
            .extend_from_slice(AuditLine::from(entry).text().as_bytes());
        self.lines += 1;
    }

    /// How many there are.
    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// The bytes of their lines.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The earliest time of one of them.
    pub(super) fn first_at_ms(&self) -> i64 {
        self.first_at_ms
    }

    /// Compresses them; takes a while.
    pub(super) fn pack(self) -> io::Result<Packed> {
        // The head of the file holds neither a name nor a time.
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.text)?;
        Ok(Packed {
            first_seq: self.first_seq,
            last_seq: self.last_seq,
            first_at_ms: self.first_at_ms,
            last_at_ms: self.last_at_ms,
            prev_hash: self.prev_hash,
            last_hash: self.last_hash,
            bytes: encoder.finish()?.into(),
        })
    }
}

/// The entries in the bytes of a segment; takes a while.
pub(super) fn unpack(
    workspace: WorkspaceId,
    row: &SegmentRow,
    bytes: &[u8],
) -> Result<Vec<AuditEntry>, SegmentFlaw> {
    let mut text = BufReader::new(GzDecoder::new(bytes));
    let mut chain = AuditChain::behind(workspace, row.first_seq.saturating_sub(1), row.prev_hash);
    let (mut entries, mut line, mut number) = (Vec::new(), Vec::new(), 0);
    let (mut first_at_ms, mut last_at_ms) = (i64::MAX, i64::MIN);
    loop {
        line.clear();
        let read = (&mut text).take(MAX_LINE).read_until(b'\n', &mut line);
        if read.map_err(|error| SegmentFlaw::Unreadable(error.to_string()))? == 0 {
            break;
        }
        number += 1;
        let entry = AuditLine::parse(&line).ok_or(SegmentFlaw::NoEntry(number))?;
        chain.follow(&entry)?;
        if entry.seq > row.last_seq {
            return Err(SegmentFlaw::Other);
        }
        first_at_ms = first_at_ms.min(entry.at_ms);
        last_at_ms = last_at_ms.max(entry.at_ms);
        entries.push(entry);
    }
    let found = (chain.seq(), chain.hash(), first_at_ms, last_at_ms);
    let said = (row.last_seq, row.last_hash, row.first_at_ms, row.last_at_ms);
    if found == said {
        Ok(entries)
    } else {
        Err(SegmentFlaw::Other)
    }
}
