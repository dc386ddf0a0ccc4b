//! Order keys: texts between any two of which there is another one.
//!
//! A key is an integer and a fraction in base 62. The first character tells the length of the integer (`a` is one
//! digit, `z` 26, `Z` one digit below zero, `A` 26), so that keys at the ends stay short however many are appended.
//! The same keys are known from other programs as "fractional indexing"; ours read and write theirs.
//!
//! Invariant: keys are ASCII and compared byte by byte, so that Rust, JavaScript and a database with `COLLATE "C"`
//! agree on the order. Two equal keys have no key between them; that is a typed error, never a guess.
//!
//! Who inserts adds random digits ([`between_with`]): two who insert at one place at once would otherwise
//! choose the same key.

mod arithmetic;
mod settle;

use std::fmt;
use std::sync::Arc;

pub use self::settle::settle;

/// The longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 64;
/// A key longer than this is replaced, with as many of its neighbours as it takes to find short ones.
pub const LONG_KEY_BYTES: usize = 48;
/// What replaces a long key is at most this long, so that it is not long again soon.
pub const SETTLED_KEY_BYTES: usize = 40;

/// The digits, in the order of their bytes.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Random digits behind a key.
const JITTER_DIGITS: usize = 4;

/// A source of random numbers: given a bound, it answers with one below it.
pub type Dice<'d> = dyn FnMut(u32) -> u32 + 'd;

/// A place in an order: 2 to [`MAX_KEY_BYTES`] of `0-9 A-Z a-z`. Cloning shares the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey(Arc<str>);

/// Why there is no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is no key: too long, another character, an integer cut short, or a zero at the end.
    #[error("not an order key")]
    Invalid,
    /// The lower key is not below the upper one.
    #[error("there is no key between equal or reversed keys")]
    NotAscending,
    /// The keys are so close that one between them would be longer than [`MAX_KEY_BYTES`].
    #[error("a key between these would be longer than {MAX_KEY_BYTES} bytes")]
    NoRoom,
}

impl OrderKey {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`KeyError::Invalid`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if arithmetic::is_key(text.as_bytes()) {
            Ok(Self(text.into()))
        } else {
            Err(KeyError::Invalid)
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The key that `bytes` are, if they are not too many.
    fn of(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() > MAX_KEY_BYTES {
            return Err(KeyError::NoRoom);
        }
        Self::parse(std::str::from_utf8(bytes).map_err(|_| KeyError::Invalid)?)
    }
}

impl fmt::Display for OrderKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for OrderKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// The shortest key above `low` and below `high`; without one of them, a key beyond the other.
///
/// # Errors
/// [`KeyError::NotAscending`], [`KeyError::NoRoom`]. The caller then replaces the keys around ([`settle`]).
pub fn between(low: Option<&OrderKey>, high: Option<&OrderKey>) -> Result<OrderKey, KeyError> {
    if let (Some(low), Some(high)) = (low, high)
        && low >= high
    {
        return Err(KeyError::NotAscending);
    }
    let bytes = |key: &'_ OrderKey| key.0.as_bytes().to_vec();
    OrderKey::of(&arithmetic::between(
        low.map(bytes).as_deref(),
        high.map(bytes).as_deref(),
    ))
}

/// A key above `low` and below `high` with random digits at its end, for what somebody inserts.
///
/// # Errors
/// As [`between`].
pub fn between_with(
    low: Option<&OrderKey>,
    high: Option<&OrderKey>,
    dice: &mut Dice<'_>,
) -> Result<OrderKey, KeyError> {
    let plain = between(low, high)?;
    let mut jitter = [0; JITTER_DIGITS];
    for (at, digit) in jitter.iter_mut().enumerate() {
        // A key ends with no zero.
        *digit = drawn(u32::from(at + 1 == JITTER_DIGITS), dice);
    }
    // `high` may begin with the plain key; then zeros in front of the random digits keep them below it.
    let mut stem = plain.0.as_bytes().to_vec();
    while stem.len() + JITTER_DIGITS <= MAX_KEY_BYTES {
        let key = OrderKey::of(&[stem.as_slice(), &jitter].concat())?;
        if high.is_none_or(|high| key < *high) {
            return Ok(key);
        }
        stem.push(b'0');
    }
    Err(KeyError::NoRoom)
}

/// A random digit of 62, for those who make a name of such.
pub(super) fn random_digit(dice: &mut Dice<'_>) -> u8 {
    drawn(0, dice)
}

/// A random digit that is not below `lowest`.
fn drawn(lowest: u32, dice: &mut Dice<'_>) -> u8 {
    let drawn = lowest + dice(62 - lowest) % (62 - lowest);
    DIGITS.get(drawn as usize).copied().unwrap_or(b'V')
}

/// `count` ascending keys above `low` and below `high`, without random digits.
///
/// # Errors
/// As [`between`].
pub fn spread(
    low: Option<&OrderKey>,
    high: Option<&OrderKey>,
    count: usize,
) -> Result<Vec<OrderKey>, KeyError> {
    let mut keys = Vec::with_capacity(count);
    match (low, high) {
        (low, None) => {
            let mut last = low.cloned();
            for _ in 0..count {
                let next = between(last.as_ref(), None)?;
                keys.push(next.clone());
                last = Some(next);
            }
        }
        (None, Some(high)) => {
            let mut first = high.clone();
            for _ in 0..count {
                first = between(None, Some(&first))?;
                keys.push(first.clone());
            }
            keys.reverse();
        }
        (Some(low), Some(high)) => halve(low, high, count, &mut keys)?,
    }
    Ok(keys)
}

/// Appends `count` keys between `low` and `high`, the middle one first. As deep as the logarithm of `count`.
fn halve(low: &OrderKey, high: &OrderKey, count: usize, keys: &mut Vec<OrderKey>) -> Result<(), KeyError> {
    if count == 0 {
        return Ok(());
    }
    let middle = between(Some(low), Some(high))?;
    halve(low, &middle, count / 2, keys)?;
    keys.push(middle.clone());
    halve(&middle, high, count - count / 2 - 1, keys)
}

/// Keys for a group that somebody moves as one: a random one, and the others so close above it that another group,
/// moved to the same place at the same time, does not come between them.
///
/// # Errors
/// As [`between`].
pub fn group(
    low: Option<&OrderKey>,
    high: Option<&OrderKey>,
    count: usize,
    dice: &mut Dice<'_>,
) -> Result<Vec<OrderKey>, KeyError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let base = between_with(low, high, dice)?;
    let mut keys = vec![base.clone()];
    if count > 1 {
        let near = OrderKey::of(&[base.0.as_bytes(), b"V"].concat())?;
        let end = high.filter(|high| **high < near).unwrap_or(&near);
        keys.extend(spread(Some(&base), Some(end), count - 1)?);
    }
    Ok(keys)
}
