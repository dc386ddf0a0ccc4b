//! When a failed attempt is made again.
//!
//! Invariant: never earlier than the endpoint asked for, as long as that is within a day.

use jiff::fmt::rfc2822;

/// The shortest delay after an endpoint answered too slowly or said that it has too much to do, in milliseconds.
const BREATHER_MS: i64 = 60_000;
/// The longest delay that an endpoint may ask for, in milliseconds: a day.
const LONGEST_MS: i64 = 24 * 60 * 60 * 1_000;

/// The delays between attempts.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    delays_ms: Vec<i64>,
}

/// What a failure says about the next attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hint {
    /// Whether the endpoint was slow, or has too much to do.
    pub(super) is_overloaded: bool,
    /// How long it asked to be left alone, in milliseconds.
    pub(super) retry_after_ms: Option<i64>,
}

impl Schedule {
    /// With these delays in seconds; after the last of them a message is given up.
    pub(crate) fn new(delays_s: &[u64]) -> Self {
        let in_ms = |delay: &u64| i64::try_from(*delay).unwrap_or(i64::MAX / 2_000) * 1_000;
        Self {
            delays_ms: delays_s.iter().map(in_ms).collect(),
        }
    }

    /// How long to wait after `failures` in a row, in milliseconds; `None` to give up. `roll` in `0.0..1.0` spreads it
    /// by a fifth to both sides, so that what failed together does not come back together.
    pub(super) fn delay_ms(&self, failures: usize, hint: Hint, roll: f64) -> Option<i64> {
        let planned = *self.delays_ms.get(failures.checked_sub(1)?)?;
        let spread = (planned as f64 * (0.8 + 0.4 * roll.clamp(0.0, 1.0))).round() as i64;
        let least = if hint.is_overloaded { BREATHER_MS } else { 0 };
        let asked = hint.retry_after_ms.unwrap_or(0).clamp(0, LONGEST_MS);
        Some(spread.max(least).max(asked))
    }
}

/// Reads `Retry-After`: seconds, or a date. In milliseconds from `now_ms`.
pub(crate) fn retry_after_ms(value: &str, now_ms: i64) -> Option<i64> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(i64::from(seconds) * 1_000);
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some((date.as_millisecond() - now_ms).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAYS: [u64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

    #[test]
    fn delays_are_those_of_the_schedule_and_a_fifth_around() {
        let schedule = Schedule::new(&DELAYS);
        for (index, seconds) in DELAYS.iter().enumerate() {
            let delay = |roll| schedule.delay_ms(index + 1, Hint::default(), roll).unwrap();
            let planned = i64::try_from(*seconds).unwrap() * 1_000;
            assert_eq!(delay(0.0), planned * 8 / 10);
            assert_eq!(delay(0.5), planned);
            assert_eq!(delay(1.0), planned * 12 / 10);
        }
        assert_eq!(schedule.delay_ms(8, Hint::default(), 0.5), None);
        assert_eq!(Schedule::new(&[]).delay_ms(1, Hint::default(), 0.5), None);
    }

    #[test]
    fn an_endpoint_gets_the_time_that_it_asks_for() {
        let schedule = Schedule::new(&DELAYS);
        let after = |retry_after_ms| Hint {
            is_overloaded: true,
            retry_after_ms,
        };
        assert_eq!(schedule.delay_ms(1, after(None), 0.5), Some(BREATHER_MS));
        assert_eq!(schedule.delay_ms(1, after(Some(120_000)), 0.5), Some(120_000));
        assert_eq!(schedule.delay_ms(2, after(Some(1_000)), 0.5), Some(300_000));
        assert_eq!(schedule.delay_ms(1, after(Some(i64::MAX)), 0.5), Some(LONGEST_MS));
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let now_ms = 784_111_777_000;
        assert_eq!(retry_after_ms("120", now_ms), Some(120_000));
        assert_eq!(retry_after_ms(" 0 ", now_ms), Some(0));
        assert_eq!(
            retry_after_ms("Sun, 06 Nov 1994 08:50:37 GMT", now_ms),
            Some(60_000)
        );
        assert_eq!(retry_after_ms("Sun, 06 Nov 1994 08:00:00 GMT", now_ms), Some(0));
        for bad in ["", "-1", "soon", "1.5", "99999999999"] {
            assert_eq!(retry_after_ms(bad, now_ms), None, "{bad}");
        }
    }
}
