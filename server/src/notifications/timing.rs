//! When somebody is not disturbed, and when mails come that are gathered: by their clock.
//!
//! Invariant: what cannot be read counts as not said, so that a strange document never silences anything. A moment that
//! a clock skips is the one behind the gap; of one that it shows twice the first counts.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, ZonedDateTime};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::reminders::{is_zone, zone_of};

/// The hour at which gathered mails come.
const MORNING: i8 = 9;
const HOUR_MS: i64 = 3_600_000;

/// Whether mails come one by one or gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NotificationDigest)]
pub(crate) enum Digest {
    /// One by one.
    #[default]
    None,
    /// Every hour.
    Hourly,
    /// Every day, at nine in the morning.
    Daily,
    /// Every week, on Monday at nine in the morning.
    Weekly,
}

/// Hours in which nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationQuietHours)]
pub(crate) struct QuietHours {
    /// When they begin, such as `22:00`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length = 5)]
    from: String,
    /// When they end, such as `07:00`: on the same day or the next.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length = 5)]
    to: String,
    /// Where: a name of the IANA database such as `Europe/Berlin`.
    #[schema(max_length = 64)]
    time_zone: String,
}

fn time_of(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

impl QuietHours {
    /// Whether they can be kept: two different times, in a zone that there is.
    pub(crate) fn is_sound(&self) -> bool {
        let (from, to) = (time_of(&self.from), time_of(&self.to));
        from.is_some() && to.is_some() && from != to && is_zone(&self.time_zone)
    }

    /// When they end, if `now_ms` lies in them.
    fn end_ms(&self, now_ms: i64) -> Option<i64> {
        let (from, to) = (time_of(&self.from)?, time_of(&self.to)?);
        let now = zoned(now_ms, TimeZone::get(&self.time_zone).ok()?)?;
        let time = now.time();
        let is_quiet = if from <= to {
            from <= time && time < to
        } else {
            from <= time || time < to
        };
        if !is_quiet {
            return None;
        }
        let today = now.date();
        let day = if time < to { today } else { today.tomorrow().ok()? };
        // They may have ended in the hour that the clock shows for the second time.
        moment(day, to, now.time_zone()).filter(|end| *end > now_ms)
    }
}

fn zoned(now_ms: i64, zone: TimeZone) -> Option<ZonedDateTime> {
    Some(Timestamp::from_millisecond(now_ms).ok()?.to_zoned_datetime(zone))
}

fn moment(day: Date, time: Time, zone: &TimeZone) -> Option<i64> {
    let there = day.to_datetime(time).to_zoned_datetime(zone.clone()).ok()?;
    Some(there.timestamp().as_millisecond())
}

/// What somebody has said about when they are told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timing {
    /// The hours in which nothing is sent.
    pub(crate) quiet: Option<QuietHours>,
    /// How mails come.
    pub(crate) digest: Digest,
}

impl Timing {
    /// From what an account wants to be told everywhere, as JSON.
    pub(crate) fn of(notification_preferences: &str) -> Self {
        let said: Map<String, Value> = serde_json::from_str(notification_preferences).unwrap_or_default();
        let quiet = said.get("quiet_hours").cloned();
        let quiet: Option<QuietHours> = quiet.and_then(|quiet| serde_json::from_value(quiet).ok());
        let digest = said.get("digest").cloned();
        Self {
            quiet: quiet.filter(QuietHours::is_sound),
            digest: digest
                .and_then(|digest| serde_json::from_value(digest).ok())
                .unwrap_or_default(),
        }
    }

    /// When their quiet hours end, if `now_ms` lies in them.
    pub(crate) fn quiet_until_ms(&self, now_ms: i64) -> Option<i64> {
        self.quiet.as_ref()?.end_ms(now_ms)
    }

    /// When a mail is due about what happened at `now_ms`; one by one they wait for `delay_ms`. `preferences` are those
    /// of the account, which say where it is.
    pub(crate) fn mail_due_ms(&self, now_ms: i64, delay_ms: i64, preferences: &str) -> i64 {
        let morning = |days: Option<i64>| {
            let now = zoned(now_ms, zone_of(preferences))?;
            let today = now.date();
            let ahead = match days {
                Some(days) => days,
                // Until Monday; on a Monday before nine it is today.
                None => i64::from(8 - today.weekday().to_monday_one_offset()) % 7,
            };
            let step = if days.is_some() { 1 } else { 7 };
            let nine = Time::constant(MORNING, 0, 0, 0);
            let day = today.checked_add(ahead.days()).ok()?;
            let first = moment(day, nine, now.time_zone())?;
            if first > now_ms {
                return Some(first);
            }
            moment(day.checked_add(step.days()).ok()?, nine, now.time_zone())
        };
        let later = match self.digest {
            Digest::None => None,
            Digest::Hourly => Some((now_ms.div_euclid(HOUR_MS) + 1) * HOUR_MS),
            Digest::Daily => morning(Some(0)),
            Digest::Weekly => morning(None),
        };
        later.unwrap_or(now_ms.saturating_add(delay_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn quiet(from: &str, to: &str, zone: &str) -> Timing {
        Timing::of(&format!(
            r#"{{"quiet_hours":{{"from":"{from}","to":"{to}","time_zone":"{zone}"}},"types":{{}}}}"#
        ))
    }

    #[test]
    fn quiet_hours_end_by_the_clock_of_whoever_sleeps() {
        for (from, to, zone, now, expected) in [
            (
                "22:00",
                "07:00",
                "Europe/Berlin",
                "2026-07-01T20:30:00Z",
                Some("2026-07-02T05:00:00Z"),
            ),
            ("22:00", "07:00", "Europe/Berlin", "2026-07-01T19:59:59Z", None),
            ("22:00", "07:00", "Europe/Berlin", "2026-07-02T05:00:00Z", None),
            (
                "12:00",
                "13:00",
                "UTC",
                "2026-07-02T12:59:59Z",
                Some("2026-07-02T13:00:00Z"),
            ),
            (
                "00:00",
                "06:00",
                "Asia/Kolkata",
                "2026-07-01T18:30:00Z",
                Some("2026-07-02T00:30:00Z"),
            ),
            // The night in which the clock goes forward is an hour shorter, and the one in which it goes back longer.
            (
                "22:00",
                "07:00",
                "Europe/Berlin",
                "2026-03-28T22:00:00Z",
                Some("2026-03-29T05:00:00Z"),
            ),
            (
                "22:00",
                "07:00",
                "Europe/Berlin",
                "2026-10-24T21:00:00Z",
                Some("2026-10-25T06:00:00Z"),
            ),
            // Half past two is not there, and there twice.
            (
                "22:00",
                "02:30",
                "Europe/Berlin",
                "2026-03-29T00:30:00Z",
                Some("2026-03-29T01:30:00Z"),
            ),
            (
                "22:00",
                "02:30",
                "Europe/Berlin",
                "2026-10-25T00:15:00Z",
                Some("2026-10-25T00:30:00Z"),
            ),
            ("22:00", "02:30", "Europe/Berlin", "2026-10-25T01:15:00Z", None),
        ] {
            let ends = quiet(from, to, zone).quiet_until_ms(at(now));
            assert_eq!(ends, expected.map(at), "{from} to {to} in {zone} at {now}");
        }
    }

    #[test]
    fn what_makes_no_sense_silences_nothing() {
        let night = at("2026-07-01T23:00:00Z");
        for strange in [
            "",
            "[]",
            r#"{"quiet_hours":7,"digest":"never"}"#,
            r#"{"quiet_hours":{"from":"22:00","to":"7:00","time_zone":"UTC"}}"#,
            r#"{"quiet_hours":{"from":"22:00","to":"22:00","time_zone":"UTC"}}"#,
            r#"{"quiet_hours":{"from":"22:00","to":"24:00","time_zone":"UTC"}}"#,
            r#"{"quiet_hours":{"from":"22:00","to":"07:00","time_zone":"Mars"}}"#,
        ] {
            let timing = Timing::of(strange);
            assert_eq!(timing.quiet_until_ms(night), None, "{strange}");
            assert_eq!(timing.mail_due_ms(night, 5, "{}"), night + 5);
        }
    }

    #[test]
    fn gathered_mails_come_in_the_morning_of_whoever_reads_them() {
        let berlin = r#"{"time_zone":"Europe/Berlin"}"#;
        for (digest, now, expected) in [
            ("none", "2026-07-01T10:20:00Z", "2026-07-01T10:25:00Z"),
            ("hourly", "2026-07-01T10:20:00Z", "2026-07-01T11:00:00Z"),
            ("hourly", "2026-07-01T11:00:00Z", "2026-07-01T12:00:00Z"),
            ("daily", "2026-07-01T06:59:00Z", "2026-07-01T07:00:00Z"),
            ("daily", "2026-07-01T07:00:00Z", "2026-07-02T07:00:00Z"),
            ("daily", "2026-10-24T12:00:00Z", "2026-10-25T08:00:00Z"),
            // The first of July 2026 is a Wednesday.
            ("weekly", "2026-07-01T10:20:00Z", "2026-07-06T07:00:00Z"),
            ("weekly", "2026-07-06T06:00:00Z", "2026-07-06T07:00:00Z"),
            ("weekly", "2026-07-06T07:00:00Z", "2026-07-13T07:00:00Z"),
            ("weekly", "2026-07-05T21:00:00Z", "2026-07-06T07:00:00Z"),
        ] {
            let timing = Timing::of(&format!(r#"{{"digest":"{digest}"}}"#));
            let due = timing.mail_due_ms(at(now), 300_000, berlin);
            assert_eq!(due, at(expected), "{digest} at {now}");
        }
    }
}
