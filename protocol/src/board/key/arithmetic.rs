//! Arithmetic on the digits of keys.
//!
//! Invariant: given valid keys in ascending order, every result is a valid key but for its length, and lies strictly
//! between them.

use super::{DIGITS, MAX_KEY_BYTES};

/// The lowest digit, which no fraction ends with.
const ZERO: u8 = b'0';
/// The highest digit.
const LAST: u8 = b'z';
/// Digits of the longest integers, those of `A` and `z`.
const LONGEST: usize = 26;

/// Whether `bytes` are a key.
pub(super) fn is_key(bytes: &[u8]) -> bool {
    if bytes.len() > MAX_KEY_BYTES || !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let Some((integer, fraction)) = split(bytes) else {
        return false;
    };
    // Nothing could stand before the lowest integer alone.
    fraction.last() != Some(&ZERO) && !(fraction.is_empty() && is_lowest(integer))
}

/// The integer and the fraction of a key, unless the integer is cut short.
fn split(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = digits_of(*key.first()?)?;
    key.split_at_checked(1 + digits)
}

/// How many digits follow the first character of an integer.
fn digits_of(head: u8) -> Option<usize> {
    match head {
        b'a'..=b'z' => Some(usize::from(head - b'a') + 1),
        b'A'..=b'Z' => Some(usize::from(b'Z' - head) + 1),
        _ => None,
    }
}

/// Whether there is no integer below this one.
fn is_lowest(integer: &[u8]) -> bool {
    matches!(integer, [b'A', digits @ ..] if digits.iter().all(|digit| *digit == ZERO))
}

/// What `digit` counts.
fn value(digit: u8) -> usize {
    DIGITS.binary_search(&digit).unwrap_or(0)
}

/// The digit that counts `value`.
fn digit(value: usize) -> u8 {
    DIGITS.get(value).copied().unwrap_or(LAST)
}

/// A key between two, or beyond one, or the first of all.
pub(super) fn between(low: Option<&[u8]>, high: Option<&[u8]>) -> Vec<u8> {
    match (low.and_then(split), high.and_then(split)) {
        (None, None) => b"a0".to_vec(),
        (None, Some((integer, fraction))) => {
            if is_lowest(integer) {
                [integer, &middle(&[], Some(fraction))].concat()
            } else if fraction.is_empty() {
                below(integer)
            } else {
                integer.to_vec()
            }
        }
        (Some((integer, fraction)), None) => {
            above(integer).unwrap_or_else(|| [integer, &middle(fraction, None)].concat())
        }
        (Some((integer, fraction)), Some((upper, _))) if integer != upper => above(integer)
            .filter(|next| high.is_some_and(|high| next.as_slice() < high))
            .unwrap_or_else(|| [integer, &middle(fraction, None)].concat()),
        (Some((integer, fraction)), Some((_, upper))) => [integer, &middle(fraction, Some(upper))].concat(),
    }
}

/// The next integer, unless this is the highest.
fn above(integer: &[u8]) -> Option<Vec<u8>> {
    let mut next = integer.to_vec();
    for at in (1..next.len()).rev() {
        if next[at] != LAST {
            next[at] = digit(value(next[at]) + 1);
            return Some(next);
        }
        next[at] = ZERO;
    }
    match integer.first()? {
        b'z' => None,
        b'Z' => Some(b"a0".to_vec()),
        head => Some(resized(head + 1, ZERO)),
    }
}

/// The previous integer. The lowest has none; it is answered with itself, and callers do not ask.
fn below(integer: &[u8]) -> Vec<u8> {
    let mut next = integer.to_vec();
    for at in (1..next.len()).rev() {
        if next[at] != ZERO {
            next[at] = digit(value(next[at]) - 1);
            return next;
        }
        next[at] = LAST;
    }
    match integer.first() {
        Some(b'a') => b"Zz".to_vec(),
        Some(head) if *head != b'A' => resized(head - 1, LAST),
        _ => integer.to_vec(),
    }
}

/// The integer of this head with all its digits `fill`.
fn resized(head: u8, fill: u8) -> Vec<u8> {
    let digits = digits_of(head).unwrap_or(LONGEST);
    let mut integer = vec![fill; digits + 1];
    integer[0] = head;
    integer
}

/// A fraction between two, of which the upper may be missing. Each step takes a digit off, so it ends.
fn middle(low: &[u8], high: Option<&[u8]>) -> Vec<u8> {
    let mut result = Vec::new();
    let (mut low, mut high) = (low, high);
    loop {
        let lower = low.first().map_or(0, |first| value(*first));
        let upper = match high {
            Some(fraction) => fraction.first().map_or(0, |first| value(*first)),
            None => DIGITS.len(),
        };
        if upper > lower + 1 {
            result.push(digit((lower + upper).div_ceil(2)));
            return result;
        }
        let rest = high.and_then(|fraction| fraction.get(1..)).unwrap_or_default();
        if upper == lower + 1 {
            // Neighbouring digits: the upper one alone is below the upper fraction if more follows there.
            if high.is_some() && !rest.is_empty() {
                result.push(digit(upper));
                return result;
            }
            high = None;
        } else if high.is_some_and(<[u8]>::is_empty) {
            // Only reached with keys that do not ascend; any end will do.
            high = None;
            continue;
        } else {
            high = Some(rest);
        }
        result.push(digit(lower));
        low = low.get(1..).unwrap_or_default();
    }
}
