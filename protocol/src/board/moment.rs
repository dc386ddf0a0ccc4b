//! Days and instants as text.
//!
//! Invariant: a [`Moment`] is a real day of the calendar, alone (`2026-03-01`) or with a time of day in UTC
//! (`2026-03-01T09:30:00Z`, at most milliseconds). Reading them needs neither a clock nor a time zone.

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// A day, or an instant of UTC. Cloning shares the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Moment(Arc<str>);

/// A text that is neither a day nor an instant of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a moment is YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS[.sss]Z")]
pub struct InvalidMoment;

impl Moment {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`InvalidMoment`] if it has another form or names a day that is not in the calendar.
    pub fn parse(text: &str) -> Result<Self, InvalidMoment> {
        if is_moment(text.as_bytes()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidMoment)
        }
    }

    /// The moment as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Whether `bytes` are a day or an instant.
fn is_moment(bytes: &[u8]) -> bool {
    let Some((day, rest)) = bytes.split_at_checked(10) else {
        return false;
    };
    if !has_form(day, b"0000-00-00") || !is_day(day) {
        return false;
    }
    let form: &[u8] = match rest.len() {
        0 => return true,
        10 => b"T00:00:00Z",
        14 => b"T00:00:00.000Z",
        _ => return false,
    };
    has_form(rest, form)
        && number(rest, 1, 2) < Some(24)
        && number(rest, 4, 2) < Some(60)
        && number(rest, 7, 2) < Some(60)
}

/// Whether `text` has digits where `form` has them and the same characters elsewhere.
fn has_form(text: &[u8], form: &[u8]) -> bool {
    let same = |(byte, model): (&u8, &u8)| {
        if *model == b'0' {
            byte.is_ascii_digit()
        } else {
            byte == model
        }
    };
    text.len() == form.len() && text.iter().zip(form).all(same)
}

/// The number that the `count` digits at `from` are.
fn number(text: &[u8], from: usize, count: usize) -> Option<u32> {
    let digits = text.get(from..from + count)?;
    Some(
        digits
            .iter()
            .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')),
    )
}

/// Whether `day`, of the right form, is in the Gregorian calendar.
fn is_day(day: &[u8]) -> bool {
    let (Some(year), Some(month), Some(date)) = (number(day, 0, 4), number(day, 5, 2), number(day, 8, 2))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_moments_are_read() {
        for good in [
            "2026-03-01",
            "2024-02-29",
            "2000-02-29",
            "2026-12-31T23:59:59Z",
            "2026-12-31T00:00:00.125Z",
        ] {
            assert!(Moment::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "2026-3-1",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-04-31",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00+01:00",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00.1Z",
            "２026-01-01",
        ] {
            assert_eq!(Moment::parse(bad), Err(InvalidMoment), "{bad}");
        }
    }
}
