//! The bytes of an archive segment: a run of folded updates with their authors and times.
//!
//! Layout: `W` `H` version(1) · first seq · count · count × (kind(1) · time as zig-zag difference to the one before ·
//! author length + 1, or 0 for none · author · length · update). Numbers are little-endian base-128. A lost update
//! has neither author nor bytes. Decoding is bounded by the length of the input.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::model::{ArchivedContent, ArchivedUpdate, Seq};

const MAGIC: [u8; 3] = [b'W', b'H', 1];
const UPDATE: u8 = 0;
const UNDECODABLE: u8 = 1;
const LOST: u8 = 2;
/// The least that one update takes: kind, time and (unless lost) author and length.
const LEAST_ENTRY_BYTES: usize = 2;

/// Why bytes are no archive segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SegmentError {
    #[error("it has an unknown format")]
    Format,
    #[error("it ends too early")]
    Short,
    #[error("it has bytes after its end")]
    Long,
    #[error("it holds a value out of range")]
    Range,
}

/// Encodes `updates`, whose seqs follow each other.
pub(crate) fn encode(updates: &[ArchivedUpdate]) -> Bytes {
    let payload: usize = updates
        .iter()
        .map(|update| update.content.bytes().map_or(0, Bytes::len) + 16)
        .sum();
    let mut out = BytesMut::with_capacity(payload + 16);
    out.put_slice(&MAGIC);
    put_number(&mut out, updates.first().map_or(0, |update| update.seq.get()));
    put_number(&mut out, updates.len() as u64);
    let mut time = 0_i64;
    for update in updates {
        out.put_u8(match update.content {
            ArchivedContent::Update(_) => UPDATE,
            ArchivedContent::Undecodable(_) => UNDECODABLE,
            ArchivedContent::Lost => LOST,
        });
        let step = update.created_at_ms.wrapping_sub(time);
        put_number(&mut out, ((step << 1) ^ (step >> 63)).cast_unsigned());
        time = update.created_at_ms;
        let Some(bytes) = update.content.bytes() else {
            continue;
        };
        put_number(
            &mut out,
            update.author.as_ref().map_or(0, |author| author.len() as u64 + 1),
        );
        out.put_slice(update.author.as_ref().map_or(&[], |author| author.as_bytes()));
        put_number(&mut out, bytes.len() as u64);
        out.put_slice(bytes);
    }
    out.freeze()
}

/// Decodes a segment. The updates share `bytes`.
pub(crate) fn decode(mut bytes: Bytes) -> Result<Vec<ArchivedUpdate>, SegmentError> {
    if take(&mut bytes, MAGIC.len() as u64)? != MAGIC[..] {
        return Err(SegmentError::Format);
    }
    let first = number(&mut bytes)?;
    let count = usize::try_from(number(&mut bytes)?).map_err(|_| SegmentError::Range)?;
    if count > bytes.len() / LEAST_ENTRY_BYTES {
        return Err(SegmentError::Short);
    }
    let mut updates = Vec::with_capacity(count);
    let mut time = 0_i64;
    for index in 0..count {
        let seq = Seq(first).plus(index);
        let kind = take(&mut bytes, 1)?[0];
        let step = number(&mut bytes)?;
        time = time.wrapping_add((step >> 1).cast_signed() ^ -((step & 1).cast_signed()));
        let (author, content) = match kind {
            LOST => (None, ArchivedContent::Lost),
            UPDATE => (author(&mut bytes)?, ArchivedContent::Update(counted(&mut bytes)?)),
            UNDECODABLE => (
                author(&mut bytes)?,
                ArchivedContent::Undecodable(counted(&mut bytes)?),
            ),
            _ => return Err(SegmentError::Format),
        };
        updates.push(ArchivedUpdate {
            seq,
            created_at_ms: time,
            author,
            content,
        });
    }
    if bytes.is_empty() {
        Ok(updates)
    } else {
        Err(SegmentError::Long)
    }
}

fn put_number(out: &mut BytesMut, mut number: u64) {
    while number >= 0x80 {
        out.put_u8((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.put_u8(number as u8);
}

fn number(bytes: &mut Bytes) -> Result<u64, SegmentError> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        if bytes.is_empty() {
            return Err(SegmentError::Short);
        }
        let byte = bytes.get_u8();
        let bits = u64::from(byte & 0x7f);
        if bits.leading_zeros() < shift {
            return Err(SegmentError::Range);
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(SegmentError::Range)
}

fn take(bytes: &mut Bytes, length: u64) -> Result<Bytes, SegmentError> {
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= bytes.len());
    Ok(bytes.split_to(length.ok_or(SegmentError::Short)?))
}

fn counted(bytes: &mut Bytes) -> Result<Bytes, SegmentError> {
    let length = number(bytes)?;
    take(bytes, length)
}

fn author(bytes: &mut Bytes) -> Result<Option<Arc<str>>, SegmentError> {
    let Some(length) = number(bytes)?.checked_sub(1) else {
        return Ok(None);
    };
    let text = take(bytes, length)?;
    std::str::from_utf8(&text)
        .map(|text| Some(Arc::from(text)))
        .map_err(|_| SegmentError::Range)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn sample(random: &mut StdRng) -> Vec<ArchivedUpdate> {
        let first = random.random_range(1..u64::from(u32::MAX));
        let mut updates = Vec::new();
        for index in 0..random.random_range(0..40) {
            let bytes = Bytes::from(vec![random.random(); random.random_range(0..300)]);
            let content = match random.random_range(0..5) {
                0 => ArchivedContent::Lost,
                1 => ArchivedContent::Undecodable(bytes),
                _ => ArchivedContent::Update(bytes),
            };
            let author = (content != ArchivedContent::Lost && random.random()).then(|| Arc::from("ünser"));
            let created_at_ms = if random.random() {
                random.random()
            } else {
                1_790_000_000_000
            };
            updates.push(ArchivedUpdate {
                seq: Seq(first).plus(index),
                created_at_ms,
                author,
                content,
            });
        }
        updates
    }

    #[test]
    fn a_segment_comes_back_as_it_was() {
        for seed in 0..300 {
            let updates = sample(&mut StdRng::seed_from_u64(seed));
            assert_eq!(decode(encode(&updates)), Ok(updates), "seed {seed}");
        }
    }

    #[test]
    fn damaged_segments_are_errors_or_other_values_but_never_a_panic() {
        for seed in 0..3000 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut bytes = encode(&sample(&mut random)).to_vec();
            let place = random.random_range(0..bytes.len());
            match random.random_range(0..3) {
                0 => bytes.truncate(place),
                1 => bytes[place] ^= 1 << random.random_range(0..8),
                _ => bytes.insert(place, random.random()),
            }
            let _ = decode(bytes.into());
        }
        assert_eq!(
            decode(Bytes::from_static(b"WH\x01\x01\xff\xff\xff\xff\x0f")),
            Err(SegmentError::Short)
        );
        assert_eq!(
            decode(Bytes::from_static(b"WH\x02\x01\x00")),
            Err(SegmentError::Format)
        );
    }
}
