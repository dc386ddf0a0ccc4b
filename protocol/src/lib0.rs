//! The lib0 encoding under both protocols: a bounds-checked cursor over received bytes, and the matching writers.
//!
//! Invariant: a [`Reader`] never looks outside its slice, never copies and never allocates; what it hands out borrows
//! from the frame. It must never trust a declared length before it was compared with the bytes that are really there.

/// The largest integer that may travel: 2^53 - 1, the largest that JavaScript represents exactly.
pub const MAX_UINT: u64 = (1 << 53) - 1;

/// An integer of at most 53 bits fits into eight bytes: 8 × 7 bits for the unsigned form, 6 + 7 × 7 for the signed.
const MAX_VAR_INT_BYTES: u32 = 8;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A value, or a declared length, reaches beyond the end of the frame.
    #[error("the frame ends inside a value")]
    UnexpectedEnd,
    /// An integer has more than 53 bits, or is padded to more than eight bytes.
    #[error("an integer has more than 53 bits")]
    IntegerTooLarge,
    /// A string is no UTF-8.
    #[error("a string is not valid UTF-8")]
    InvalidUtf8,
    /// A sync message of a kind that does not exist.
    #[error("unknown sync message {kind}")]
    UnknownSyncMessage {
        /// The kind as received.
        kind: u64,
    },
    /// An authentication message of a kind that clients do not send.
    #[error("unknown authentication message {kind}")]
    UnknownAuthMessage {
        /// The kind as received.
        kind: u64,
    },
}

/// A cursor over received bytes. After an error its position is unspecified but still inside the slice.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A cursor at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The number of bytes that were not read yet.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`] at the end.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(*first)
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`] if fewer remain.
    #[inline]
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(head)
    }

    /// An unsigned integer of at most 53 bits in at most eight bytes.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`], [`DecodeError::IntegerTooLarge`].
    #[inline]
    pub fn var_uint(&mut self) -> Result<u64, DecodeError> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        self.var_tail(u64::from(first & 0x7f), 7)
    }

    /// A signed integer of at most 53 bits and a sign in at most eight bytes. "Minus zero" reads as 0.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`], [`DecodeError::IntegerTooLarge`].
    pub fn var_int(&mut self) -> Result<i64, DecodeError> {
        let first = self.byte()?;
        let low = u64::from(first & 0x3f);
        let magnitude = if first & 0x80 == 0 {
            low
        } else {
            self.var_tail(low, 6)?
        };
        let magnitude = i64::try_from(magnitude).map_err(|_| DecodeError::IntegerTooLarge)?;
        Ok(if first & 0x40 == 0 { magnitude } else { -magnitude })
    }

    /// The groups of seven bits after the first byte, of which `shift` bits are in `value` already.
    fn var_tail(&mut self, mut value: u64, mut shift: u32) -> Result<u64, DecodeError> {
        for _ in 1..MAX_VAR_INT_BYTES {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return if value <= MAX_UINT {
                    Ok(value)
                } else {
                    Err(DecodeError::IntegerTooLarge)
                };
            }
            shift += 7;
        }
        Err(DecodeError::IntegerTooLarge)
    }

    /// A length and that many bytes.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`], [`DecodeError::IntegerTooLarge`].
    #[inline]
    pub fn buffer(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.var_uint()?).map_err(|_| DecodeError::UnexpectedEnd)?;
        self.take(length)
    }

    /// A length and that many bytes of UTF-8.
    ///
    /// # Errors
    /// Those of [`Reader::buffer`] and [`DecodeError::InvalidUtf8`].
    #[inline]
    pub fn var_string(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.buffer()?).map_err(|_| DecodeError::InvalidUtf8)
    }
}

/// The number of bytes that [`write_var_uint`] writes for `value`.
pub fn var_uint_len(value: u64) -> usize {
    let bits = u64::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Appends an unsigned integer. Values above [`MAX_UINT`] are written in full, but no peer accepts them.
pub fn write_var_uint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed integer.
pub fn write_var_int(out: &mut Vec<u8>, value: i64) {
    let sign = if value < 0 { 0x40 } else { 0 };
    let magnitude = value.unsigned_abs();
    let low = (magnitude & 0x3f) as u8 | sign;
    if magnitude < 0x40 {
        out.push(low);
    } else {
        out.push(low | 0x80);
        write_var_uint(out, magnitude >> 6);
    }
}

/// Appends a length and the bytes.
pub fn write_buffer(out: &mut Vec<u8>, bytes: &[u8]) {
    write_var_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a length and the text.
pub fn write_var_string(out: &mut Vec<u8>, text: &str) {
    write_buffer(out, text.as_bytes());
}

/// The number of bytes that [`write_buffer`] writes for `length` bytes.
pub(crate) fn buffer_len(length: usize) -> usize {
    var_uint_len(length as u64) + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_survive_a_round_trip_in_the_announced_length() {
        for value in [0, 1, 127, 128, 16_383, 16_384, (1 << 31) - 1, 1 << 32, MAX_UINT] {
            let mut out = Vec::new();
            write_var_uint(&mut out, value);
            assert_eq!(out.len(), var_uint_len(value), "{value}");
            let mut reader = Reader::new(&out);
            assert_eq!(reader.var_uint(), Ok(value));
            assert!(reader.is_empty());
            for signed in [value as i64, -(value as i64)] {
                let mut out = Vec::new();
                write_var_int(&mut out, signed);
                assert_eq!(Reader::new(&out).var_int(), Ok(signed));
            }
        }
    }

    #[test]
    fn integers_are_bounded_in_value_and_width() {
        let mut above = Vec::new();
        write_var_uint(&mut above, MAX_UINT + 1);
        assert_eq!(Reader::new(&above).var_uint(), Err(DecodeError::IntegerTooLarge));
        let padded = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
        assert_eq!(Reader::new(&padded).var_uint(), Err(DecodeError::IntegerTooLarge));
        assert_eq!(Reader::new(&padded).var_int(), Err(DecodeError::IntegerTooLarge));
        assert_eq!(Reader::new(&[0x80]).var_uint(), Err(DecodeError::UnexpectedEnd));
    }

    #[test]
    fn a_declared_length_is_compared_with_what_is_there() {
        assert_eq!(Reader::new(&[5, 1, 2]).buffer(), Err(DecodeError::UnexpectedEnd));
        let giant = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(Reader::new(&giant).buffer(), Err(DecodeError::UnexpectedEnd));
        assert_eq!(
            Reader::new(&[2, 0xff, 0xfe]).var_string(),
            Err(DecodeError::InvalidUtf8)
        );
        assert_eq!(Reader::new(&[2, b'h', b'i', 9]).var_string(), Ok("hi"));
    }
}
